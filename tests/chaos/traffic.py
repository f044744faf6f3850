"""What flows during a chaos run: events in at a steady rate, and the pauses of what comes out.

In: brokers, events. Out: article events; how long a subscriber had to wait at the longest.
"""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
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
TAIL_RECORDS = 2_000
"""More than a batch and what was undone of another."""


class Feed(threading.Thread):
    """Writes events, so many a second, whatever happens; `sent` of them so far."""

    def __init__(self, kafka: Kafka, events: Sequence[Event], rate: float) -> None:
        super().__init__(daemon=True)
        self._kafka, self._events, self._rate = kafka, events, rate
        self.sent = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Sends all; an error is kept for who asks."""
        try:
            asyncio.run(self._feed())
        except BaseException as error:
            self.error = error

    def due(self, elapsed_s: float) -> float:
        """How many events are to be sent so long after the beginning."""
        return elapsed_s * self._rate

    async def _feed(self) -> None:
        began = time.monotonic()
        pending: set[asyncio.Future[object]] = set()
        async with AIOKafkaProducer(
            bootstrap_servers=self._kafka.servers,
            enable_idempotence=True,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=120_000,
        ) as producer:
            while self.sent < len(self._events):
                due = min(len(self._events), int(self.due(time.monotonic() - began)))
                for key, value in self._events[self.sent : due]:
                    pending.add(await producer.send(self._kafka.prefix + EVENTS, value, key))
                self.sent = due
                await asyncio.sleep(STEP_S)
                for done in [future for future in pending if future.done()]:
                    pending.discard(done)
                    done.result()
            await asyncio.gather(*pending)


@dataclass(slots=True)
class Pause:
    """A time without committed output, in seconds since the beginning of the run."""

    began_s: float = 0.0
    length_s: float = 0.0


class Watch(threading.Thread):
    """A subscriber, who notes when records come. Pauses count from the first record on."""

    def __init__(self, kafka: Kafka, began_at: float) -> None:
        super().__init__(daemon=True)
        self._kafka, self._began_at = kafka, began_at
        self._is_ending = threading.Event()
        self.records = 0
        self.heard_at = began_at
        self.pauses: list[Pause] = []

    def run(self) -> None:
        """Reads until it is told to end."""
        asyncio.run(self._watch())

    def end(self) -> None:
        """Ends it; what comes from now on counts no more."""
        self._is_ending.set()
        self.join()

    async def _watch(self) -> None:
        async with AIOKafkaConsumer(
            bootstrap_servers=self._kafka.servers, isolation_level="read_committed"
        ) as consumer:
            partition = TopicPartition(self._kafka.prefix + CURATED, 0)
            consumer.assign([partition])
            consumer.seek(partition, 0)
            while not self._is_ending.is_set():
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                if fetched:
                    self._hear(sum(map(len, fetched.values())))

    def _hear(self, records: int) -> None:
        now = time.monotonic()
        if self.records:
            self.pauses.append(Pause(self.heard_at - self._began_at, now - self.heard_at))
            self.pauses = sorted(self.pauses, key=lambda pause: -pause.length_s)[:3]
        self.records += records
        self.heard_at = now


def is_level(kafka: Kafka) -> bool:
    """Whether the lane has come to the end of its inputs."""
    rows = asyncio.run(_tail(kafka, LANE_STATE))
    inputs = asyncio.run(_tail(kafka, ENRICHED))
    positions = [json.loads(row.value)["next_offset"] for row in rows if row.key == b"position"]
    return bool(positions and inputs) and positions[-1] == inputs[-1].offset + 1


async def _tail(kafka: Kafka, topic: str) -> list[ConsumerRecord]:
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
