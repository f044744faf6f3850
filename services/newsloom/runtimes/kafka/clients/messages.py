"""What leaves a batch: records for other topics, a dead letter among them.

In: what became of one input. Out: bytes, a topic and a partition. It sends nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from newsloom.records.faults import Fault

_ERRORS = "__streams.errors."
_OURS = "newsloom."

Headers = Sequence[tuple[str, bytes]]


class Incoming(Protocol):
    """A record as the client gives it. `timestamp` is in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Outgoing(NamedTuple):
    """A record to be sent. A value of None is a tombstone."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def dead_letter(
    topic: str, partition: int, record: Incoming, fault: Fault, source: str | None
) -> Outgoing:
    """The input's own key, value and headers, and further headers that say why it is set aside."""
    said = {
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
    # A replayed dead letter that fails again is to say why this time.
    own = [(name, value) for name, value in record.headers if name not in said]
    reasons = [(n, v.encode("utf-8", "replace")) for n, v in said.items() if v is not None]
    return Outgoing(topic, partition, record.key, record.value, [*own, *reasons])
