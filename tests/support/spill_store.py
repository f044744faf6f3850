"""A spill store in memory, in which a test can see the rows that were not discarded."""


class FakeSpillStore:
    """A spill store: rows by handle."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self._last = 0

    def write(self, row: bytes) -> int:
        """Stores a row and returns its handle."""
        self._last += 1
        self.rows[self._last] = row
        return self._last

    def read(self, handle: int) -> bytes:
        """Returns the row of a handle."""
        return self.rows[handle]

    def discard(self, handle: int) -> None:
        """Removes the row of a handle. Raises KeyError if there is none."""
        del self.rows[handle]
