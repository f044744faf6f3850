"""Rebuilding: the enriched articles of a lane are curated anew, as its owner."""
