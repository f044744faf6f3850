"""Adapters: connect the pipeline to files, databases, file formats and the web."""
