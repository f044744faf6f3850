"""`newsloom topics`: creates the Kafka topics, or checks those on the broker.

In: settings and the definitions of the topics. Out: one line for each topic created, or for each
difference with its fix. It never changes or deletes a topic that exists.
"""

import click

from newsloom.commands.kafka.connect import on_kafka
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.kafka.clients.admin import Sizes, create_topics, find_differences, open_admin
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.settings import Settings


@click.group()
def topics() -> None:
    """Create and check the Kafka topics that Newsloom reads and writes.

    docs/topics.md describes each topic. NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS names the brokers.
    """


@topics.command()
@click.option(
    "--partitions",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Partitions of article-events. At most one enrich worker for each has work.",
)
@click.option(
    "--replication",
    type=click.IntRange(1),
    help="Replicas of each partition.  [default: 3, or one for each broker if there are fewer]",
)
def create(partitions: int, replication: int | None) -> None:
    """Create the topics that are missing.

    Topics that exist are not changed. Most topics have one partition for each lane of
    NEWSLOOM_KAFKA_LANES, and one if it is not set; docs/topics.md names them.

    Prints one line for each topic created. Then it checks the topics that existed before, like
    `newsloom topics check`.

    \b
    Exit codes:
      0  all topics exist as defined
      1  an existing topic differs from its definition, or the broker failed
      2  unusable arguments or settings

    \b
    Example:
      newsloom topics create --partitions 8
    """
    created, lines = on_kafka(_create(Settings(), partitions, replication))
    for name in created:
        click.echo(f"created {name}")
    _fail_with(lines)
    if not created:
        click.echo("all topics exist")


@topics.command()
@click.option(
    "--partitions",
    type=click.IntRange(1),
    help="The partitions that article-events must have.  [default: any number]",
)
def check(partitions: int | None) -> None:
    """Compare the topics on the broker with their definitions.

    Checks the number of partitions, the cleanup policy, the retention and the other settings in
    docs/topics.md. Prints one line on standard error for each difference, with the command or
    setting that fixes it. Changes nothing.

    \b
    Exit codes:
      0  all topics match their definitions
      1  a topic is missing or differs, or the broker failed
      2  unusable arguments or settings
    """
    _fail_with(on_kafka(_check(Settings(), partitions)))
    click.echo("all topics match their definitions")


async def _create(
    settings: Settings, partitions: int, replication: int | None
) -> tuple[list[str], list[str]]:
    """Creates the missing topics. Returns their names, and the differences of the others."""
    servers, names, sizes = _definitions(settings, partitions)
    async with open_admin(servers) as admin:
        created = await create_topics(admin, names, sizes, replication)
        return created, await find_differences(admin, servers, names, sizes, created)


async def _check(settings: Settings, partitions: int | None) -> list[str]:
    servers, names, sizes = _definitions(settings, partitions)
    async with open_admin(servers) as admin:
        return await find_differences(admin, servers, names, sizes)


def _definitions(settings: Settings, partitions: int | None) -> tuple[str, KafkaTopics, Sizes]:
    """The bootstrap servers, and the names and sizes that the topics must have."""
    sizes = Sizes(LaneTable(settings.kafka_lanes).count, partitions)
    return settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix), sizes


def _fail_with(lines: list[str]) -> None:
    for line in lines:
        click.echo(line, err=True)
    if lines:
        raise click.exceptions.Exit(1)
