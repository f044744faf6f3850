"""The live articles and stories of a lane: rows by id, and columns for fast searches."""
