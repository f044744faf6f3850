"""`newsloom topics`: creates the topics on a broker, or says how those there differ."""

import click

from newsloom.commands.kafka.connect import on_kafka
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.kafka.clients.admin import Sizes, create_topics, find_differences, open_admin
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.settings import Settings


@click.group()
def topics() -> None:
    """The Kafka topics: what Newsloom reads and writes (docs/topics.md)."""


@topics.command()
@click.option(
    "--partitions",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Of article-events: as many enrich workers can share the work.",
)
@click.option(
    "--replication", type=click.IntRange(1), help="Copies of each: 3, or as many as brokers."
)
def create(partitions: int, replication: int | None) -> None:
    """Create the topics that are missing; leave those that are there as they are.

    What is curated has a partition for each lane that NEWSLOOM_KAFKA_LANES makes, one without it.
    Exits 1 when one that is there differs from what it should be: see `newsloom topics check`.
    """
    settings = Settings()
    names = KafkaTopics(settings.kafka_topic_prefix)
    sizes = Sizes(LaneTable(settings.kafka_lanes).count, partitions)

    async def work() -> tuple[list[str], list[str]]:
        servers = settings.kafka_bootstrap_servers
        async with open_admin(servers) as admin:
            created = await create_topics(admin, names, sizes, replication)
            lines = await find_differences(admin, servers, names, sizes, created)
            return created, lines

    created, lines = on_kafka(work())
    for name in created:
        click.echo(f"created {name}")
    _stop_at(lines)
    if not created:
        click.echo("all topics are there")


@topics.command()
@click.option("--partitions", type=click.IntRange(1), help="Of article-events; else any number.")
def check(partitions: int | None) -> None:
    """Say how the topics on the broker differ from what they should be, and the mend.

    Looks at partitions, cleanup policy, retention and the other settings of docs/topics.md.
    Exits 1 when something differs.
    """
    settings = Settings()
    names = KafkaTopics(settings.kafka_topic_prefix)
    sizes = Sizes(LaneTable(settings.kafka_lanes).count, partitions)

    async def work() -> list[str]:
        servers = settings.kafka_bootstrap_servers
        async with open_admin(servers) as admin:
            return await find_differences(admin, servers, names, sizes)

    _stop_at(on_kafka(work()))
    click.echo("all topics are as they should be")


def _stop_at(lines: list[str]) -> None:
    for line in lines:
        click.echo(line, err=True)
    if lines:
        raise click.exceptions.Exit(1)
