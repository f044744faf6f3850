"""The console for results: as wide as the terminal, or a fixed width when there is none."""

import sys

from rich.console import Console
from rich.text import Text

from newsloom.commands.display.printable import printable

PLAIN_WIDTH = 120
"""Columns, when standard output is a file or a pipe."""


def result_console() -> Console:
    """A console on standard output. It highlights nothing: titles can hold any text."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def plain(text: str, style: str = "") -> Text:
    """A text for the console: without markup, and printable."""
    return Text(printable(text), style=style)
