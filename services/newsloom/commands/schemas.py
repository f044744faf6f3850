"""`newsloom schemas`: writes the published schemas to a folder, or checks the ones there.

With them go the AsyncAPI document and the pages about topics and metrics, made from the same code.
In: where they are. Out: lines, and exit code 0, 1 for problems or 2 for a folder that is not there.
"""

from pathlib import Path

import click

from newsloom.adapters import schema_files
from newsloom.adapters.failures import OutageError
from newsloom.observability.metrics_page import metrics_page
from newsloom.runtimes.kafka.topics.asyncapi import asyncapi_text
from newsloom.runtimes.kafka.topics.page import topics_page

_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("schemas/json"),
    show_default=True,
    help="Where the schema files are.",
)
_asyncapi = click.option(
    "--asyncapi",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("schemas/asyncapi.yaml"),
    show_default=True,
    help="Where the AsyncAPI document is.",
)
_metrics_page = click.option(
    "--metrics-page",
    "metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/metrics.md"),
    show_default=True,
    help="Where the page about the metrics is.",
)
_page = click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/topics.md"),
    show_default=True,
    help="Where the page about the topics is.",
)


@click.group()
def schemas() -> None:
    """JSON Schemas of what goes in and what comes out, and the topics as AsyncAPI."""


@schemas.command()
@_folder
@_asyncapi
@_page
@_metrics_page
def export(folder: Path, asyncapi: Path, page: Path, metrics: Path) -> None:
    """Write the schemas, the AsyncAPI document and the pages that are missing or out of date.

    Writes nothing if that would break those who rely on a published schema.
    """
    exported = schema_files.export(folder)
    _stop_at(exported.problems)
    written = [*exported.written, *_write_stale(_texts(asyncapi, page, metrics))]
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo(f"{folder}: all schemas are current")


@schemas.command()
@_folder
@_asyncapi
@_page
@_metrics_page
def check(folder: Path, asyncapi: Path, page: Path, metrics: Path) -> None:
    """Say which of them are missing, out of date, or would change incompatibly."""
    texts = _texts(asyncapi, page, metrics)
    stale = [
        f"{path}: missing or out of date: run `newsloom schemas export`"
        for path in texts
        if _is_stale(path, texts[path])
    ]
    _stop_at([*schema_files.check(folder), *stale])
    click.echo(f"{folder}: all schemas are current")


def _texts(asyncapi: Path, page: Path, metrics: Path) -> dict[Path, str]:
    return {asyncapi: asyncapi_text(), page: topics_page(), metrics: metrics_page()}


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
