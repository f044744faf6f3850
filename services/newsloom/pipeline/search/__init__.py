"""Search: an inverted index over term vectors, and compiled loops that read it."""
