"""Lines of what may yet grow or be silent: whoever reads them is told that none has come, and when
a last line has not ended it is kept until it has.
"""

import os
import select
import time
from io import BytesIO
from typing import BinaryIO, Protocol

PAUSE_S = 0.2
"""So long is waited before it is said that no line has come."""
_CHUNK_BYTES = 1024 * 1024


class Lines(Protocol):
    """An open file that is read line by line."""

    def fileno(self) -> int:
        """Its descriptor."""

    def readline(self, limit: int, /) -> bytes | None:
        """A line, cut after `limit` bytes, empty at the end; None while its own end is to come."""


class Followed:
    """A file that grows, and has no end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.fileno = stream.fileno
        self._is_at_end = False

    def readline(self, limit: int, /) -> bytes | None:
        """See Lines."""
        if self._is_at_end:
            time.sleep(PAUSE_S)
        line = self._stream.readline(limit)
        self._is_at_end = not line.endswith(b"\n") and len(line) < limit
        if not self._is_at_end:
            return line
        self._stream.seek(-len(line), os.SEEK_CUR)
        return None


class Pipe:
    """Standard input, which may be silent for long. Nothing else is to read from it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._chunk = BytesIO()
        self._line = bytearray()

    def fileno(self) -> int:
        """See Lines."""
        return self._descriptor

    def readline(self, limit: int, /) -> bytes | None:
        """See Lines."""
        while True:
            self._line += self._chunk.readline(limit - len(self._line))
            if self._line.endswith(b"\n") or len(self._line) == limit:
                break
            if not select.select([self._descriptor], [], [], PAUSE_S)[0]:
                return None
            chunk = os.read(self._descriptor, _CHUNK_BYTES)
            if not chunk:
                break
            self._chunk = BytesIO(chunk)
        line, self._line = bytes(self._line), bytearray()
        return line
