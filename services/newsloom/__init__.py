"""Newsloom: article events in, curated records out."""

__version__ = "0.1.0"
