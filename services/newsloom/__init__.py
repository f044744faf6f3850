"""Newsloom: article events in, curated records out."""

import os

# Newsloom does not use numpy's linear algebra, whose idle threads would compete for the processor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
