"""Where results are shown: the terminal's own width, and a readable one where there is none."""

import sys

from rich.console import Console

PLAIN_WIDTH = 120
"""Columns where there is no terminal to ask."""


def result_console() -> Console:
    """A console on standard output, which colours nothing that a title may hold."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)
