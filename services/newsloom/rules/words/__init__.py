"""Words: clean text, its language and its term vector."""
