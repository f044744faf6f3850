"""A shelf in memory, that knows of every row whether it is still wanted."""


class FakeSpillStore:
    """Rows by handle."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self._last = 0

    def write(self, row: bytes) -> int:
        """Lays down a row."""
        self._last += 1
        self.rows[self._last] = row
        return self._last

    def read(self, handle: int) -> bytes:
        """The row under a handle."""
        return self.rows[handle]

    def discard(self, handle: int) -> None:
        """Lets go of it; it must be there."""
        del self.rows[handle]
