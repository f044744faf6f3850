"""Events from files to the article-events topic, each counted when the broker has confirmed it.

In: sources. Out: records keyed by webUrl, in order, with a line's own bytes. It judges no event:
that is the pipeline's. Within one run each is written once; a run repeated writes it again.
"""

import asyncio
import time
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
from newsloom.adapters.inputs.sources import STANDARD_INPUT, InputRecord, Position, Source, read
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
    """How many records were read, and what became of them; the rest is not confirmed."""

    read: int = 0
    delivered: int = 0
    too_large: int = 0
    error: BaseException | None = None

    @property
    def unconfirmed(self) -> int:
        """Records that may or may not have arrived."""
        return self.read - self.delivered - self.too_large

    def note(self, done: asyncio.Future[RecordMetadata]) -> None:
        """Counts one answer of the broker, and keeps the first refusal."""
        if done.cancelled():
            return
        if (error := done.exception()) is None:
            self.delivered += 1
        elif self.error is None:
            self.error = error


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of progress (records, bytes) and of a record too large (where, bytes, limit)."""

    advance: Callable[[int, int], None]
    tell_too_large: Callable[[str, int, int], None]


async def produce(
    servers: str, topic: str, sources: Sequence[Source], delivery: Delivery, listeners: Listeners
) -> None:
    """Sends the records of `sources` in order; returns when the broker has confirmed them all.

    `delivery` holds the counts whenever and however it ends. Raises OutageError for an input that
    cannot be read, a topic that is not there, and a broker that stays away.
    """
    async with open_admin(servers) as admin:
        found = await require_topic(admin, topic)
    limit_bytes = int(found.configs["max.message.bytes"])
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        enable_idempotence=True,
        linger_ms=LINGER_MS,
        max_batch_size=min(MAX_BATCH_BYTES, limit_bytes),
        # A batch the broker refuses would cost those behind it their sequence: refuse it here.
        max_request_size=limit_bytes,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    try:
        async with translate_outages(servers, START_TIMEOUT_S):
            await producer.start()
        async with translate_outages(servers):
            for source in sources:
                await _send_all(producer, topic, source, limit_bytes, delivery, listeners)
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                await producer.flush()
        _stop_at(servers, delivery)
    finally:
        # Otherwise it waits for ever for a broker that is gone.
        with suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)


async def _send_all(
    producer: AIOKafkaProducer,
    topic: str,
    source: Source,
    limit_bytes: int,
    delivery: Delivery,
    listeners: Listeners,
) -> None:
    records = filter(None, read(source, Position(), False, lambda: False, time.time))
    # A pipe may stay silent for long; what was read of it is sent meanwhile.
    arriving = _arriving(records) if source.path == STANDARD_INPUT else _in_turn(records)
    position = 0
    async for record in arriving:
        value, key = _message(record)
        delivery.read += 1
        try:
            sent = await producer.send(topic, value, key)
        except _TOO_LARGE:
            delivery.too_large += 1
            where = f"{source.path}:{record.position}"
            listeners.tell_too_large(where, len(value), limit_bytes)
        else:
            sent.add_done_callback(delivery.note)
        listeners.advance(1, record.after.bytes - position)
        position = record.after.bytes
        if delivery.error is not None:
            return


async def _arriving(records: Iterator[InputRecord]) -> AsyncIterator[InputRecord]:
    """The records as a thread reads them, a bounded number ahead.

    Nobody waits for the thread: it may hang on a silent pipe for as long as the process lives.
    """
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    read: deque[InputRecord | Exception | None] = deque()
    room = Semaphore(MAX_READ_AHEAD)

    def put(item: InputRecord | Exception | None) -> None:
        room.acquire()
        read.append(item)
        # Whoever clears it looks for records afterwards, so none can be missed.
        if not arrived.is_set():
            with suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(arrived.set)

    def work() -> None:
        try:
            for record in records:
                put(record)
            put(None)
        except Exception as error:
            put(error)

    Thread(target=work, daemon=True).start()
    while True:
        while not read:
            arrived.clear()
            if not read:
                await arrived.wait()
        item = read.popleft()
        room.release()
        if isinstance(item, Exception):
            raise item
        if item is None:
            return
        yield item


async def _in_turn(records: Iterator[InputRecord]) -> AsyncIterator[InputRecord]:
    for record in records:
        yield record


def _message(record: InputRecord) -> tuple[bytes, bytes | None]:
    """Value and key: a line as it is, a document as JSON; no key where no URL can be read."""
    parsed = record.parse()
    if isinstance(parsed, Fault):
        return record.payload, None
    value = orjson.dumps(parsed) if record.is_front_matter else record.payload
    url = parsed.get("webUrl")
    if not isinstance(url, str) or not 0 < len(url) <= MAX_URL_CHARACTERS:
        return value, None
    return value, url.encode("utf-8", "replace")


def _stop_at(servers: str, delivery: Delivery) -> None:
    if delivery.error is not None:
        raise OutageError(f"Kafka at {servers} refused a record: {describe_error(delivery.error)}")
