"""Adapters: files, databases and formats at the edge, in the terms of the pipeline."""
