"""What several commands print: progress, summary, tables."""
