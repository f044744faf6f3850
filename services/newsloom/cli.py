"""The command line: dispatches the commands and turns errors into exit codes.

In: the arguments of the process. Out: exit code 0 for success, 1 when an input, a folder, a broker
or another resource fails, 2 for unusable arguments, inputs, settings, keys, weights or catalogue
files. Each such error is reported as one line on standard error, never as a traceback.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from tomllib import TOMLDecodeError
from typing import Any

import click
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from newsloom import __version__
from newsloom.adapters.catalogue.reader import CatalogueError
from newsloom.adapters.failures import KeysError, OutageError, UnusableInputError, WeightsError
from newsloom.commands.display.compile_notice import compile_notice
from newsloom.commands.display.printable import print_error
from newsloom.commands.options import refuse_empty
from newsloom.observability.failures import EndpointError
from newsloom.settings import SETTINGS_FILE, SettingsError, suggestion

COMMANDS = {
    "run": "run",
    "crawl": "crawl",
    "explain": "explain.command",
    "compare": "compare",
    "schemas": "schemas",
    "topics": "kafka.topics",
    "worker": "kafka.worker",
    "resume": "resume",
    "lanes": "lanes.command",
    "produce": "kafka.produce",
    "tail": "kafka.tail",
    "keys": "keys",
    "unseal": "unseal",
}
"""The module of each command below `newsloom.commands`, in the order of --help. The module has an
attribute with the name of the command."""


class _ReaderLeftError(Exception):
    """The reader of standard output closed the pipe, as `head` does."""


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    # Click would catch a BrokenPipeError and end the process with code 1.
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderLeftError from error


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
            name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            refuse_empty(command, rest)
        return name, command, rest

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _reader_may_leave():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_may_leave():
            return super().invoke(ctx)


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
      2  unusable arguments, inputs, settings, keys, weights or catalogue files
    """


def main() -> None:
    """Runs the command line of this process, then exits."""
    # The objects that imports create are never garbage. To scan them takes a tenth of a start.
    gc.set_threshold(100_000, 20, 20)
    _replace_closed_streams()
    code = _run()
    # Skip the interpreter's shutdown: freeing the objects of a lane takes a twentieth of a run.
    os._exit(code)


def _replace_closed_streams() -> None:
    """Opens closed standard streams on nothing, except that a closed input remains an error.

    Otherwise the next file that is opened, such as the database, would get the stream's number.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _run() -> int:
    code = _run_command()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return code
    except OSError as error:
        return code or _report_os_error(error)
    return code


def _run_command() -> int:
    try:
        newsloom()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except _ReaderLeftError:
        return 0
    except BrokenPipeError:
        return 2  # Click reported unusable arguments, and nobody read that.
    except OutageError as error:
        return _report(1, str(error))
    except OSError as error:
        return _report_os_error(error)
    except TOMLDecodeError as error:
        return _report(2, f"{SETTINGS_FILE} is not TOML: {error}")
    except ValidationError as error:
        return _report(2, *map(_setting_message, error.errors()))
    except CatalogueError as error:
        return _report(2, f"catalogue: {error}")
    except (KeysError, SettingsError, UnusableInputError, WeightsError, EndpointError) as error:
        return _report(2, str(error))
    return 0


def _report(code: int, *messages: str) -> int:
    with suppress(OSError):  # Nobody reads standard error, or it is full.
        for message in messages:
            print_error(message)
    return code


def _report_os_error(error: OSError) -> int:
    return _report(1, f"{error.strerror or error}; committed work is kept")


def _setting_message(error: ErrorDetails) -> str:
    setting = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"setting {setting} is unknown{suggestion(setting)}"
    return f"setting {setting}: {error['msg'].removeprefix('Value error, ')}"
