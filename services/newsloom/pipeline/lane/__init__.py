"""A lane: its state rows, the state computed from them, and restoring that state."""
