"""The inputs whose images are being checked, in input order.

In: inputs that have begun. Out: the same inputs, from the first one on. It is bounded in inputs and
in bytes, so a runtime can look far ahead of an input that waits. It neither waits nor checks.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

MAX_INPUTS = 2_048
"""With 5 s for the slowest image, this allows 400 inputs a second."""
MAX_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


class Sharing:
    """The partitions of one process that share the limits evenly, by number."""

    def __init__(self) -> None:
        self.partitions: set[int] = set()

    @property
    def parts(self) -> int:
        """The number of parts."""
        return max(1, len(self.partitions))


class LookAhead(Generic[T]):
    """A queue of inputs that have begun. It can always hold one."""

    def __init__(self, sharing: Sharing | None = None) -> None:
        self._sharing = sharing or Sharing()
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return (item for item, _ in self._items)

    @property
    def first(self) -> T:
        """The input that must be finished first. Call only if there is one."""
        return self._items[0][0]

    @property
    def last(self) -> T:
        """The input that began last. Call only if there is one."""
        return self._items[-1][0]

    @property
    def is_full(self) -> bool:
        """Whether nothing may begin until the first input is finished."""
        parts = self._sharing.parts
        is_over = len(self._items) >= MAX_INPUTS // parts or self._bytes >= MAX_BYTES // parts
        return bool(self._items) and is_over

    def append(self, item: T, size_bytes: int) -> None:
        """Adds an input that has begun."""
        self._items.append((item, size_bytes))
        self._bytes += size_bytes

    def pop_first(self) -> T:
        """Removes the first input and returns it."""
        item, size_bytes = self._items.popleft()
        self._bytes -= size_bytes
        return item
