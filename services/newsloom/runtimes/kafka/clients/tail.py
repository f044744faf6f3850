"""The committed records of any topic, from an offset or a time on.

In: a topic and a start. Out: records in the order of each partition, tombstones included. It uses
no consumer group and writes nothing to the broker.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.batches.reading import require_readable
from newsloom.runtimes.kafka.clients.admin import describe_topics, list_topics, open_admin
from newsloom.runtimes.kafka.clients.connection import (
    REQUEST_TIMEOUT_MS,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    translate_outages,
)
from newsloom.runtimes.kafka.clients.messages import Incoming
from newsloom.runtimes.kafka.clients.reader import new_reader
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

POLL_MS = 200
MEND = "to go on after it, use --from-offset {next}"
PROBE_EVERY_S = 5.0
"""The broker is probed when no record has arrived for this time."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where to start in each partition: at an offset (negative: from the end), or at a time in Unix
    milliseconds."""

    offset: int = 0
    since_ms: int | None = None


def resolve_topic(name: str, topics: KafkaTopics, existing: Collection[str]) -> str:
    """The full name of the topic that `name` means: a full name, a suffix, or its beginning.

    Raises OutageError, which lists the existing names, if there is no such topic.
    """
    known = [topics.name(t) for t in topics if t.suffix.startswith(name)]
    if name in existing:
        return name
    if len(known) == 1 and known[0] in existing:
        return known[0]
    if known:
        raise OutageError(f"there is no topic {known[0]}: run `newsloom topics create`")
    names = ", ".join(topic.suffix.removesuffix(".v1") for topic in topics)
    others = sorted(set(existing) - {topics.name(topic) for topic in topics})
    also = f"; on this broker also {', '.join(others[:10])}" if others else ""
    raise OutageError(f"there is no topic {name}: name one of {names}{also}")


async def read_topic(
    servers: str, topics: KafkaTopics, name: str, start: Start, should_follow: bool
) -> AsyncGenerator[Incoming, None]:
    """Yields the records of topic `name` up to its current end, or for ever if `should_follow`.

    Raises OutageError if there is no such topic, if no broker answers, and if a batch cannot be
    read.
    """
    async with open_admin(servers) as admin:
        existing = await list_topics(admin)
        known = [topics.name(topic) for topic in topics if topic.suffix.startswith(name)]
        await describe_topics(admin, set(known) - set(existing))  # they may only be hidden
    topic = resolve_topic(name, topics, existing)
    partitions = [TopicPartition(topic, number) for number in range(existing[topic])]
    consumer = new_reader(servers)
    try:
        async with translate_outages(servers, START_TIMEOUT_S):
            await consumer.start()
        async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
            consumer.assign(partitions)
            # Under read_committed this is the end of the committed records.
            ends = await consumer.end_offsets(partitions)
            await _seek(consumer, partitions, start, ends)
        async for record in _read(consumer, servers, None if should_follow else ends):
            yield record
    finally:
        with suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(consumer.stop(), STOP_TIMEOUT_S)


async def _seek(
    consumer: AIOKafkaConsumer,
    partitions: list[TopicPartition],
    start: Start,
    ends: dict[TopicPartition, int],
) -> None:
    if start.since_ms is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, start.since_ms))
        for partition in partitions:
            at = found[partition]
            consumer.seek(partition, ends[partition] if at is None else at.offset)
        return
    begins = await consumer.beginning_offsets(partitions)
    for partition in partitions:
        end = ends[partition]
        wanted = start.offset if start.offset >= 0 else end + start.offset
        consumer.seek(partition, min(max(wanted, begins[partition]), end))


async def _read(
    consumer: AIOKafkaConsumer, servers: str, ends: dict[TopicPartition, int] | None
) -> AsyncIterator[Incoming]:
    received_at = time.monotonic()
    while True:
        async with translate_outages(servers):
            batches = await consumer.getmany(timeout_ms=POLL_MS)
        for partition, records in batches.items():
            for record in require_readable(records, MEND):
                if ends is None or record.offset < ends[partition]:
                    yield record
        if ends is not None and await _has_reached(consumer, ends):
            return
        if batches:
            received_at = time.monotonic()
        elif time.monotonic() - received_at >= PROBE_EVERY_S:
            # The consumer looks for a lost broker for ever and raises no error.
            async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
                await _probe(consumer)
            received_at = time.monotonic()


async def _has_reached(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    # By position, not by count: transaction markers and compacted records have offsets too.
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return False
    return True


async def _probe(consumer: AIOKafkaConsumer) -> None:
    """Returns when a broker answers; tries until it is cancelled."""
    while True:
        with suppress(KafkaError):
            await consumer.topics()
            return
        await asyncio.sleep(POLL_MS / 1000)
