"""Data files a person edits: outlets, topics and word weights."""
