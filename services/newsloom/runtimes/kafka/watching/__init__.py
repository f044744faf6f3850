"""Watching brokers and the worker, to say what the worker waits for."""
