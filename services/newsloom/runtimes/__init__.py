"""Runtimes: what runs the pipeline, and where its inputs and outputs are."""
