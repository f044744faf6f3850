"""Checks the settings and commands in deployment files against the program.

In: environment variables and command arguments from a deployment file. Out: nothing, or an error
that names what the program does not accept. It never runs a command.
"""

from collections.abc import Mapping, Sequence

import click

from newsloom.cli import newsloom
from newsloom.settings import Settings

PREFIX = "NEWSLOOM_"


def check_settings(variables: Mapping[str, str]) -> None:
    """Checks that each `NEWSLOOM_*` variable is a setting and that its value is valid.

    AssertionError for an unknown setting, ValueError for an invalid value.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in variables.items()
        if name.startswith(PREFIX)
    }
    unknown = set(given) - set(Settings.model_fields)
    assert not unknown, f"these are not settings of Newsloom: {unknown}"
    Settings(**given)  # type: ignore[arg-type]


def check_command(words: Sequence[str]) -> None:
    """Parses a command line without running it; click.UsageError if the program rejects it."""
    command: click.Command | None = newsloom
    rest = list(words)
    while isinstance(command, click.Group):
        _, command, rest = command.resolve_command(click.Context(newsloom), rest)
    assert command is not None
    command.make_context(command.name, rest)
