"""Reads lines from a file that grows, or from a pipe that may be silent.

In: an open file or a descriptor. Out: lines, or None while no complete line is available, so that
the caller can do other work. An incomplete last line is returned only when its end has arrived or,
for a pipe, when the pipe is closed.
"""

import os
import select
import time
from io import BytesIO
from typing import BinaryIO, Protocol

PAUSE_S = 0.2
"""Seconds between two attempts to read a line, while none is available."""
_CHUNK_BYTES = 1024 * 1024


class Lines(Protocol):
    """A source of lines."""

    def fileno(self) -> int:
        """The file descriptor."""

    def readline(self, limit: int, /) -> bytes | None:
        """The next line, cut after `limit` bytes; empty at the end of the input.

        None if no complete line is available yet: call again.
        """


class GrowingFile:
    """A file to which lines are appended. It has no end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.fileno = stream.fileno
        self._is_at_end = False

    def readline(self, limit: int, /) -> bytes | None:
        """The next line, or None; see `Lines`. Never empty."""
        if self._is_at_end:
            time.sleep(PAUSE_S)
        line = self._stream.readline(limit)
        self._is_at_end = not line.endswith(b"\n") and len(line) < limit
        if not self._is_at_end:
            return line
        self._stream.seek(-len(line), os.SEEK_CUR)
        return None


class PipeLines:
    """Standard input, which may be silent for a long time. Nothing else may read from it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._chunk = BytesIO()
        self._line = bytearray()

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor

    def readline(self, limit: int, /) -> bytes | None:
        """The next line, empty at the end, or None; see `Lines`."""
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
