"""Texts of events, URLs and file names, made safe to print.

In: any text. Out: text that cannot control a terminal or change the order of a line. Every command
prints such texts through this module. Fixed sentences and numbers do not need it.
"""

import json

import click

_JOINERS = "\u200c\u200d"
"""They shape letters and emoji, and do nothing else."""


def printable(text: str) -> str:
    """`text` with `·` for each control character, line break, direction mark and the like."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else "·" for c in text)


def printable_json(line: bytes) -> str:
    """The same JSON, with escapes for these characters, except for line breaks between values."""
    text = line.decode()
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _JOINERS or c == "\n" else json.dumps(c)[1:-1] for c in text
    )


def print_error(message: str) -> None:
    """Prints a message of `newsloom` on standard error, in one line."""
    click.echo(f"newsloom: {printable(message)}", err=True)
