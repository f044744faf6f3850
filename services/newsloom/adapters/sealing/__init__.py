"""Sealing: encrypt private objects, and read the files that hold the keys."""
