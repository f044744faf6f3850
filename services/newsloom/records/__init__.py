"""What crosses the edge: the typed shape of every record that enters or leaves."""
