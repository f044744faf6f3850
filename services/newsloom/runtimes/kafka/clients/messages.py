"""Records that a worker reads and writes, and the form of a dead letter.

In: a record and its fault. Out: bytes, a topic and a partition. It sends nothing.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from newsloom.pipeline.parse_json import MAX_RECORD_BYTES
from newsloom.records.faults import Fault
from newsloom.runtimes.kafka.topics.definitions import DEAD_LETTERS

KEPT_BYTES = MAX_RECORD_BYTES
"""1 MiB, the largest event that can be read: a dead letter holds at least so much of a value, and
at most so much of a key, if it cannot hold all of the input."""
MAX_TEXT_CHARACTERS = 10_000
"""A header that states a reason is cut here."""

_ERRORS = "__streams.errors."
_OURS = "newsloom."
_MAX_NUMBER_BYTES = 5
"""The size of a number in a record, at most."""

Headers = Sequence[tuple[str, bytes | None]]


class Incoming(Protocol):
    """A record as the client returns it. `timestamp` is in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Outgoing(NamedTuple):
    """A record to send. A value of None makes it a tombstone."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def dead_letter(
    topic: str, partition: int, record: Incoming, fault: Fault, source: str | None
) -> Outgoing:
    """The key, value and headers of the input, with headers that state why it is dead-lettered.

    What is larger than a record of the topic may be is cut: the headers then say so.
    """
    reasons = {
        f"{_ERRORS}exception": type(fault).__qualname__,
        f"{_ERRORS}message": fault.detail,
        f"{_ERRORS}topic": record.topic,
        f"{_ERRORS}partition": str(record.partition),
        f"{_ERRORS}offset": str(record.offset),
        f"{_OURS}reason": fault.reason.value,
        f"{_OURS}stage": fault.stage.value,
        f"{_OURS}field": fault.field,
        f"{_OURS}source": source,
    }
    # A replayed dead letter that fails again states only the latest reason.
    kept = [(name, value) for name, value in record.headers if name not in reasons]
    added = [_header(name, text) for name, text in reasons.items() if text is not None]
    if _size(record.key, record.value, [*kept, *added]) <= DEAD_LETTERS.max_bytes:
        return Outgoing(topic, partition, record.key, record.value, [*kept, *added])
    return Outgoing(topic, partition, *_cut(record.key, record.value, kept, added))


def _header(name: str, text: str) -> tuple[str, bytes]:
    return name, text[:MAX_TEXT_CHARACTERS].encode("utf-8", "replace")


def _cut(
    key: bytes | None, value: bytes | None, kept: Headers, added: Headers
) -> tuple[bytes | None, bytes | None, Headers]:
    """Key, value and headers that fit into the topic, with headers that say what the value was.

    The beginning of the key and of the value is kept, and each header that fits beside them.
    """
    stated = {f"{_OURS}truncated": "true"}
    if value is not None:
        stated[f"{_OURS}size"] = str(len(value))
        stated[f"{_OURS}sha256"] = hashlib.sha256(value).hexdigest()
    kept = [header for header in kept if header[0] not in stated]
    added = [*added, *(_header(name, text) for name, text in stated.items())]
    key = key and key[:KEPT_BYTES]
    room = DEAD_LETTERS.max_bytes - _size(key, None, added) - 2 * _MAX_NUMBER_BYTES
    if value is not None:
        value = value[: max(KEPT_BYTES, room - _size(None, None, kept))]
        room -= len(value)
    fitting, empty = [], _size(None, None, [])
    for header in kept:
        size = _size(None, None, [header]) - empty
        if size <= room:
            fitting.append(header)
            room -= size
    return key, value, [*fitting, *added]


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """The most bytes that a batch of one record has."""
    size: int = DefaultRecordBatchBuilder.estimate_size_in_bytes(key, value, list(headers))
    return size
