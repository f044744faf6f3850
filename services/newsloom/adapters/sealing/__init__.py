"""Sealing: encryption of private objects, and the files that hold its keys."""
