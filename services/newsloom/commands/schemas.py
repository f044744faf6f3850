"""`newsloom schemas`: writes what is generated from the code, or checks that it is current.

These are the JSON Schemas, the AsyncAPI document and the pages about topics, metrics, records and
configuration. In: their folders. Out: lines, and exit code 0, 1 for problems or 2 for a missing
folder.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import click

from newsloom.adapters import schema_files
from newsloom.adapters.failures import OutageError
from newsloom.commands.configuration_page import configuration_page
from newsloom.observability.metrics_page import metrics_page
from newsloom.records.records_page import records_page
from newsloom.runtimes.kafka.topics.asyncapi import asyncapi_text
from newsloom.runtimes.kafka.topics.page import topics_page

DOCUMENTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "schemas/asyncapi.yaml": asyncapi_text,
        "docs/topics.md": topics_page,
        "docs/metrics.md": metrics_page,
        "docs/records.md": records_page,
        "docs/configuration.md": configuration_page,
    }
)
"""The generated documents: the path below the root, and the function that returns the text."""

_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("schemas/json"),
    show_default=True,
    help="Where the schema files are.",
)
_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="The folder that has the generated documents below it, in schemas and docs.",
)


@click.group()
def schemas() -> None:
    """JSON Schemas of all records, and the documents that are generated from the code."""


@schemas.command()
@_folder
@_root
def export(folder: Path, root: Path) -> None:
    """Write the schemas and generated documents that are missing or out of date.

    Writes nothing if that would break the users of a published schema.
    """
    exported = schema_files.export(folder)
    _stop_at(exported.problems)
    written = [*exported.written, *_write_stale(_texts(root))]
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo(f"{folder}: all schemas are current")


@schemas.command()
@_folder
@_root
def check(folder: Path, root: Path) -> None:
    """List what is missing, out of date, or would change incompatibly."""
    problem = "missing or out of date: run `newsloom schemas export`"
    stale = [f"{path}: {problem}" for path, text in _texts(root).items() if _is_stale(path, text)]
    _stop_at([*schema_files.check(folder), *stale])
    click.echo(f"{folder}: all schemas are current")


def _texts(root: Path) -> dict[Path, str]:
    return {root / path: make() for path, make in DOCUMENTS.items()}


def _is_stale(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() != text.encode()
    except FileNotFoundError:
        return True


def _write_stale(texts: dict[Path, str]) -> list[Path]:
    stale = [path for path, text in texts.items() if _is_stale(path, text)]
    for path in stale:
        try:
            path.write_text(texts[path], encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutageError(f"cannot write {path}: {error.strerror or error}") from error
    return stale


def _stop_at(problems: tuple[str, ...] | list[str]) -> None:
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.exceptions.Exit(1)
