"""`newsloom resume`: lets stopped partitions, or a halted output folder, go on.

In: the committed positions of the workers' groups, or an output folder. Out: the positions without
the mark that stops them, perhaps moved, and one line for each.
"""

import sys
from pathlib import Path

import click

from newsloom.adapters.storage.store import Store, require_database
from newsloom.commands.options import folder_option
from newsloom.settings import Settings

_NOTHING = "nothing is stopped"


@click.command()
@folder_option(
    "The output folder of a `newsloom run` that halted.  [default: the workers on Kafka]"
)
@click.option(
    "--from",
    "offset",
    type=click.IntRange(min=0),
    metavar="OFFSET",
    help="Let one stopped partition go on from this offset instead of where it stopped. The "
    "offsets in between are not read.",
)
@click.option("--stage", type=click.Choice(["enrich", "curate"]), help="With --from: the stage.")
@click.option(
    "--partition",
    type=click.IntRange(min=0),
    metavar="N",
    help="With --from: the partition of the stage's input topic.",
)
@click.option("--dry-run", is_flag=True, help="With --from: change nothing, and say what it would.")
def resume(
    folder: Path | None,
    offset: int | None,
    stage: str | None,
    partition: int | None,
    dry_run: bool,
) -> None:
    """Go on where Newsloom stopped.

    Twenty records that fail because of a bug in Newsloom halt a run or a partition, so that a
    faulty release does not turn all inputs into dead letters. What precedes the twentieth is
    committed. Install a release without the bug first; with the same release, the next nineteen
    such records become dead letters. A partition also stops at records that cannot be read.

    Without --from, what halted goes on, and what could not be read is tried again. A partition that
    stopped for another reason stays stopped, and its reason is printed. With --from, one partition
    goes on from OFFSET. What it steps over counts as passed; that counts offsets, some of which may
    be markers of transactions. OFFSET is in the log, and not before the position, except if the log
    ends before that: then it is another log, whose offsets began again.

    Running workers go on within seconds. For a folder, run `newsloom run` again afterwards.

    \b
    Exit codes:
      0  nothing is stopped any more, or with --from: the partition goes on
      1  the folder or the broker failed, a partition stays stopped, or the move is refused
      2  unusable arguments or settings

    \b
    Examples:
      newsloom resume
      newsloom resume --from 1042 --stage enrich --partition 3 --dry-run
      newsloom resume --output out
    """
    move = offset, stage, partition
    if any(given is not None for given in move) or dry_run:
        if offset is None or stage is None or partition is None or folder is not None:
            raise click.UsageError("--from goes with --stage and --partition, on Kafka only")
        return _move(Settings(), stage, partition, offset, dry_run)
    if folder is not None:
        return _resume_folder(folder)
    return _resume_workers(Settings())


def _resume_folder(folder: Path) -> None:
    from newsloom.runtimes.embedded_attempts import resume

    require_database(folder)
    store = Store(folder)
    try:
        is_resumed = resume(store)
    finally:
        store.close()
    click.echo(f"{folder} is resumed: run `newsloom run` again" if is_resumed else _NOTHING)


# The functions below import what they need, because a folder needs no Kafka clients.


def _resume_workers(settings: Settings) -> None:
    from newsloom.commands.kafka.connect import on_kafka
    from newsloom.runtimes.kafka.clients.resuming import resume_group

    servers, is_found, is_left = settings.kafka_bootstrap_servers, False, False
    for stage in ("enrich", "curate"):
        group, topic = _input(settings, stage)
        for move, is_resumed in on_kafka(resume_group(servers, group, topic)):
            place = f"{topic} partition {move.source.partition}, offset {move.after}"
            if is_resumed:
                click.echo(f"{stage} is resumed: {place}")
            else:
                click.echo(f"{stage} stays stopped: {place}: {move.stop.why}")
            is_found, is_left = True, is_left or not is_resumed
    if not is_found:
        click.echo(_NOTHING)
    if is_left:
        sys.exit(1)


def _move(settings: Settings, stage: str, partition: int, offset: int, is_trial: bool) -> None:
    from newsloom.commands.kafka.connect import on_kafka
    from newsloom.runtimes.kafka.clients.resuming import move_position

    group, topic = _input(settings, stage)
    servers = settings.kafka_bootstrap_servers
    move = on_kafka(move_position(servers, group, (topic, partition), offset, is_trial))
    what = "would go on" if is_trial else "is resumed"
    click.echo(
        f"{stage} {what}: {topic} partition {partition}, from offset {move.before} to "
        f"{move.after}; {move.passing} offsets pass unread"
    )


def _input(settings: Settings, stage: str) -> tuple[str, str]:
    """The group of a stage, and the topic that it reads."""
    from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

    topics = KafkaTopics(settings.kafka_topic_prefix)
    if stage == "enrich":
        return topics.group("enrich"), topics.article_events
    return topics.group("curate"), topics.enriched_articles
