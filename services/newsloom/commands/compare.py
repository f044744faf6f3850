"""`newsloom compare`: what would differ under other settings, before anybody changes them.

Curates inputs in memory twice, side by side, and writes nothing. Images are not fetched.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsloom.adapters.inputs.sources import Position, find_sources, read
from newsloom.bootstrap import build_pipeline
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.display.terminal import result_console
from newsloom.pipeline.comparison import CuratedView, Differences, Regrouping, compare_views
from newsloom.pipeline.process import Pipeline
from newsloom.settings import read_settings_file

MAX_SHOWN = 20
"""Of each kind of difference; --json tells them all."""
MAX_STORIES_SHOWN = 6
NAMES = ("A", "B")


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--settings",
    "files",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Give it twice: settings A, then settings B, each of the form of newsloom.toml.",
)
@click.option("--json", "is_json", is_flag=True, help="All differences as JSON Lines.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def compare(inputs: tuple[str, ...], files: tuple[Path, ...], is_json: bool, quiet: bool) -> None:
    """Say which stories, leads and publications would differ under other settings.

    Curates the article events of INPUT... in memory, by settings A and by settings B, and tells
    what subscribers would hold differently in the end. Settings come from the two files alone, not
    from the environment; what a file leaves out is as by default. Images are taken as given where
    they would be checked, and nothing is sealed.

    Exits 0 whether or not anything differs, 1 when an input cannot be read, 2 for unusable
    arguments, settings or weights.
    """
    if len(files) != 2:
        raise click.UsageError("give --settings twice: A, then B")
    pipelines = [build_pipeline(read_settings_file(file)) for file in files]
    views = _curate(inputs, pipelines, quiet)
    differences = compare_views(*views)
    if is_json:
        for line in _lines(views, differences):
            click.echo(orjson.dumps(line))
        return
    console = result_console()
    for name, file in zip(NAMES, files, strict=True):
        console.print(Text(f"{name}  {file}"), soft_wrap=True)
    _print_counts(console, views)
    _print_differences(console, views, differences)


def _curate(
    inputs: Sequence[str], pipelines: Sequence[Pipeline], is_quiet: bool
) -> tuple[CuratedView, CuratedView]:
    """What each pipeline tells of the inputs, record by record side by side."""
    sources = find_sources(inputs)
    views = CuratedView(), CuratedView()
    with ProgressView(sum(source.size for source in sources) or None, is_quiet) as progress:
        for source in sources:
            for record in filter(None, read(source, Position(), False, lambda: False, time.time)):
                for pipeline, view in zip(pipelines, views, strict=True):
                    view.take(pipeline.process(record.raw, record.after.opened_at))
                progress.advance(1, len(record.payload) + 1)
    return views


def _print_counts(console: Console, views: Sequence[CuratedView]) -> None:
    a, b = (view.counts() for view in views)
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True, min_width=16)
    for name in (*NAMES, "change"):
        table.add_column(name, justify="right", no_wrap=True, min_width=8)
    for name, count in a.items():
        change = f"{b[name] - count:+,}" if b[name] != count else ""
        table.add_row(name, f"{count:,}", f"{b[name]:,}", change)
    console.print(table)


def _print_differences(
    console: Console, views: Sequence[CuratedView], differences: Differences
) -> None:
    moved = sum(each.size for each in differences.regroupings)
    _print_list(
        console,
        f"stories that differ: {len(differences.regroupings):,}, of {moved:,} articles",
        [_told_regrouping(views, each) for each in differences.regroupings[:MAX_SHOWN]],
        len(differences.regroupings),
    )
    for what, of_ways in (("leads", differences.leads), ("published", differences.published)):
        for name, view, ids in zip(NAMES, views, of_ways, strict=True):
            heading = f"{what} in {name} only: {len(ids):,}"
            told = [f"  {_told(view, article_id)}" for article_id in ids[:MAX_SHOWN]]
            _print_list(console, heading, told, len(ids))
    if not any((differences.regroupings, *differences.leads, *differences.published)):
        console.print("subscribers would hold the same")


def _print_list(console: Console, heading: str, lines: Sequence[str], count: int) -> None:
    if count:
        console.print(Text(heading, style="bold"))
        for line in lines:
            console.print(Text(line), soft_wrap=True)
    if count > len(lines):
        console.print(f"  and {count - len(lines):,} more; --json tells all")


def _told_regrouping(views: Sequence[CuratedView], regrouping: Regrouping) -> str:
    """The stories of both ways, greatest first, each by its lead and size."""
    lines = []
    for name, view, stories in zip(NAMES, views, regrouping, strict=True):
        for number, ids in enumerate(stories[:MAX_STORIES_SHOWN]):
            head = name if number == 0 else " "
            lines.append(f"  {head}  {len(ids):>3} × {_told(view, _lead(view, ids))}")
        if len(stories) > MAX_STORIES_SHOWN:
            lines.append(f"       and {len(stories) - MAX_STORIES_SHOWN:,} more")
    return "\n".join(lines)


def _lead(view: CuratedView, ids: Sequence[str]) -> str:
    return next((i for i in ids if view.articles[i].is_lead), ids[0])


def _told(view: CuratedView, article_id: str) -> str:
    held = view.articles[article_id]
    return f"{held.title} ({held.provider})"


def _lines(views: Sequence[CuratedView], differences: Differences) -> Iterator[dict[str, object]]:
    """One object a difference; the counts first."""
    a, b = (view.counts() for view in views)
    yield {"kind": "counts", "a": a, "b": b}
    for regrouping in differences.regroupings:
        of_ways = (
            [{"lead": _lead(view, ids), "articles": ids} for ids in stories]
            for view, stories in zip(views, regrouping, strict=True)
        )
        yield {"kind": "stories"} | dict(zip("ab", of_ways, strict=True))
    for kind, ways in (("lead", differences.leads), ("published", differences.published)):
        for name, view, ids in zip("ab", views, ways, strict=True):
            for article_id in ids:
                title = view.articles[article_id].title
                yield {"kind": kind, "only": name, "id": article_id, "title": title}
