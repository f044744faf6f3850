"""The command line. Every failure of something outside ends in one line and exit code 1."""

import os
import sys
from tomllib import TOMLDecodeError

import click
from pydantic import ValidationError

from newsloom import __version__
from newsloom.adapters.failures import OutageError
from newsloom.commands.explain import explain
from newsloom.commands.produce import produce
from newsloom.commands.run import run
from newsloom.commands.schemas import schemas
from newsloom.commands.tail import tail
from newsloom.commands.topics import topics
from newsloom.commands.worker import worker
from newsloom.settings import FILE as SETTINGS_FILE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="newsloom")
def newsloom() -> None:
    """Newsloom: article events in, curated records out.

    Start with `newsloom run examples/fortnight.jsonl --output out --images trust`.

    Exit codes: 0 done, 1 something outside failed, 2 unusable arguments or settings.
    """


newsloom.add_command(run)
newsloom.add_command(explain)
newsloom.add_command(schemas)
newsloom.add_command(topics)
newsloom.add_command(worker)
newsloom.add_command(produce)
newsloom.add_command(tail)


def main() -> None:
    """Runs the command line of this process and exits."""
    try:
        newsloom()
    except OutageError as error:
        click.echo(f"newsloom: {error}", err=True)
        sys.exit(1)
    except TOMLDecodeError as error:
        click.echo(f"newsloom: {SETTINGS_FILE} is not TOML: {error}", err=True)
        sys.exit(2)
    except ValidationError as error:
        for fault in error.errors():
            setting = ".".join(map(str, fault["loc"]))
            click.echo(f"newsloom: setting {setting}: {fault['msg']}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        _give_up_output()  # whoever read it has seen enough
        sys.exit(0)
    except OSError as error:
        click.echo(f"newsloom: {error.strerror or error}; what was committed stands", err=True)
        _give_up_output()
        sys.exit(1)


def _give_up_output() -> None:
    """Keeps Python from writing what is left to an output that takes no more (as its docs say)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
