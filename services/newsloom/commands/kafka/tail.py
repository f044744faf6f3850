"""`newsloom tail`: the records of a topic on the terminal, readable or as JSON."""

import re
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import click

from newsloom.commands.kafka.connect import on_kafka
from newsloom.commands.kafka.record_lines import json_line, readable_line
from newsloom.runtimes.kafka.clients.tail import Start
from newsloom.runtimes.kafka.clients.tail import tail as tail_topic
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.settings import Settings

DEFAULT_OFFSET = -10
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Since(click.ParamType):
    """A time with its offset, or how long ago; as milliseconds of Unix time."""

    name = "time"

    def convert(
        self, value: str | int, _param: click.Parameter | None, _ctx: click.Context | None
    ) -> int:
        """Milliseconds since 1970."""
        if isinstance(value, int):
            return value
        if ago := re.fullmatch(r"(\d{1,6})([smhd])", value):
            then = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            try:
                then = datetime.fromisoformat(value)
            except ValueError:
                self.fail(f"{value} is neither a time like 2026-03-02T10:00:00Z nor 10m, 2h or 3d")
            if then.tzinfo is None:
                self.fail(f"{value} has no offset: add Z or +01:00")
        return max(0, int(then.timestamp() * 1000))


@click.command()
@click.argument("topic", default="curated-articles")
@click.option(
    "--json", "is_json", is_flag=True, help="A JSON object a line, with the record whole."
)
@click.option(
    "--from-offset",
    type=int,
    help=f"Begin there in each partition; below 0: from the end.  [default: {DEFAULT_OFFSET}]",
)
@click.option("--since", type=Since(), help="Begin at a time (2026-03-02T10:00:00Z), or 10m ago.")
@click.option("--follow/--no-follow", default=True, show_default=True, help="Wait for more.")
@click.option("--limit", type=click.IntRange(1), help="End after so many records.")
def tail(
    topic: str,
    is_json: bool,
    from_offset: int | None,
    since: int | None,
    follow: bool,
    limit: int | None,
) -> None:
    """Show the records of TOPIC (curated-articles unless named) as a committed reader sees them.

    TOPIC is a full name, or how the name goes on after the prefix: stories, dead-letters, ...
    """
    if from_offset is not None and since is not None:
        raise click.UsageError("give --from-offset or --since, not both")
    settings = Settings()
    start = Start(DEFAULT_OFFSET if from_offset is None else from_offset, since)
    to_line = json_line if is_json else readable_line

    async def work() -> None:
        shown = 0
        servers, topics = settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix)
        async with aclosing(tail_topic(servers, topics, topic, start, follow)) as records:
            async for record in records:
                sys.stdout.buffer.write(to_line(record))
                sys.stdout.buffer.flush()
                shown += 1
                if shown == limit:
                    return
        if not shown:
            click.echo(f"no records of {topic} from there on", err=True)

    try:
        on_kafka(work())
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None
