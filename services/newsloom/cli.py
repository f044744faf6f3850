"""The command line. Every failure of something outside ends in one line and exit code 1."""

import os
import sys
from importlib import import_module
from tomllib import TOMLDecodeError

import click
from pydantic import ValidationError

from newsloom import __version__
from newsloom.adapters.catalogue.reader import CatalogueError
from newsloom.adapters.failures import KeysError, OutageError, WeightsError
from newsloom.commands.display.compile_notice import compile_notice
from newsloom.observability.failures import EndpointError
from newsloom.settings import FILE as SETTINGS_FILE
from newsloom.settings import SettingsError

COMMANDS = {
    "run": "run",
    "explain": "explain.command",
    "compare": "compare",
    "schemas": "schemas",
    "topics": "kafka.topics",
    "worker": "kafka.worker",
    "produce": "kafka.produce",
    "tail": "kafka.tail",
    "keys": "keys",
    "unseal": "unseal",
}
"""Commands in the order of the help, each with the module below `newsloom.commands` that holds it
under its own name."""


class _Commands(click.Group):
    """Imports the module of a command when it is called: `run` does not load Kafka clients."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"newsloom.commands.{COMMANDS[cmd_name]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        with compile_notice(args):
            return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="newsloom")
def newsloom() -> None:
    """Newsloom: article events in, curated records out.

    Start with `newsloom run examples/fortnight.jsonl --output out --images trust`.

    Exit codes: 0 done, 1 something outside failed, 2 unusable arguments or settings.
    """


def main() -> None:
    """Runs the command line of this process and exits."""
    code = _run()
    # To take a lane apart, object by object, would be a twentieth of a run: the system is faster.
    os._exit(code)


def _run() -> int:
    try:
        try:
            newsloom()
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except OutageError as error:
        click.echo(f"newsloom: {error}", err=True)
        return 1
    except (KeysError, SettingsError, WeightsError, EndpointError) as error:
        click.echo(f"newsloom: {error}", err=True)
        return 2
    except TOMLDecodeError as error:
        click.echo(f"newsloom: {SETTINGS_FILE} is not TOML: {error}", err=True)
        return 2
    except ValidationError as error:
        for fault in error.errors():
            setting = ".".join(map(str, fault["loc"]))
            message = fault["msg"].removeprefix("Value error, ")
            click.echo(f"newsloom: setting {setting}: {message}", err=True)
        return 2
    except CatalogueError as error:
        click.echo(f"newsloom: catalogue: {error}", err=True)
        return 2
    except BrokenPipeError:
        return 0  # whoever read it has seen enough
    except OSError as error:
        click.echo(f"newsloom: {error.strerror or error}; what was committed stands", err=True)
        return 1
    return 0
