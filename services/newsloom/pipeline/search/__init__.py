"""Search: an inverted index over term vectors, and the compiled loops that read it."""
