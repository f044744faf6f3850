"""The command line: dispatches the commands and turns errors into exit codes.

In: the arguments of the process. Out: exit code 0 for success, 1 when an input, a folder, a broker
or another resource fails, 2 for unusable arguments, settings, keys, weights or catalogue files.
Each such error is reported as one line on standard error, never as a traceback.
"""

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
"""Maps each command to its module below `newsloom.commands`, in the order that --help lists them.
The module has an attribute with the name of the command."""


class _LazyGroup(click.Group):
    """Imports a command's module only when it is needed: `run` does not load Kafka clients."""

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


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="newsloom")
def newsloom() -> None:
    """Read article events, group them into stories, and publish curated records.

    `run` works in one process and writes to a folder. `topics`, `worker`, `produce` and `tail`
    work with Kafka. Each command describes itself: `newsloom COMMAND --help`.

    \b
    Example:
      newsloom run examples/fortnight.jsonl --output out --images trust

    \b
    Exit codes of all commands (their --help lists further ones):
      0  success
      1  an input, a folder, a broker or another resource failed
      2  unusable arguments, settings, keys, weights or catalogue files
    """


def main() -> None:
    """Runs the command line of this process, then exits."""
    code = _run()
    # Skip the interpreter's shutdown: freeing the objects of a lane takes a twentieth of a run.
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
        return 0  # The reader of the pipe closed it, as `head` does.
    except OSError as error:
        click.echo(f"newsloom: {error.strerror or error}; committed work is kept", err=True)
        return 1
    return 0
