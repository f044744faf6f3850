"""`newsloom produce`: article events from files to Kafka."""

import os
import sys
import time

import click

from newsloom.adapters.inputs.sources import STANDARD_INPUT, find_sources
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.kafka.connect import on_kafka
from newsloom.runtimes.kafka.clients.produce import Delivery, Listeners
from newsloom.runtimes.kafka.clients.produce import produce as produce_events
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.settings import Settings


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE...")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def produce(inputs: tuple[str, ...], quiet: bool) -> None:
    """Send the article events of FILE... to Kafka, keyed by webUrl.

    FILE is a file of JSON Lines (.jsonl), a front-matter file (.md), a folder of either, or - for
    standard input. Lines are sent as they are: the pipeline judges them, so that what is faulty
    ends in dead-letters with its reason.

    Exits 0 when every record was delivered; 1 when one was too large for the topic, or something
    outside failed. It may be run again: what arrives twice changes nothing.
    """
    settings = Settings()
    topic = KafkaTopics(settings.kafka_topic_prefix).article_events
    sources = find_sources(inputs)
    is_piped = any(source.path == STANDARD_INPUT for source in sources)
    total_bytes = None if is_piped else sum(source.size for source in sources)
    delivery, began, is_interrupted = Delivery(), time.monotonic(), False
    try:
        with ProgressView(total_bytes, quiet, label="producing") as progress:
            listeners = Listeners(progress.advance, _tell_too_large)
            work = produce_events(
                settings.kafka_bootstrap_servers, topic, sources, delivery, listeners
            )
            on_kafka(work)
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        if delivery.read:
            click.echo(_summary(delivery, topic, time.monotonic() - began))
    if is_interrupted and is_piped:
        # A thread still waits for the pipe, and Python would wait for the thread's lock.
        sys.stdout.flush()
        os._exit(130)
    if is_interrupted:
        raise click.exceptions.Exit(130)
    if delivery.too_large:
        raise click.exceptions.Exit(1)


def _tell_too_large(where: str, size_bytes: int, limit_bytes: int) -> None:
    click.echo(
        f"{where}: not sent: {size_bytes:,} bytes and its key are more than the topic's limit of "
        f"{limit_bytes:,} bytes a record",
        err=True,
    )


def _summary(delivery: Delivery, topic: str, elapsed_s: float) -> str:
    parts = f"{delivery.delivered:,} delivered + {delivery.too_large:,} too large"
    if delivery.unconfirmed:
        parts += f" + {delivery.unconfirmed:,} not confirmed"
    rate = f"{delivery.delivered / elapsed_s:,.0f}/s" if elapsed_s else ""
    return f"{delivery.read:,} records = {parts}  ({elapsed_s:.1f} s, {rate}) to {topic}"
