"""The spill file: rows that a lane does not keep in memory, in temporary files.

In: a row as bytes. Out: a handle, with which the row can be read or discarded. Rows are appended to
the last of a list of segments; each segment is a file without a name, which the system deletes when
the process ends, for whatever reason.

    segment 1    length row  length row  length row ...      full: rows are only read or discarded
    segment 2    length row ...                              (closed and deleted: no row is left)
    segment 3    length row  length row | length row ...     the last: rows are appended
                 in the file            | in `unwritten`, up to 256 KiB
                 ^ 4 bytes, little-endian

    handle = segment number << 32 | offset of the row's length in the segment

Segments are numbered from 1, so a handle is greater than 0.
"""

import os
import tempfile
import weakref

SEGMENT_BYTES = 64 * 1024 * 1024
"""Once this many bytes are written to a segment, rows are appended to a new one."""
WRITE_BYTES = 256 * 1024
"""Rows are collected in memory until there are this many bytes, then written at once."""
_LENGTH_BYTES = 4
_READ_BYTES = 4096
"""Most rows are shorter, so that one read call suffices."""
_OFFSET_BITS = 32


class _Segment:
    """A file, the number of bytes written to it, and the number of its rows that are in use.

    The rows that were appended last are in `unwritten` until they are written to the file.
    """

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="newsloom-", buffering=0) as file:
            self.descriptor = os.dup(file.fileno())
        self.close = weakref.finalize(self, os.close, self.descriptor)
        self.written = 0
        self.unwritten = bytearray()
        self.rows = 0

    def write(self) -> None:
        """Writes all of `unwritten` to the file. Raises OSError."""
        while self.unwritten:
            count = os.pwrite(self.descriptor, self.unwritten, self.written)
            self.written += count
            del self.unwritten[:count]

    def read(self, offset: int) -> bytes:
        """The row whose length is stored at `offset`. Raises OSError."""
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
    """Rows in temporary files, in the folder that the environment variable TMPDIR names."""

    def __init__(self, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._segment_bytes = segment_bytes
        self._segments: dict[int, _Segment] = {}
        self._last = 0

    @property
    def size(self) -> int:
        """Bytes written to the files of all segments."""
        return sum(segment.written for segment in self._segments.values())

    def write(self, row: bytes) -> int:
        """Appends a row and returns its handle. Raises OSError, whose message names the folder."""
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
            raise _with_folder(error) from error
        segment.rows += 1
        return handle

    def read(self, handle: int) -> bytes:
        """The row with a handle. Raises OSError, whose message names the folder."""
        try:
            segment = self._segments[handle >> _OFFSET_BITS]
            return segment.read(handle & (1 << _OFFSET_BITS) - 1)
        except OSError as error:
            raise _with_folder(error) from error

    def discard(self, handle: int) -> None:
        """Discards the row with a handle. A full segment without rows is closed and so deleted."""
        number = handle >> _OFFSET_BITS
        segment = self._segments[number]
        segment.rows -= 1
        if not segment.rows and number != self._last:
            self._segments.pop(number).close()


def _with_folder(error: OSError) -> OSError:
    reason = error.strerror or str(error)
    folder = tempfile.gettempdir()
    return OSError(
        error.errno, f"{reason} (the spill file is in {folder}; TMPDIR names another folder)"
    )
