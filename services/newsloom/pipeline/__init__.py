"""A record's way, read top to bottom: decode, normalise, enrich, curate, publish."""
