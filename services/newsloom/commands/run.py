"""`newsloom run`: curates article events in one process.

In: files, folders or standard input, and settings. Out: a folder with the database and the
published files, progress on standard error, and a summary on standard output.
"""

import math
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.adapters.inputs.sources import Source, find_sources, total_bytes
from newsloom.adapters.storage.store import Store
from newsloom.bootstrap import build_keyring, build_policy, build_run
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.display.summary import print_summary
from newsloom.commands.options import catalogue_option, images_options
from newsloom.observability.labels import RUN
from newsloom.observability.metrics import Metrics
from newsloom.runtimes.embedded import EmbeddedRun, RunOptions
from newsloom.settings import Settings, read_settings


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder for the database and the published files. Only one run at a time can use it.",
)
@images_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "front-matter"]),
    default="jsonl",
    show_default=True,
    help="front-matter: also write the latest record of each article to DIR/articles/ID.md.",
)
@catalogue_option
@click.option(
    "--follow",
    is_flag=True,
    help="At the end of the last input, wait for more lines, also if a new file takes its place. "
    "Stop with Ctrl-C or SIGTERM.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Serve /metrics, /healthz and /readyz at this port of NEWSLOOM_METRICS_HOST during the "
    "run. Useful with --follow.",
)
@click.option("--quiet", is_flag=True, help="Print neither progress nor summary.")
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
    """Curate article events from files into a folder.

    INPUT is a file of JSON Lines (.jsonl, .ndjson) or a JSON array (.json), either of them also
    packed with gzip (.gz) or Zstandard (.zst); a document with front matter (.md); a folder of
    such files; or - for standard input.

    \b
    DIR then holds:
      curated.jsonl       every publication of a curated article, in order
      stories.jsonl       every publication of a story, in order
      dead-letters.jsonl  every input that could not be curated, with the reason
      newsloom.db         the state; do not edit it

    A second run with the same DIR continues after the last commit and reads only new lines and
    changed documents. A new file at the path of a former one is read from its beginning, and
    standard error says so. A file that was changed where it was read before is refused.
    Standard input is always read from its beginning. After a failure or a kill, nothing is lost
    and nothing is published twice: run the same command again.

    An input that takes longer than 60 s ends the process (signal SIGALRM). If a line or document
    has ended the process three times while it was processed alone, the next run makes it a dead
    letter with the reason poison; from standard input it cannot. After 20 bugs in Newsloom the run
    halts: see `newsloom resume --help`.

    \b
    Exit codes:
      0    all inputs were processed; some of them may be dead letters
      1    an input, DIR or another resource failed
      2    unusable arguments, inputs, settings, keys, weights or catalogue files
      130  stopped by Ctrl-C (SIGINT) before the end; 143: stopped by SIGTERM.
           With --follow, both signals are a normal end with code 0.

    \b
    Example:
      newsloom run examples/fortnight.jsonl --output out --images trust
    """
    settings = read_settings(
        images=images, discover_images=discover_images or None, catalogue=catalogue
    )
    options = RunOptions(folder, follow, has_documents=form == "front-matter")
    stopped_by = _run(inputs, settings, options, metrics_port, quiet)
    if stopped_by and not follow:
        click.echo("stopped before the end; run the same command again to continue", err=True)
        sys.exit(128 + stopped_by[0])


def _run(
    inputs: tuple[str, ...],
    settings: Settings,
    options: RunOptions,
    metrics_port: int | None,
    is_quiet: bool,
) -> list[int]:
    """Curates the inputs and prints the summary. Returns the signals that were received."""
    keyring, policy = build_keyring(settings), build_policy(settings)
    metrics = Metrics(RUN)
    if metrics_port is not None:
        _serve(metrics, settings.metrics_host, metrics_port)
    sources = find_sources(inputs, options.folder)
    catalogue = load_catalogue(settings.catalogue)
    store = Store(options.folder)
    try:
        with (
            ProgressView(bytes_to_read(sources, store), is_quiet) as progress,
            build_run(
                settings, options, catalogue, store, metrics, progress, keyring, policy
            ) as built,
        ):
            runner, state = built
            stopped_by = stop_on_signals(runner)
            if (warning := runner.warning()) and not is_quiet:
                click.echo(f"newsloom: {warning}", err=True)
            runner.run(sources)
        if not is_quiet:
            print_summary(metrics, state, progress.elapsed_s, policy.publish_threshold)
    finally:
        store.close()
    return stopped_by


def _serve(metrics: Metrics, host: str, port: int) -> None:
    # Imported here because most runs serve no metrics, and the import would delay their start.
    from newsloom.observability.endpoint import listen, serve
    from newsloom.observability.health import Health

    serve(listen(host, port), metrics.registry, Health(stall_s=math.inf, is_ready=True))


def bytes_to_read(sources: list[Source], store: Store) -> int | None:
    """The bytes of the sources that were not read yet; None if that cannot be known."""
    total = total_bytes(sources)
    if total is None:
        return None
    return max(0, total - sum(store.position(source.path).bytes for source in sources))


def stop_on_signals(runner: EmbeddedRun) -> list[int]:
    """Handles SIGINT and SIGTERM: the first signal stops the run after a commit, the second one
    ends the process at once. Returns the list to which received signals are added.
    """
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> Any:
        received.append(number)
        runner.stop()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return received
