"""`newsloom tail`: prints the records of a Kafka topic, as text or as JSON Lines.

In: a Kafka topic and where to start. Out: one line for each committed record. It belongs to no
consumer group and commits no offsets.
"""

import re
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import click

from newsloom.commands.kafka.connect import on_kafka
from newsloom.commands.kafka.record_lines import json_line, readable_line
from newsloom.runtimes.kafka.clients.messages import Incoming
from newsloom.runtimes.kafka.clients.tail import Start, read_topic
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.settings import Settings

DEFAULT_OFFSET = -10
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Since(click.ParamType):
    """An ISO 8601 time with a UTC offset, or an age such as 10m."""

    name = "time"

    def convert(
        self, value: str | int, _param: click.Parameter | None, _ctx: click.Context | None
    ) -> int:
        """Milliseconds since 1970-01-01 UTC, never below 0. Fails for any other form of time."""
        if isinstance(value, int):
            return value
        if age := re.fullmatch(r"(\d{1,6})([smhd])", value):
            then = datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        else:
            then = self._parse_time(value)
        return max(0, int(then.timestamp() * 1000))

    def _parse_time(self, value: str) -> datetime:
        try:
            then = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value} is neither a time such as 2026-03-02T10:00:00Z nor an age such as "
                "30s, 10m, 2h or 3d"
            )
        if then.tzinfo is None:
            self.fail(f"{value} has no UTC offset: add Z, or an offset such as +01:00")
        return then


@click.command()
@click.argument("topic", default="curated-articles")
@click.option(
    "--json", "is_json", is_flag=True, help="Print each whole record as a JSON object on one line."
)
@click.option(
    "--from-offset",
    type=int,
    help="The first offset to print, in each partition. A negative number counts from the end.  "
    f"[default: {DEFAULT_OFFSET}]",
)
@click.option(
    "--since",
    type=Since(),
    help="The first time to print: a time with UTC offset (2026-03-02T10:00:00Z), or an age (30s, "
    "10m, 2h, 3d).",
)
@click.option(
    "--follow/--no-follow",
    default=True,
    show_default=True,
    help="At the end, wait for more records, or stop.",
)
@click.option("--limit", type=click.IntRange(1), help="Stop after this number of records.")
def tail(
    topic: str,
    is_json: bool,
    from_offset: int | None,
    since: int | None,
    follow: bool,
    limit: int | None,
) -> None:
    """Print the records of a Kafka topic.

    TOPIC is the full name of a topic, or the name after NEWSLOOM_KAFKA_TOPIC_PREFIX, or the
    beginning of that name if only one topic begins so: `stories`, `dead-letters`. The default is
    curated-articles. Only committed records are printed, in the order of each partition.

    A line shows partition:offset, the time in UTC, the beginning of the key, and a short form of
    the record. With --json it is the whole record.

    \b
    Exit codes:
      0    all requested records were printed
      1    the topic does not exist, or the broker failed
      2    unusable arguments or settings
      130  stopped by Ctrl-C

    \b
    Examples:
      newsloom tail dead-letters --no-follow
      newsloom tail stories --since 2h --json
    """
    if from_offset is not None and since is not None:
        raise click.UsageError("give --from-offset or --since, not both")
    settings = Settings()
    start = Start(DEFAULT_OFFSET if from_offset is None else from_offset, since)
    to_line = json_line if is_json else readable_line
    try:
        on_kafka(_print_records(settings, topic, start, follow, limit, to_line))
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None


async def _print_records(
    settings: Settings,
    topic: str,
    start: Start,
    should_follow: bool,
    limit: int | None,
    to_line: Callable[[Incoming], bytes],
) -> None:
    shown = 0
    servers, topics = settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix)
    async with aclosing(read_topic(servers, topics, topic, start, should_follow)) as records:
        async for record in records:
            sys.stdout.buffer.write(to_line(record))
            sys.stdout.buffer.flush()
            shown += 1
            if shown == limit:
                return
    if not shown:
        click.echo(f"no records of {topic} from that position on", err=True)
