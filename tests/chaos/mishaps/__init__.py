"""Mishaps that take longer than 15 s to be told or to end. `make chaos` runs them."""
