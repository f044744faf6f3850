"""Splits an input into lines: a file that grows, or chunks of bytes.

In: an open file, or chunks. Out: lines, or None while no complete line is available, so that the
caller can do other work. An incomplete last line is returned only when its end has arrived or no
more can follow.
"""

import os
import time
from io import BytesIO
from typing import BinaryIO, Protocol

from newsloom.adapters.inputs.chunks import PAUSE_S, Chunks

_COMPARED_BYTES = 4096


class Lines(Protocol):
    """A source of lines."""

    def readline(self, limit: int, /) -> bytes | None:
        """The next line, cut after `limit` bytes; empty at the end of the input.

        None if no complete line is available yet: call again.
        """


class GrowingFile:
    """A file to which lines are appended. It ends only when another file takes its place.

    That is the case when its path names another file that is not empty, or when the line that was
    read last is no longer in the file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = b""
        self._is_at_end = self._is_over = False

    def readline(self, limit: int, /) -> bytes | None:
        """The next line, or None; see `Lines`."""
        if self._is_at_end and not self._is_over:
            time.sleep(PAUSE_S)
            if self._is_overwritten():
                return b""
            self._is_over = self._is_replaced()
        line = self._stream.readline(limit)
        self._is_at_end = not line.endswith(b"\n") and len(line) < limit
        if not self._is_at_end or self._is_over:
            self._last = line[-_COMPARED_BYTES:]
            return line
        self._stream.seek(-len(line), os.SEEK_CUR)
        return None

    def _is_overwritten(self) -> bool:
        before = self._stream.tell() - len(self._last)
        return os.pread(self._stream.fileno(), len(self._last), before) != self._last

    def _is_replaced(self) -> bool:
        try:
            now = os.stat(self._stream.name)
        except FileNotFoundError:
            return False  # It was moved away, and the new file is not there yet.
        # A program that still writes to the moved file has written nothing to the new one.
        return now.st_size > 0 and not os.path.samestat(now, os.fstat(self._stream.fileno()))


class ChunkLines:
    """The lines of chunks."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._chunk = BytesIO()
        self._line = bytearray()

    def readline(self, limit: int, /) -> bytes | None:
        """The next line, empty at the end, or None; see `Lines`."""
        while True:
            self._line += self._chunk.readline(limit - len(self._line))
            if self._line.endswith(b"\n") or len(self._line) == limit:
                break
            chunk = next(self._chunks, b"")
            if chunk is None:
                return None
            if not chunk:
                break
            self._chunk = BytesIO(chunk)
        line, self._line = bytes(self._line), bytearray()
        return line
