"""Curation: computes a changeset, which is everything that one arrival changes in a lane."""
