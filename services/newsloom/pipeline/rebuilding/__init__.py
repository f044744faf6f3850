"""Rebuilding: what a lane that was curated anew takes over from its former state."""
