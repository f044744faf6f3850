"""Words: cleaned text, its language, and its term vector."""
