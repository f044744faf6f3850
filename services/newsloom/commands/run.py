"""`newsloom run`: article events in, curated records out, in one process."""

import math
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.adapters.inputs.sources import STANDARD_INPUT, Source, find_sources
from newsloom.adapters.storage.store import Store
from newsloom.bootstrap import build_keyring, build_policy, build_run
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.display.summary import print_summary
from newsloom.commands.options import catalogue_option
from newsloom.observability.definitions import RUN
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.enrich import IMAGE_MODES
from newsloom.runtimes.embedded import EmbeddedRun, RunOptions
from newsloom.settings import read_settings


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the database and the published files go. One run at a time.",
)
@click.option(
    "--images",
    type=click.Choice(IMAGE_MODES),
    help="Fetch images and keep the good (check, the default), keep all (trust) or none (off).",
)
@click.option(
    "--discover-images",
    is_flag=True,
    help="Look for images on the page of an article that came without any, where robots may.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "front-matter"]),
    default="jsonl",
    show_default=True,
    help="front-matter also writes the latest of each article to DIR/articles/ID.md.",
)
@catalogue_option
@click.option("--follow", is_flag=True, help="Wait for more at the end of the last input.")
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Serve /metrics at this port of NEWSLOOM_METRICS_HOST meanwhile; for --follow.",
)
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
def run(
    inputs: tuple[str, ...],
    folder: Path,
    images: str | None,
    discover_images: bool,
    form: str,
    catalogue: tuple[Path, ...],
    follow: bool,
    metrics_port: int | None,
    quiet: bool,
) -> None:
    """Curate the article events of INPUT... into DIR.

    INPUT is a file of JSON Lines (.jsonl), a front-matter file (.md), a folder of either, or - for
    standard input. DIR/curated.jsonl and DIR/stories.jsonl hold every publication in order,
    DIR/dead-letters.jsonl what could not be curated, and why.

    Run again with the same DIR it goes on where it was; what it has read it does not read again.
    Exits 0 when every input ended somewhere, dead letters included, and 1 when something outside
    failed; nothing is lost then either.
    """
    settings = read_settings(
        images=images, discover_images=discover_images or None, catalogue=catalogue
    )
    keyring = build_keyring(settings)
    policy = build_policy(settings)
    options = RunOptions(folder, follow, has_documents=form == "front-matter")
    metrics = Metrics(RUN)
    if metrics_port is not None:
        _serve(metrics, settings.metrics_host, metrics_port)
    sources = find_sources(inputs, folder)
    known = load_catalogue(settings.catalogue)
    store = Store(folder)
    try:
        with (
            ProgressView(_bytes_to_read(sources, store), quiet) as progress,
            build_run(settings, options, known, store, metrics, progress, keyring, policy) as built,
        ):
            runner, state = built
            stopped_by = _stop_on_signals(runner)
            runner.run(sources)
        if not quiet:
            print_summary(metrics, state, progress.elapsed_s, policy.publish_threshold)
    finally:
        store.close()
    if stopped_by and not follow:
        click.echo("stopped before the end; run the same command again to go on", err=True)
        sys.exit(128 + stopped_by[0])


def _serve(metrics: Metrics, host: str, port: int) -> None:
    # Here, for most runs serve nothing, and a server takes longer to load than they to begin.
    from newsloom.observability.endpoint import listen, serve
    from newsloom.observability.health import Health

    serve(listen(host, port), metrics.registry, Health(stall_s=math.inf, is_ready=True))


def _bytes_to_read(sources: list[Source], store: Store) -> int | None:
    if any(source.path == STANDARD_INPUT for source in sources):
        return None
    return sum(source.size - store.position(source.path).bytes for source in sources)


def _stop_on_signals(runner: EmbeddedRun) -> list[int]:
    """Ends the run in good order on the first SIGINT or SIGTERM; a second one ends it at once."""
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> Any:
        received.append(number)
        runner.stop()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return received
