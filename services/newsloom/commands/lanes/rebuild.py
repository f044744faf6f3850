"""`newsloom lanes rebuild`: curates the inputs of a lane anew.

In: an output folder and the inputs that it has read, or the topics of lanes, and settings. Out: a
new state, and the records that differ from those published before; progress on standard error.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from newsloom import __version__
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.sources import Source, find_sources
from newsloom.adapters.storage.store import Store, require_database
from newsloom.bootstrap import build_keyring, build_policy, build_run, rebuild_lane, restore_state
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.options import catalogue_option, folder_option, images_options
from newsloom.commands.run import bytes_to_read, stop_on_signals
from newsloom.observability.labels import RUN
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.policy import Policy
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.embedded import RunOptions
from newsloom.runtimes.rebuild import REBUILD_FOLDER, Rebuilt, finish_rebuild, open_rebuild
from newsloom.settings import Settings, read_settings


@click.command()
@folder_option(
    "The output folder of a `newsloom run`. No run can use it meanwhile.  [default: the lanes "
    "on Kafka]"
)
@click.option(
    "--lane",
    "numbers",
    multiple=True,
    type=click.IntRange(0),
    metavar="N",
    help="On Kafka: the number of a lane, the partition of its topics. Repeat the option for "
    "several.  [default: all lanes]",
)
@images_options
@catalogue_option
@click.option("--quiet", is_flag=True, help="Print neither progress nor summary.")
def rebuild(
    folder: Path | None,
    numbers: tuple[int, ...],
    images: str | None,
    discover_images: bool,
    catalogue: tuple[Path, ...],
    quiet: bool,
) -> None:
    """Curate all inputs of an output folder, or of lanes on Kafka, anew.

    Use it to apply other weights, another catalogue or another version of Newsloom to articles that
    were curated before. It also does what `newsloom lanes upgrade` does.

    With --output, it reads every file that DIR has read from its beginning, in the order in
    which each was first read, with the present settings. Then it replaces the state, and adds to
    curated.jsonl, stories.jsonl and dead-letters.jsonl the records that differ from those published
    before, with higher revisions, in one transaction. Nothing that was published is removed, and a
    reader that keeps the highest revision of each id has the new result.

    \b
    What the inputs no longer hold is kept:
      - an article that no input holds departs: it is not grouped any more, and can be withdrawn;
      - a version or a withdrawal that is newer than those in the inputs stays;
      - a story that exists no more is merged into that of its former lead, or withdrawn if it has
        no article.
    Articles that came from standard input are such articles: it cannot be read again. A file that
    is missing is named on standard error; `newsloom run` or another rebuild reads it when it is
    back.

    Without --output, it curates the enriched articles that are still on their topic, up to the
    position of the lane, and publishes the differing records with the new rows in one transaction,
    for one lane after another. Weights and publish threshold apply, but not the catalogue and the
    images, which belong to enriching. Stop all curate workers before, and start them afterwards
    with the same settings; enrich workers may run. A curate worker that starts meanwhile makes the
    command fail without any change. If the command ends early, the lane is as before: run it again.

    Until the state is replaced, DIR is as before, and DIR/rebuild holds the work. If the command
    ends early, it goes on when you run it again with the same settings; it begins again if a
    setting, the version or DIR has changed, or if it ended while it replaced the state.

    \b
    Exit codes:
      0    the state is replaced
      1    an input, DIR, the broker or another resource failed, no input is left, or curate workers
           are running
      2    unusable arguments, inputs, settings, keys, weights or catalogue files
      130  stopped by Ctrl-C (SIGINT) before the end; 143: stopped by SIGTERM

    \b
    Examples:
      newsloom lanes rebuild --output out --images trust
      newsloom lanes rebuild --lane 0
    """
    if folder is None:
        if images or discover_images or catalogue:
            raise click.UsageError("--images, --discover-images and --catalogue need --output")
        return _rebuild_lanes(Settings(), numbers, quiet)
    if numbers:
        raise click.UsageError("--lane is for lanes on Kafka, and --output for a folder")
    settings = read_settings(
        images=images, discover_images=discover_images or None, catalogue=catalogue
    )
    _rebuild_folder(folder, settings, quiet)


def _rebuild_folder(folder: Path, settings: Settings, is_quiet: bool) -> None:
    require_database(folder)
    keyring, policy = build_keyring(settings), build_policy(settings)
    loaded = load_catalogue(settings.catalogue)
    store = Store(folder)
    try:
        sources = _find_inputs(store)
        work = open_rebuild(folder, store, _basis(settings, policy, loaded))
        metrics = Metrics(RUN)
        options = RunOptions(folder / REBUILD_FOLDER)
        with (
            ProgressView(bytes_to_read(sources, work), is_quiet, "rebuilding") as progress,
            build_run(settings, options, loaded, work, metrics, progress, keyring, policy) as (
                runner,
                state,
            ),
        ):
            stopped_by = stop_on_signals(runner)
            runner.run(sources)
        if stopped_by:
            click.echo("stopped before the end; run the same command again to continue", err=True)
            sys.exit(128 + stopped_by[0])
        rebuilt = finish_rebuild(folder, store, work, restore_state(store), state, policy)
    finally:
        store.close()
    if not is_quiet:
        _print(rebuilt)


def _rebuild_lanes(settings: Settings, numbers: Sequence[int], is_quiet: bool) -> None:
    # Imported here, because a folder needs no Kafka clients.
    from newsloom.commands.kafka.connect import on_kafka

    policy, count = build_policy(settings), LaneTable(settings.kafka_lanes).count
    if unknown := [number for number in numbers if number >= count]:
        lanes = f"{count} lane{'s' if count > 1 else ''}"
        raise click.UsageError(f"there is no lane {unknown[0]}: NEWSLOOM_KAFKA_LANES makes {lanes}")
    for number in sorted(set(numbers)) or range(count):
        with (
            TemporaryDirectory(prefix="newsloom-rebuild-") as folder,
            ProgressView(None, is_quiet, f"lane {number}") as progress,
        ):
            work = rebuild_lane(settings, policy, number, Path(folder), progress.advance)
            rebuilt = on_kafka(work)
        if not is_quiet:
            _print(rebuilt, f"lane {number} ")


def _basis(settings: Settings, policy: Policy, catalogue: Catalogue) -> str:
    """What must be the same for a rebuild to go on where it ended."""
    images = settings.images, settings.discover_images, settings.images_per_article
    return json.dumps([__version__, policy, catalogue.version, images])


def _find_inputs(store: Store) -> list[Source]:
    """The files that were read and are there. Raises OutageError if there is none."""
    paths = store.inputs()
    found = [path for path in paths if Path(path).exists()]
    if not found:
        raise OutageError(
            "there is nothing to curate anew: the folder has read no file"
            if not paths
            else f"none of the {len(paths):,} files that the folder has read is there, such as "
            f"{paths[0]}: check the paths"
        )
    for path in sorted(set(paths) - set(found)):
        click.echo(f"newsloom: {path} is missing: its articles depart", err=True)
    return find_sources(found)


def _print(rebuilt: Rebuilt, what: str = "") -> None:
    articles, stories, letters = rebuilt.published.values()
    click.echo(
        f"{what}rebuilt: {articles:,} articles, {stories:,} stories and {letters:,} dead letters "
        f"published; {rebuilt.lost:,} articles that no input holds kept as departed"
    )
