"""`newsloom lanes`: work on whole lanes."""
