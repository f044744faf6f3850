"""The consoles: for results on standard output, and for progress on standard error."""

import sys
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from newsloom.commands.display.printable import printable

PLAIN_WIDTH = 120
"""Columns, when standard output is a file or a pipe."""


class _ResultConsole(Console):
    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError  # The inherited method ends the process with code 1.


class ProgressConsole(Console):
    """A console on standard error. If nobody reads it any more, it is silent and work goes on."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Called if the reader of standard error has left."""
        self.quiet = True


def result_console() -> Console:
    """A console on standard output, as wide as the terminal. It raises BrokenPipeError.

    It highlights nothing: titles can hold any text.
    """
    return _ResultConsole(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def plain(text: str, style: str = "") -> Text:
    """A text for the console: without markup, and printable."""
    return Text(printable(text), style=style)
