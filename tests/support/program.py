"""What the files of deployments say to the program: settings by their variables, and commands.

In: variables and arguments, as such a file has them. Out: nothing, or an AssertionError that names
what the program does not know.
"""

from collections.abc import Mapping, Sequence

import click

from newsloom.cli import newsloom
from newsloom.settings import Settings

PREFIX = "NEWSLOOM_"


def check_settings(variables: Mapping[str, str]) -> None:
    """Raises AssertionError or ValueError unless each variable of ours is a setting that takes its
    value."""
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in variables.items()
        if name.startswith(PREFIX)
    }
    unknown = set(given) - set(Settings.model_fields)
    assert not unknown, f"no settings: {unknown}"
    Settings(**given)  # type: ignore[arg-type]


def check_command(words: Sequence[str]) -> None:
    """Raises click.UsageError unless the program knows the command and takes its arguments, which
    are read but not carried out."""
    command: click.Command | None = newsloom
    rest = list(words)
    while isinstance(command, click.Group):
        _, command, rest = command.resolve_command(click.Context(newsloom), rest)
    assert command is not None
    command.make_context(command.name, rest)
