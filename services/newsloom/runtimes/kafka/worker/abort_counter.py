"""Counts the transactions of a worker that were begun and not committed.

The count is in memory that is shared with processes forked later. So a new worker counts the
transaction that a killed predecessor left open, and that the brokers abort.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_FORM = struct.Struct("=Q?")
"""The number of aborted transactions, and whether one is open."""


class AbortCounter:
    """One for each kind of worker, created by the parent process of the workers."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FORM.size)

    def settle(self) -> int:
        """The aborted transactions, with one that was left open. Call it when a worker starts."""
        aborted, is_open = _FORM.unpack_from(self._memory)
        aborted += is_open
        _FORM.pack_into(self._memory, 0, aborted, False)
        return int(aborted)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Marks a transaction as open until the block ends without an exception."""
        aborted, _ = _FORM.unpack_from(self._memory)
        _FORM.pack_into(self._memory, 0, aborted, True)
        yield
        _FORM.pack_into(self._memory, 0, aborted, False)
