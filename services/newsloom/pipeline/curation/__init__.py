"""Curation of one lane: rows, the state made of them, and what an event changes in it."""
