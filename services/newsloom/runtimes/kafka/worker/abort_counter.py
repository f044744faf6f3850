"""Whether a transaction of a worker is open, and how many did not last.

In memory that is shared with the processes forked later, so that a worker knows how the one before
it ended, be it by a SIGKILL. It settles nothing: the brokers do.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_FORM = struct.Struct("=Q?")


class AbortCounter:
    """One for each stage, made by the process that outlives its workers."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FORM.size)

    def settle(self) -> int:
        """How many did not last by now, the one left open among them. As a worker begins."""
        aborted, is_open = _FORM.unpack_from(self._memory)
        aborted += is_open
        _FORM.pack_into(self._memory, 0, aborted, False)
        return int(aborted)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Marks a transaction as open until the block ends well."""
        aborted, _ = _FORM.unpack_from(self._memory)
        _FORM.pack_into(self._memory, 0, aborted, True)
        yield
        _FORM.pack_into(self._memory, 0, aborted, False)
