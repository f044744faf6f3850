"""`newsloom produce`: sends article events from files to Kafka.

In: files, folders or standard input. Out: records on the Kafka topic article-events, progress on
standard error, and a line of counts on standard output. It does not validate events.
"""

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
    """Send article events from files to Kafka.

    FILE is a file of JSON Lines (.jsonl, .ndjson), a document with front matter (.md), a folder of
    such files, or - for standard input. Each line becomes one record of the topic article-events,
    unchanged, with its `webUrl` as the key. Documents are sent as JSON. Faulty lines are sent too:
    the workers turn them into dead letters with a reason.

    At the end, one line says how many records were read and delivered. The command can be run
    again: an event that arrives twice changes nothing.

    \b
    Exit codes:
      0    every record was delivered
      1    a record was too large for the topic, or an input or the broker failed
      2    unusable arguments or settings
      130  stopped by Ctrl-C

    \b
    Example:
      newsloom produce examples/fortnight.jsonl
    """
    settings = Settings()
    topic = KafkaTopics(settings.kafka_topic_prefix).article_events
    sources = find_sources(inputs)
    is_piped = any(source.path == STANDARD_INPUT for source in sources)
    total_bytes = None if is_piped else sum(source.size for source in sources)
    delivery, started_at, is_interrupted = Delivery(), time.monotonic(), False
    try:
        with ProgressView(total_bytes, quiet, label="producing") as progress:
            listeners = Listeners(progress.advance, _report_too_large)
            work = produce_events(
                settings.kafka_bootstrap_servers, topic, sources, delivery, listeners
            )
            on_kafka(work)
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        if delivery.read:
            click.echo(_summary(delivery, topic, time.monotonic() - started_at))
    if is_interrupted and is_piped:
        # A thread still reads from the pipe and holds its lock. A normal exit would wait for it.
        sys.stdout.flush()
        os._exit(130)
    if is_interrupted:
        raise click.exceptions.Exit(130)
    if delivery.too_large:
        raise click.exceptions.Exit(1)


def _report_too_large(where: str, size_bytes: int, limit_bytes: int) -> None:
    click.echo(
        f"{where}: not sent: {size_bytes:,} bytes and its key are more than the limit of the Kafka "
        f"topic, {limit_bytes:,} bytes a record",
        err=True,
    )


def _summary(delivery: Delivery, topic: str, elapsed_s: float) -> str:
    parts = f"{delivery.delivered:,} delivered + {delivery.too_large:,} too large"
    if delivery.unconfirmed:
        parts += f" + {delivery.unconfirmed:,} not confirmed"
    rate = f"{delivery.delivered / elapsed_s:,.0f}/s" if elapsed_s else ""
    return f"{delivery.read:,} records = {parts}  ({elapsed_s:.1f} s, {rate}) to {topic}"
