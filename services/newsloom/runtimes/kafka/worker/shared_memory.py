"""What a worker leaves behind when it dies: transactions left open, and the batch it worked on.

Both are in memory that is shared with processes forked later. So their parent can say what a dead
worker was doing, and the next worker knows it too.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

_COUNT_FORM = struct.Struct("=Q?")
"""The number of aborted transactions, and whether one is open."""
_BATCH_FORM = struct.Struct("=qqq250p")
"""Number of inputs (0: no batch), partition, offset, topic. A topic has at most 249 characters."""


class AbortCounter:
    """Counts the transactions that were begun and not committed.

    A new worker also counts the transaction that a killed predecessor left open, and that the
    brokers abort. One for each kind of worker, created by the parent process of the workers.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _COUNT_FORM.size)

    def settle(self) -> int:
        """The aborted transactions, with one that was left open. Call it when a worker starts."""
        aborted, is_open = _COUNT_FORM.unpack_from(self._memory)
        aborted += is_open
        _COUNT_FORM.pack_into(self._memory, 0, aborted, False)
        return int(aborted)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Marks a transaction as open until the block ends without an exception."""
        aborted, _ = _COUNT_FORM.unpack_from(self._memory)
        _COUNT_FORM.pack_into(self._memory, 0, aborted, True)
        yield
        _COUNT_FORM.pack_into(self._memory, 0, aborted, False)


class Batch(NamedTuple):
    """`inputs` records of an input partition, from `offset` on."""

    topic: str
    partition: int
    offset: int
    inputs: int

    def is_at(self, source: tuple[str, int], next_offset: int) -> bool:
        """Whether it is of that partition, and `next_offset` says that it was not committed."""
        return (self.topic, self.partition) == source and self.offset >= next_offset

    def __str__(self) -> str:
        place = f"{self.topic}-{self.partition}@{self.offset}"
        return place if self.inputs == 1 else f"one of {self.inputs} records from {place} on"


class BatchInWork:
    """The batch that a worker processes. Waiting and committing are not part of that work.

    One for each kind of worker, created by the parent process of the workers.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _BATCH_FORM.size)

    def begin(self, batch: Batch) -> None:
        """Remembers the batch until `end`."""
        topic = batch.topic.encode()
        _BATCH_FORM.pack_into(self._memory, 0, batch.inputs, batch.partition, batch.offset, topic)

    def end(self) -> None:
        """The batch was processed, or given up without any suspicion."""
        _BATCH_FORM.pack_into(self._memory, 0, 0, 0, 0, b"")

    def take_left(self) -> Batch | None:
        """The batch that the former worker left. Call it when a worker starts."""
        left = self.left
        self.end()
        return left

    @property
    def left(self) -> Batch | None:
        """The batch that was begun and did not end."""
        inputs, partition, offset, topic = _BATCH_FORM.unpack_from(self._memory)
        return Batch(topic.decode(), partition, offset, inputs) if inputs else None
