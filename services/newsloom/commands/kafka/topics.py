"""`newsloom topics`: creates and mends the Kafka topics, or checks those on the broker.

In: settings and the definitions of the topics. Out: one line for each topic created, for each
setting changed, or for each difference with its fix. It never deletes a topic.
"""

from collections.abc import Iterable

import click

from newsloom.commands.kafka.connect import on_kafka
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.kafka.clients.admin import (
    create_topics,
    find_differences,
    mend,
    open_admin,
)
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.kafka.topics.differences import DEFAULT_PARTITIONS, Difference, Sizes
from newsloom.settings import Settings

_replication_option = click.option(
    "--replication",
    type=click.IntRange(1),
    help="Replicas of each partition.  [default: 3, or one for each broker if there are fewer]",
)


@click.group()
def topics() -> None:
    """Create and check the Kafka topics that Newsloom reads and writes.

    docs/topics.md describes each topic. NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS names the brokers.
    """


@topics.command()
@click.option(
    "--partitions",
    type=click.IntRange(1),
    help="Partitions of article-events. At most one enrich worker for each has work. Partitions "
    f"are added to a topic that has fewer.  [default: {DEFAULT_PARTITIONS} for a new topic]",
)
@_replication_option
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
def create(partitions: int | None, replication: int | None, dry_run: bool) -> None:
    """Create the topics that are missing, and mend those that differ.

    Most topics have one partition for each lane of NEWSLOOM_KAFKA_LANES, and one if it is not set;
    docs/topics.md names them. Of a topic that exists, settings that differ from docs/topics.md are
    set, and partitions are added to article-events if you ask for more. Then the events of an
    article may go to another partition than before, so let workers finish first what waits. Other
    differences are printed, as by `newsloom topics check`. Nothing is deleted.

    \b
    Exit codes:
      0  all topics are as defined; with --dry-run, or would be
      1  a topic differs in what cannot be changed in place, or the broker failed
      2  unusable arguments or settings

    \b
    Examples:
      newsloom topics create --partitions 8
      newsloom topics create --dry-run
    """
    created, found = on_kafka(_create(Settings(), partitions, replication, dry_run))
    for name in created:
        click.echo(f"{'would create' if dry_run else 'created'} {name}")
    for difference in found:
        if difference.change is not None:
            how = "would set" if dry_run else "set"
            click.echo(f"{how} {difference.name}: {difference.change}")
    _fail_with(difference for difference in found if difference.change is None)
    if not created and not found:
        click.echo("all topics are as defined")


@topics.command()
@click.option(
    "--partitions",
    type=click.IntRange(1),
    help="The partitions that article-events must have.  [default: any number]",
)
@_replication_option
def check(partitions: int | None, replication: int | None) -> None:
    """Compare the topics on the broker with their definitions.

    Checks the number of partitions and replicas, the cleanup policy, the retention and the other
    settings in docs/topics.md, and whether the brokers can keep the log of transactions. Sizes and
    times may be greater than defined. Prints one line on standard error for each difference, with
    what fixes it. Changes nothing.

    \b
    Exit codes:
      0  all topics match their definitions
      1  a topic is missing or differs, or the broker failed
      2  unusable arguments or settings
    """
    _fail_with(on_kafka(_check(Settings(), partitions, replication)))
    click.echo("all topics match their definitions")


async def _create(
    settings: Settings, partitions: int | None, replication: int | None, is_trial: bool
) -> tuple[list[str], list[Difference]]:
    """Creates the missing topics and mends the others. Returns their names, and what differed."""
    servers, names, sizes = _definitions(settings, partitions, replication)
    async with open_admin(servers) as admin:
        created = await create_topics(admin, names, sizes, is_trial)
        # A topic that was just created is right, but not yet known to every broker.
        found = [d for d in await find_differences(admin, names, sizes) if d.name not in created]
        if not is_trial:
            await mend(admin, found)
        return created, found


async def _check(
    settings: Settings, partitions: int | None, replication: int | None
) -> list[Difference]:
    servers, names, sizes = _definitions(settings, partitions, replication)
    async with open_admin(servers) as admin:
        return await find_differences(admin, names, sizes)


def _definitions(
    settings: Settings, partitions: int | None, replication: int | None
) -> tuple[str, KafkaTopics, Sizes]:
    """The bootstrap servers, and the names and sizes that the topics must have."""
    sizes = Sizes(LaneTable(settings.kafka_lanes).count, partitions, replication)
    return settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix), sizes


def _fail_with(found: Iterable[Difference]) -> None:
    lines = list(map(str, found))
    for line in lines:
        click.echo(line, err=True)
    if lines:
        raise click.exceptions.Exit(1)
