"""The spill file: rows that a lane lays aside, in temporary files that end with the process.

Written one after another in segments; a segment whose rows are all gone gives back its room. The
files have no name, so nothing is left behind however the process ends.
"""

import os
import tempfile
import weakref

SEGMENT_BYTES = 64 * 1024 * 1024
WRITE_BYTES = 256 * 1024
"""So much is written at once."""
_LENGTH_BYTES = 4
_READ_BYTES = 4096
"""Most rows are shorter, and read at once."""
_OFFSET_BITS = 32


class _Segment:
    """A file, how much of it is written, and how many of its rows are still wanted.

    What was laid down last is not written yet, but kept in `unwritten`.
    """

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="newsloom-", buffering=0) as file:
            self.descriptor = os.dup(file.fileno())
        self.close = weakref.finalize(self, os.close, self.descriptor)
        self.written = 0
        self.unwritten = bytearray()
        self.rows = 0

    def write(self) -> None:
        """Writes all there is. Raises OSError."""
        while self.unwritten:
            count = os.pwrite(self.descriptor, self.unwritten, self.written)
            self.written += count
            del self.unwritten[:count]

    def read(self, offset: int) -> bytes:
        """The row that begins at an offset. Raises OSError."""
        if offset >= self.written:
            start = offset - self.written
            record = bytes(self.unwritten[start : start + _READ_BYTES])
        else:
            record = os.pread(self.descriptor, min(_READ_BYTES, self.written - offset), offset)
        end = _LENGTH_BYTES + int.from_bytes(record[:_LENGTH_BYTES], "little")
        if end <= len(record):
            return record[_LENGTH_BYTES:end]
        if offset >= self.written:
            return bytes(self.unwritten[start + _LENGTH_BYTES : start + end])
        return os.pread(self.descriptor, end, offset)[_LENGTH_BYTES:]


class SpillFile:
    """A shelf on disk, in the folder that TMPDIR names."""

    def __init__(self, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._segment_bytes = segment_bytes
        self._segments: dict[int, _Segment] = {}
        self._last = 0

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.written for segment in self._segments.values())

    def write(self, row: bytes) -> int:
        """Lays down a row; the handle to find it by. Raises OSError, in words."""
        segment = self._segments.get(self._last)
        try:
            if segment is None or segment.written >= self._segment_bytes:
                self._last += 1
                segment = self._segments[self._last] = _Segment()
            handle = self._last << _OFFSET_BITS | segment.written + len(segment.unwritten)
            segment.unwritten += len(row).to_bytes(_LENGTH_BYTES, "little")
            segment.unwritten += row
            if len(segment.unwritten) >= WRITE_BYTES:
                segment.write()
        except OSError as error:
            raise _in_words(error) from error
        segment.rows += 1
        return handle

    def read(self, handle: int) -> bytes:
        """The row that was laid down under a handle. Raises OSError, in words."""
        try:
            segment = self._segments[handle >> _OFFSET_BITS]
            return segment.read(handle & (1 << _OFFSET_BITS) - 1)
        except OSError as error:
            raise _in_words(error) from error

    def discard(self, handle: int) -> None:
        """Lets go of the row under a handle."""
        number = handle >> _OFFSET_BITS
        segment = self._segments[number]
        segment.rows -= 1
        if not segment.rows and number != self._last:
            self._segments.pop(number).close()


def _in_words(error: OSError) -> OSError:
    reason = error.strerror or str(error)
    folder = tempfile.gettempdir()
    return OSError(error.errno, f"{reason} (rows laid aside in {folder}; TMPDIR names another)")
