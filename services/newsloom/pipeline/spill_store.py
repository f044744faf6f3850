"""The port through which a lane keeps bytes outside memory.

`adapters/storage/spill_file.py` implements it with temporary files.
"""

from typing import Protocol


class SpillStore(Protocol):
    """Stores byte strings until the process ends."""

    def write(self, row: bytes) -> int:
        """Stores `row` and returns its handle, which is above 0. Raises OSError."""

    def read(self, handle: int) -> bytes:
        """The bytes stored under `handle`. Raises OSError."""

    def discard(self, handle: int) -> None:
        """Deletes the bytes stored under `handle`."""
