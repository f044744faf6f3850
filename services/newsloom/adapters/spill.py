"""The spill file: rows that a lane lays aside, in temporary files that end with the process.

Written one after another in segments; a segment whose rows are all gone gives back its room. The
files have no name, so nothing is left behind however the process ends.
"""

import os
import tempfile
import weakref

SEGMENT_BYTES = 64 * 1024 * 1024
_LENGTH_BYTES = 4
_READ_BYTES = 4096
"""Most rows are shorter, and read at once."""
_OFFSET_BITS = 32


class _Segment:
    """A file, how much of it is written, and how many of its rows are still wanted."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="newsloom-", buffering=0) as file:
            self.descriptor = os.dup(file.fileno())
        self.close = weakref.finalize(self, os.close, self.descriptor)
        self.size = 0
        self.rows = 0


class SpillFile:
    """A shelf on disk, in the folder that TMPDIR names."""

    def __init__(self, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._segment_bytes = segment_bytes
        self._segments: dict[int, _Segment] = {}
        self._last = 0

    def write(self, row: bytes) -> int:
        """Lays down a row; the handle to find it by. Raises OSError, in words."""
        segment = self._segments.get(self._last)
        try:
            if segment is None or segment.size >= self._segment_bytes:
                self._last += 1
                segment = self._segments[self._last] = _Segment()
            record = len(row).to_bytes(_LENGTH_BYTES, "little") + row
            written = os.pwrite(segment.descriptor, record, segment.size)
        except OSError as error:
            raise _in_words(error) from error
        if written < len(record):
            raise _in_words(OSError(None, "no space left"))
        handle = self._last << _OFFSET_BITS | segment.size
        segment.size += len(record)
        segment.rows += 1
        return handle

    def read(self, handle: int) -> bytes:
        """The row that was laid down under a handle. Raises OSError, in words."""
        offset = handle & (1 << _OFFSET_BITS) - 1
        descriptor = self._segments[handle >> _OFFSET_BITS].descriptor
        try:
            record = os.pread(descriptor, _READ_BYTES, offset)
            end = _LENGTH_BYTES + int.from_bytes(record[:_LENGTH_BYTES], "little")
            if end > len(record):
                record = os.pread(descriptor, end, offset)
        except OSError as error:
            raise _in_words(error) from error
        return record[_LENGTH_BYTES:end]

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
