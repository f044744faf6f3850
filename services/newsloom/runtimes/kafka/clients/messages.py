"""Records that a worker reads and writes, and the form of a dead letter.

In: a record and its fault. Out: bytes, a topic and a partition. It sends nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from newsloom.records.faults import Fault

_ERRORS = "__streams.errors."
_OURS = "newsloom."

Headers = Sequence[tuple[str, bytes]]


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
    """The key, value and headers of the input, with headers that state why it is dead-lettered."""
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
    added = [(n, v.encode("utf-8", "replace")) for n, v in reasons.items() if v is not None]
    return Outgoing(topic, partition, record.key, record.value, [*kept, *added])
