"""`newsloom schemas`: writes the published schemas to a folder, or checks the ones there.

In: a folder. Out: lines, and exit code 0, 1 for problems or 2 for a folder that is not there.
"""

from pathlib import Path

import click

from newsloom.adapters import schema_files

_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("schemas/json"),
    show_default=True,
    help="Where the schema files are.",
)


@click.group()
def schemas() -> None:
    """JSON Schemas of what goes in and what comes out."""


@schemas.command()
@_folder
def export(folder: Path) -> None:
    """Write the schemas that are missing or out of date.

    Writes nothing if that would break those who rely on a published schema.
    """
    exported = schema_files.export(folder)
    _stop_at(exported.problems)
    for path in exported.written:
        click.echo(f"wrote {path}")
    if not exported.written:
        click.echo(f"{folder}: all schemas are current")


@schemas.command()
@_folder
def check(folder: Path) -> None:
    """Say which schemas are missing, out of date, or would change incompatibly."""
    _stop_at(schema_files.check(folder))
    click.echo(f"{folder}: all schemas are current")


def _stop_at(problems: tuple[str, ...] | list[str]) -> None:
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.exceptions.Exit(1)
