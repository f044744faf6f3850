"""Worker processes: their group, batches, commits and ends, for the work of either stage."""
