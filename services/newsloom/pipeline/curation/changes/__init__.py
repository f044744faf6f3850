"""What one step changes in a lane: articles, stories and departed articles, and the records."""
