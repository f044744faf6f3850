"""The traffic of a chaos run: write events at a steady rate, and measure pauses of the output.

In: brokers, events. Out: article events on Kafka; the longest times in which a subscriber received
nothing.
"""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from tests.support.kafka import Kafka
from tests.support.workers import (
    CURATED,
    ENRICHED,
    EVENTS,
    LANE_STATE,
    MAX_REQUEST_BYTES,
    Event,
)

STEP_S = 0.1
POLL_MS = 100
CODECS = (None, "gzip", "snappy", "lz4", "zstd")
CODEC_S = 7.0
METADATA_AGE_MS = 10_000
"""How soon events are also written to added partitions."""
SHORTEST_S = 3.0
"""A shorter time without records is no pause."""
TAIL_RECORDS = 2_000
"""Read from the end of a topic. More than one batch and an aborted batch together."""


class Feed(threading.Thread):
    """Writes events at a steady rate in a thread. `sent` counts the events written so far.

    It changes the codec of its batches after each CODEC_S, in the order of `codecs`.
    """

    def __init__(
        self,
        kafka: Kafka,
        events: Sequence[Event],
        rate: float,
        codecs: Sequence[str | None] = (None,),
    ) -> None:
        super().__init__(daemon=True)
        self._kafka, self._events, self._rate = kafka, events, rate
        self._codecs = codecs
        self.sent = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Send all events. An exception is stored in `error`."""
        try:
            asyncio.run(self._feed())
        except BaseException as error:
            self.error = error

    def due(self, elapsed_s: float) -> float:
        """The number of events that must be sent `elapsed_s` seconds after the start."""
        return elapsed_s * self._rate

    async def _feed(self) -> None:
        began = time.monotonic()
        pending: set[asyncio.Future[object]] = set()
        async with AsyncExitStack() as stack:
            producers = [
                await stack.enter_async_context(self._producer(codec)) for codec in self._codecs
            ]
            while self.sent < len(self._events):
                elapsed_s = time.monotonic() - began
                producer = producers[int(elapsed_s / CODEC_S) % len(producers)]
                due = min(len(self._events), int(self.due(elapsed_s)))
                for key, value in self._events[self.sent : due]:
                    pending.add(await producer.send(self._kafka.prefix + EVENTS, value, key))
                self.sent = due
                await asyncio.sleep(STEP_S)
                for future in [future for future in pending if future.done()]:
                    pending.discard(future)
                    future.result()
            await asyncio.gather(*pending)

    def _producer(self, codec: str | None) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._kafka.servers,
            compression_type=codec,
            enable_idempotence=True,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=120_000,
            metadata_max_age_ms=METADATA_AGE_MS,
        )


@dataclass(slots=True)
class Pause:
    """A time without committed output. `began_s` is in seconds since the start of the run."""

    began_s: float = 0.0
    length_s: float = 0.0


class PauseMeter(threading.Thread):
    """A subscriber in a thread that measures the pauses between curated records.

    `pauses` holds those of at least SHORTEST_S, the longest first. Pauses before the first record
    do not count. `last_record_at` is a time of `time.monotonic`.
    """

    def __init__(self, kafka: Kafka, began_at: float) -> None:
        super().__init__(daemon=True)
        self._kafka, self._began_at = kafka, began_at
        self._is_ending = threading.Event()
        self.records = 0
        self.last_record_at = began_at
        self.pauses: list[Pause] = []

    def run(self) -> None:
        """Read records until `end` is called."""
        asyncio.run(self._read())

    def end(self) -> None:
        """Stop reading. Later records do not count."""
        self._is_ending.set()
        self.join()

    async def _read(self) -> None:
        async with AIOKafkaConsumer(
            bootstrap_servers=self._kafka.servers, isolation_level="read_committed"
        ) as consumer:
            partition = TopicPartition(self._kafka.prefix + CURATED, 0)
            consumer.assign([partition])
            consumer.seek(partition, 0)
            while not self._is_ending.is_set():
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                if fetched:
                    self._count(sum(map(len, fetched.values())))

    def _count(self, records: int) -> None:
        now = time.monotonic()
        length_s = now - self.last_record_at
        if self.records and length_s >= SHORTEST_S:
            self.pauses.append(Pause(self.last_record_at - self._began_at, length_s))
            self.pauses.sort(key=lambda pause: -pause.length_s)
        self.records += records
        self.last_record_at = now


def is_caught_up(kafka: Kafka) -> bool:
    """Whether the lane has processed all enriched articles."""
    rows = asyncio.run(_tail(kafka, LANE_STATE))
    inputs = asyncio.run(_tail(kafka, ENRICHED))
    positions = [json.loads(row.value)["next_offset"] for row in rows if row.key == b"position"]
    return bool(positions and inputs) and positions[-1] > inputs[-1].offset


async def _tail(kafka: Kafka, topic: str) -> list[ConsumerRecord]:
    """The committed records among the last TAIL_RECORDS offsets of partition 0."""
    partition = TopicPartition(kafka.prefix + topic, 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.servers, isolation_level="read_committed"
    ) as consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        consumer.seek(partition, max(0, end - TAIL_RECORDS))
        records: list[ConsumerRecord] = []
        while await consumer.position(partition) < end:
            for batch in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                records += batch
        return records
