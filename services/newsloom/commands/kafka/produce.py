"""`newsloom produce`: sends article events from files to Kafka.

In: files, folders or standard input. Out: records on the Kafka topic article-events, progress on
standard error, and a line of counts on standard output. It does not validate events.
"""

import os
import sys
import time

import click

from newsloom.adapters.inputs.sources import Source, find_sources, total_bytes
from newsloom.commands.display.printable import printable
from newsloom.commands.display.progress import ProgressView
from newsloom.commands.kafka.connect import on_kafka
from newsloom.runtimes.kafka.clients.produce import Delivery, Listeners, send_events
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.settings import Settings


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE...")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def produce(inputs: tuple[str, ...], quiet: bool) -> None:
    """Send article events from files to Kafka.

    FILE is as INPUT of `newsloom run`. Each line, or element of an array, becomes one record of the
    topic article-events, unchanged, with its `webUrl` as the key. Documents are sent as JSON.
    Faulty lines are sent too: the workers turn them into dead letters with a reason.

    At the end, one line says how many records were read and delivered, and another one how many of
    them are no article events. The command can be run again: an event that arrives twice changes
    nothing.

    \b
    Exit codes:
      0    every record was delivered
      1    a record was too large for the topic, none is an article event, or an input or the
           broker failed
      2    unusable arguments, inputs or settings
      130  stopped by Ctrl-C

    \b
    Example:
      newsloom produce examples/fortnight.jsonl
    """
    settings = Settings()
    sources = find_sources(inputs)
    delivery = Delivery()
    if not _send(settings, sources, delivery, quiet):
        if _has_pipe(sources):
            # A thread still reads from the pipe and holds its lock. A normal exit waits for it.
            sys.stdout.flush()
            os._exit(130)
        raise click.exceptions.Exit(130)
    if delivery.other:
        click.echo(
            f"{delivery.other:,} of these records are no article events with a `webUrl`, the first "
            f"at {printable(delivery.first_other)}: the workers make dead letters of them",
            err=True,
        )
    if delivery.too_large or 0 < delivery.other == delivery.read:
        raise click.exceptions.Exit(1)


def _send(settings: Settings, sources: list[Source], delivery: Delivery, is_quiet: bool) -> bool:
    """Sends the records and prints the counts. Returns False if Ctrl-C stopped it."""
    topic = KafkaTopics(settings.kafka_topic_prefix).article_events
    servers, started_at, is_done = settings.kafka_bootstrap_servers, time.monotonic(), False
    try:
        with ProgressView(total_bytes(sources), is_quiet, label="producing") as progress:
            listeners = Listeners(progress.advance, _report_too_large)
            on_kafka(send_events(servers, topic, sources, delivery, listeners))
        is_done = True
    except KeyboardInterrupt:
        return False
    finally:
        if is_done or delivery.read:
            click.echo(_summary(delivery, topic, time.monotonic() - started_at))
    return True


def _has_pipe(sources: list[Source]) -> bool:
    return any(source.is_pipe for source in sources)


def _report_too_large(where: str, size_bytes: int, limit_bytes: int) -> None:
    click.echo(
        f"{printable(where)}: not sent: {size_bytes:,} bytes and its key are more than the limit "
        f"of the Kafka topic, {limit_bytes:,} bytes a record",
        err=True,
    )


def _summary(delivery: Delivery, topic: str, elapsed_s: float) -> str:
    parts = f"{delivery.delivered:,} delivered + {delivery.too_large:,} too large"
    if delivery.unconfirmed:
        parts += f" + {delivery.unconfirmed:,} not confirmed"
    rate = f"{delivery.delivered / elapsed_s:,.0f}/s" if elapsed_s else ""
    return f"{delivery.read:,} records = {parts}  ({elapsed_s:.1f} s, {rate}) to {topic}"
