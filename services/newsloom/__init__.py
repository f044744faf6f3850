"""Newsloom: article events in, curated records out."""

import os

# numpy's linear algebra is never used here, and its idle threads would take turns with our work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
