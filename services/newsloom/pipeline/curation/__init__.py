"""Curation: what one arrival changes in a lane, from the first look at it to a changeset."""
