"""Sends article events from files to Kafka, and counts those that the broker has confirmed.

In: sources. Out: records keyed by webUrl, in order, with the bytes of their line. It does not
validate events; the pipeline does. One run sends each event once; a repeated run sends it again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Semaphore, Thread

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import RecordMetadata

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.positions import InputRecord
from newsloom.adapters.inputs.reading import read_all
from newsloom.adapters.inputs.sources import Source
from newsloom.records.event import MAX_URL_CHARACTERS
from newsloom.records.faults import Fault
from newsloom.runtimes.kafka.clients.admin import open_admin, require_topic
from newsloom.runtimes.kafka.clients.connection import (
    REQUEST_TIMEOUT_MS,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    describe_error,
    translate_outages,
)

MAX_BATCH_BYTES = 65_536
LINGER_MS = 5
MAX_READ_AHEAD = 1_000
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(slots=True)
class Delivery:
    """The numbers of records that were read, delivered and too large, and the first error.

    `other` of those that were read are no article events; the first is at `first_other`.
    """

    read: int = 0
    other: int = 0
    first_other: str = ""
    delivered: int = 0
    too_large: int = 0
    error: BaseException | None = None

    @property
    def unconfirmed(self) -> int:
        """Records that may or may not be on the broker."""
        return self.read - self.delivered - self.too_large

    def note(self, done: asyncio.Future[RecordMetadata]) -> None:
        """Counts one answer of the broker, and keeps the first error."""
        if done.cancelled():
            return
        if (error := done.exception()) is None:
            self.delivered += 1
        elif self.error is None:
            self.error = error


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks for progress (records, bytes) and for a record that is too large (place, bytes,
    limit)."""

    advance: Callable[[int, int], None]
    report_too_large: Callable[[str, int, int], None]


async def send_events(
    servers: str, topic: str, sources: Sequence[Source], delivery: Delivery, listeners: Listeners
) -> None:
    """Sends the records of `sources` in order; returns when the broker has confirmed all of them.

    `delivery` holds the counts, also after an exception. Raises OutageError if an input cannot be
    read, if the topic does not exist, and if no broker answers.
    """
    async with open_admin(servers) as admin:
        found = await require_topic(admin, topic)
    limit_bytes = int(found.configs["max.message.bytes"])
    producer = _new_producer(servers, limit_bytes)
    try:
        async with translate_outages(servers, START_TIMEOUT_S):
            await producer.start()
        async with translate_outages(servers):
            for source in sources:
                await _send_all(producer, topic, source, limit_bytes, delivery, listeners)
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                await producer.flush()
        _raise_error(servers, delivery)
    finally:
        # Without a timeout it waits for ever for a lost broker.
        with suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)


def _new_producer(servers: str, limit_bytes: int) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=servers,
        enable_idempotence=True,
        linger_ms=LINGER_MS,
        max_batch_size=min(MAX_BATCH_BYTES, limit_bytes),
        # Refuse a large record here: if the broker refused it, the records sent after it would
        # fail with a sequence error.
        max_request_size=limit_bytes,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


async def _send_all(
    producer: AIOKafkaProducer,
    topic: str,
    source: Source,
    limit_bytes: int,
    delivery: Delivery,
    listeners: Listeners,
) -> None:
    records = read_all(source)
    # A pipe may be silent for a long time. A thread reads it, so that sending does not wait.
    position = 0
    async for record in _read_ahead(records) if source.is_pipe else _read_directly(records):
        value, key = _message(record)
        if key is None:
            delivery.other += 1
            delivery.first_other = delivery.first_other or f"{source.path}:{record.position}"
        if not await _send(producer, topic, value, key, delivery):
            where = f"{source.path}:{record.position}"
            listeners.report_too_large(where, len(value), limit_bytes)
        listeners.advance(1, record.after.bytes - position)
        position = record.after.bytes
        if delivery.error is not None:
            return


async def _send(
    producer: AIOKafkaProducer, topic: str, value: bytes, key: bytes | None, delivery: Delivery
) -> bool:
    """Sends a record and counts it; False if it is too large."""
    delivery.read += 1
    try:
        sent = await producer.send(topic, value, key)
    except _TOO_LARGE:
        delivery.too_large += 1
        return False
    sent.add_done_callback(delivery.note)
    return True


async def _read_ahead(records: Iterator[InputRecord]) -> AsyncIterator[InputRecord]:
    """The records, read ahead by a thread, at most MAX_READ_AHEAD.

    The thread is never joined: it may block on a silent pipe until the process ends.
    """
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    read: deque[InputRecord | Exception | None] = deque()
    slots = Semaphore(MAX_READ_AHEAD)

    def put(item: InputRecord | Exception | None) -> None:
        slots.acquire()
        read.append(item)
        # The reader checks the queue after it clears the event, so no record is missed.
        if not arrived.is_set():
            with suppress(RuntimeError):  # the loop may be closed already
                loop.call_soon_threadsafe(arrived.set)

    Thread(target=_put_all, args=(records, put), daemon=True).start()
    while True:
        while not read:
            arrived.clear()
            if not read:
                await arrived.wait()
        item = read.popleft()
        slots.release()
        if isinstance(item, Exception):
            raise item
        if item is None:
            return
        yield item


async def _read_directly(records: Iterator[InputRecord]) -> AsyncIterator[InputRecord]:
    for record in records:
        yield record


def _put_all(
    records: Iterator[InputRecord], put: Callable[[InputRecord | Exception | None], None]
) -> None:
    """Puts each record, then None; or the exception that ends the reading."""
    try:
        for record in records:
            put(record)
        put(None)
    except Exception as error:
        put(error)


def _message(record: InputRecord) -> tuple[bytes, bytes | None]:
    """The value and the key: a line unchanged, a document as JSON; no key without a valid URL."""
    parsed = record.raw.parse(record.payload)
    if isinstance(parsed, Fault):
        return record.payload, None
    value = orjson.dumps(parsed) if record.is_front_matter else record.payload
    url = parsed.get("webUrl")
    if not isinstance(url, str) or not 0 < len(url) <= MAX_URL_CHARACTERS:
        return value, None
    return value, url.encode("utf-8", "replace")


def _raise_error(servers: str, delivery: Delivery) -> None:
    if delivery.error is not None:
        raise OutageError(f"Kafka at {servers} refused a record: {describe_error(delivery.error)}")
