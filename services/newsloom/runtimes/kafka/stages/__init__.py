"""The work of the two stages: what enrich and curate make of the records of a partition."""
