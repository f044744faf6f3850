"""Recognises whether the part of an input that was read before is still the same.

In: the bytes of an input, in order, or a file that can be read at any place. Out: a digest of the
first 8 MiB, of the last whole block of 8 MiB, and of what follows that block. So a check reads at
most 24 MiB of a file of any size, and all of a file of up to 16 MiB. It misses a change of the same
length in the middle of a larger file: that could be found only by reading all of it at each start.
"""

import os
from hashlib import blake2b
from typing import BinaryIO

BLOCK_BYTES = 8 * 1024 * 1024
_READ_BYTES = 1024 * 1024
_SETTLED_S = 3.0
"""File systems store times in steps of up to two seconds. A file that changed later than this
before it was read could change again without a new time."""


class PartDigest:
    """A digest of the bytes that were read so far. `size` is their number."""

    def __init__(self) -> None:
        self.size = 0
        self.ends_line = True
        self._first = self._last = b""
        self._rest = _new_hash()

    def add(self, read: bytes) -> None:
        """Adds the bytes that follow those that were added before."""
        if not read:
            return
        self.ends_line = read.endswith(b"\n")
        left = memoryview(read)
        while left:
            part = left[: BLOCK_BYTES - self.size % BLOCK_BYTES]
            self._rest.update(part)
            self.size += len(part)
            left = left[len(part) :]
            if self.size % BLOCK_BYTES == 0:
                self._end_block()

    def value(self) -> str:
        """The digest of all bytes that were added, as hex digits."""
        return (self._first + self._last + self._rest.digest()).hex()

    def _end_block(self) -> None:
        self._last, self._rest = self._rest.digest(), _new_hash()
        self._first = self._first or self._last

    def skip_to(self, offset: int) -> None:
        """Continues at `offset`, the beginning of a block; a whole block must be added next."""
        self.size = offset


def digest_of_file(stream: BinaryIO, size: int) -> PartDigest | None:
    """The digest of the first `size` bytes of a file, or None if it is shorter.

    Leaves the stream at offset `size`.
    """
    if os.fstat(stream.fileno()).st_size < size:
        return None
    digest = PartDigest()
    stream.seek(0)
    last_block = (size // BLOCK_BYTES - 1) * BLOCK_BYTES
    if last_block > BLOCK_BYTES:
        _add_up_to(digest, stream, BLOCK_BYTES)
        digest.skip_to(last_block)
        stream.seek(last_block)
    _add_up_to(digest, stream, size)
    return digest if digest.size == size else None


def stamp_of_file(status: os.stat_result, now: float) -> str:
    """What identifies the present content of a file, or nothing if it changed just now.

    The same text means the same content: no program can set the time of the last change.
    """
    if now - status.st_ctime < _SETTLED_S:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_ctime_ns}"


def short_digest(payload: bytes) -> str:
    """The digest of one record, as hex digits."""
    return blake2b(payload, digest_size=16).hexdigest()


def _new_hash() -> "blake2b":
    return blake2b(digest_size=16)


def _add_up_to(digest: PartDigest, stream: BinaryIO, end: int) -> None:
    while read := stream.read(min(_READ_BYTES, end - digest.size)):
        digest.add(read)
