"""The articles that left the window or were withdrawn, and the stories that they belong to."""
