"""Records of any topic as a committed reader sees them, from an offset or a time on.

In: a topic and where to begin. Out: records in the order of each partition, tombstones included.
It belongs to no consumer group and leaves no trace on the broker.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.admin import list_topics, open_admin
from newsloom.runtimes.kafka.clients.connection import (
    REQUEST_TIMEOUT_MS,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    translate_outages,
)
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

POLL_MS = 200
PROBE_EVERY_S = 5.0
"""How long it may be quiet before the broker is asked whether it is still there."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin in each partition: at an offset (negative: from the end) or at a time."""

    offset: int = 0
    since_ms: int | None = None


class Record(Protocol):
    """A record as it is read. `timestamp` is in milliseconds of Unix time."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def resolve_topic(name: str, topics: KafkaTopics, there: Collection[str]) -> str:
    """The full name of the topic called `name` in full, by its suffix, or by how that begins.

    Raises OutageError, with the names there are, when that is none or not there.
    """
    known = [topics.name(t) for t in topics if t.suffix.startswith(name)]
    if name in there:
        return name
    if len(known) == 1 and known[0] in there:
        return known[0]
    if known:
        raise OutageError(f"there is no topic {known[0]}: run `newsloom topics create`")
    names = ", ".join(topic.suffix.removesuffix(".v1") for topic in topics)
    others = sorted(set(there) - {topics.name(topic) for topic in topics})
    also = f"; on this broker also {', '.join(others[:10])}" if others else ""
    raise OutageError(f"there is no topic {name}: name one of {names}{also}")


async def tail(
    servers: str, topics: KafkaTopics, name: str, start: Start, should_follow: bool
) -> AsyncGenerator[Record, None]:
    """Yields the records of topic `name`; to the present end, or for ever if it follows.

    Raises OutageError for a topic that is not there and for a broker that stays away.
    """
    async with open_admin(servers) as admin:
        there = await list_topics(admin)
    topic = resolve_topic(name, topics, there)
    partitions = [TopicPartition(topic, number) for number in range(there[topic])]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    try:
        async with translate_outages(servers, START_TIMEOUT_S):
            await consumer.start()
        async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
            consumer.assign(partitions)
            # Under read_committed this is the end of what is committed.
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
) -> AsyncIterator[Record]:
    heard_at = time.monotonic()
    while True:
        async with translate_outages(servers):
            batches = await consumer.getmany(timeout_ms=POLL_MS)
        for partition, records in batches.items():
            for record in records:
                if ends is None or record.offset < ends[partition]:
                    yield record
        if ends is not None and await _is_past(consumer, ends):
            return
        if batches:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at >= PROBE_EVERY_S:
            # The consumer itself seeks a lost broker for ever and says nothing.
            async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
                await _probe(consumer)
            heard_at = time.monotonic()


async def _is_past(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    # By position, not by count: commit markers and compacted records have offsets too.
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return False
    return True


async def _probe(consumer: AIOKafkaConsumer) -> None:
    """Returns when the broker answers; tries until it is stopped."""
    while True:
        with suppress(KafkaError):
            await consumer.topics()
            return
        await asyncio.sleep(POLL_MS / 1000)
