"""`newsloom compare`: shows how two settings files would change the results.

In: inputs, and two settings files A and B. Out: the comparison, as text or as JSON Lines. It
curates each input twice in memory. It writes no files and fetches no images.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table

from newsloom.adapters.inputs.reading import read_all
from newsloom.adapters.inputs.sources import find_sources, total_bytes
from newsloom.bootstrap import build_pipeline
from newsloom.commands.display.printable import printable_json
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.display.terminal import plain, result_console
from newsloom.pipeline.comparison import CuratedView, Differences, Regrouping, compare_views
from newsloom.pipeline.process import Pipeline
from newsloom.settings import read_settings_file

MAX_SHOWN = 20
"""The number of differences of each kind that are printed; --json prints all."""
MAX_STORIES_SHOWN = 6
"""The number of stories of A, and of B, that are printed for one difference."""
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
    help="A settings file in the form of newsloom.toml. Give the option twice: first A, then B.",
)
@click.option("--json", "is_json", is_flag=True, help="Print all differences as JSON Lines.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def compare(inputs: tuple[str, ...], files: tuple[Path, ...], is_json: bool, quiet: bool) -> None:
    """Show how stories and leads would differ under other settings.

    Curates the article events of INPUT in memory, once with settings A and once with settings B.
    Prints counts, the stories that differ, and the articles that lead a story or are published
    with one of the two settings only. Nothing is written.

    INPUT is as for `newsloom run`. Settings come from the two files only: environment variables
    are ignored, and a setting that a file does not name has its default. Images are not fetched:
    `images = "check"` works like `trust`. `private` objects are not sealed.

    \b
    Output with --json, one object a line; its `kind` is one of:
      counts           `a` and `b`: the counts of both sides
      stories          `a` and `b`: the lead and the articles of each differing story
      lead, published  `only` (a or b), `id`, `title`

    \b
    Exit codes:
      0  the comparison was printed, with or without differences
      1  an input cannot be read
      2  unusable arguments, inputs, settings, weights or catalogue files

    \b
    Example:
      newsloom compare events.jsonl --settings newsloom.toml --settings other.toml
    """
    if len(files) != 2:
        raise click.UsageError("give --settings twice: first the file A, then the file B")
    pipelines = [build_pipeline(read_settings_file(file)) for file in files]
    views = _curate(inputs, pipelines, quiet)
    differences = compare_views(*views)
    if is_json:
        for line in _lines(views, differences):
            click.echo(printable_json(orjson.dumps(line)))
        return
    console = result_console()
    for name, file in zip(NAMES, files, strict=True):
        console.print(plain(f"{name}  {file}"), soft_wrap=True)
    _print_counts(console, views)
    _print_differences(console, views, differences)


def _curate(
    inputs: Sequence[str], pipelines: Sequence[Pipeline], is_quiet: bool
) -> tuple[CuratedView, CuratedView]:
    """Runs every input through both pipelines. Returns the view of each."""
    sources = find_sources(inputs)
    views = CuratedView(), CuratedView()
    with ProgressView(total_bytes(sources), is_quiet) as progress:
        for source in sources:
            for record in read_all(source):
                for pipeline, view in zip(pipelines, views, strict=True):
                    for step in pipeline.process(record.raw, record.after.opened_at):
                        view.take(step)
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
    _print_regroupings(console, views, differences.regroupings)
    _print_articles(console, views, "leads", differences.leads)
    _print_articles(console, views, "published articles", differences.published)
    if not any((differences.regroupings, *differences.leads, *differences.published)):
        console.print("no differences in stories, leads and published articles")


def _print_regroupings(
    console: Console, views: Sequence[CuratedView], regroupings: Sequence[Regrouping]
) -> None:
    article_count = sum(regrouping.size for regrouping in regroupings)
    heading = f"stories that differ: {len(regroupings):,} (articles in them: {article_count:,})"
    texts = [_regrouping_lines(views, regrouping) for regrouping in regroupings[:MAX_SHOWN]]
    _print_list(console, heading, texts, len(regroupings))


def _print_articles(
    console: Console, views: Sequence[CuratedView], what: str, ids_by_side: Iterable[Sequence[str]]
) -> None:
    for name, view, ids in zip(NAMES, views, ids_by_side, strict=True):
        texts = [[f"  {_article_text(view, article_id)}"] for article_id in ids[:MAX_SHOWN]]
        _print_list(console, f"{what} in {name} only: {len(ids):,}", texts, len(ids))


def _print_list(console: Console, heading: str, texts: Sequence[Sequence[str]], count: int) -> None:
    if count:
        console.print(plain(heading, style="bold"))
        for line in chain.from_iterable(texts):
            console.print(plain(line), soft_wrap=True)
    if count > len(texts):
        console.print(f"  and {count - len(texts):,} more; --json prints all")


def _regrouping_lines(views: Sequence[CuratedView], regrouping: Regrouping) -> list[str]:
    """One line for each story of A and of B, largest first: its size and its lead."""
    lines = []
    for name, view, stories in zip(NAMES, views, regrouping, strict=True):
        for number, ids in enumerate(stories[:MAX_STORIES_SHOWN]):
            side = name if number == 0 else " "
            size = f"{len(ids):,} article{'' if len(ids) == 1 else 's'}:"
            lines.append(f"  {side}  {size:<12} {_article_text(view, _lead(view, ids))}")
        if len(stories) > MAX_STORIES_SHOWN:
            lines.append(f"     and {len(stories) - MAX_STORIES_SHOWN:,} more stories")
    return lines


def _lead(view: CuratedView, ids: Sequence[str]) -> str:
    return next((i for i in ids if view.articles[i].is_lead), ids[0])


def _article_text(view: CuratedView, article_id: str) -> str:
    article = view.articles[article_id]
    return f"{article.title} ({article.provider})"


def _lines(views: Sequence[CuratedView], differences: Differences) -> Iterator[dict[str, object]]:
    """The objects that --json prints: first the counts, then one object for each difference."""
    a, b = (view.counts() for view in views)
    yield {"kind": "counts", "a": a, "b": b}
    for regrouping in differences.regroupings:
        stories_by_side = (
            [{"lead": _lead(view, ids), "articles": ids} for ids in stories]
            for view, stories in zip(views, regrouping, strict=True)
        )
        yield {"kind": "stories"} | dict(zip("ab", stories_by_side, strict=True))
    for kind, ids_by_side in (("lead", differences.leads), ("published", differences.published)):
        for name, view, ids in zip("ab", views, ids_by_side, strict=True):
            for article_id in ids:
                title = view.articles[article_id].title
                yield {"kind": kind, "only": name, "id": article_id, "title": title}
