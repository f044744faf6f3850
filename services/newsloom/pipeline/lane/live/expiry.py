"""The expiry queue: when each live article leaves the window.

Articles are listed by minute. When the lane clock reaches a minute, its articles move to a heap
that orders them by second.
"""

import heapq
from array import array

from newsloom.pipeline.lane.live.article_table import ArticleTable

_MINUTE_S = 60


class ExpiryQueue:
    """Article numbers by the second at which they leave.

    An entry is not deleted when its article is removed or placed again; it is skipped when due.
    """

    def __init__(self, table: ArticleTable) -> None:
        self._table = table
        self._by_minute: dict[int, array[int]] = {}
        self._minutes: list[int] = []
        self._next: list[tuple[int, int]] = []
        self._opened = 0
        """Articles that leave before this minute are in `_next`."""

    def add(self, number: int, leaves_at: int) -> None:
        """Adds an article by its number. `leaves_at` is in Unix seconds."""
        minute = leaves_at // _MINUTE_S
        if minute < self._opened:
            heapq.heappush(self._next, (leaves_at, number))
        elif minute in self._by_minute:
            self._by_minute[minute].append(number)
        else:
            self._by_minute[minute] = array("q", (number,))
            heapq.heappush(self._minutes, minute)

    def due(self, clock: int, limit: int) -> list[int]:
        """The first `limit` live articles that leave by `clock`, by time, then number.

        They are due until they are removed.
        """
        self._open(clock // _MINUTE_S)
        upcoming, due = self._next, list[tuple[int, int]]()
        while upcoming and upcoming[0][0] <= clock and len(due) < limit:
            entry = heapq.heappop(upcoming)
            if self._is_current(entry):
                due.append(entry)
        for entry in due:
            heapq.heappush(upcoming, entry)
        return [number for _, number in due]

    def canonical(self) -> list[tuple[int, int]]:
        """All current entries as (leaves at, number), sorted."""
        leaves_at, slot = self._table.leaves_at, self._table.slot
        later = [(leaves_at[slot(n)], n) for numbers in self._by_minute.values() for n in numbers]
        return sorted(entry for entry in {*self._next, *later} if self._is_current(entry))

    def _open(self, minute: int) -> None:
        """Moves the articles of all minutes up to this one to the heap."""
        while self._minutes and self._minutes[0] <= minute:
            self._opened = heapq.heappop(self._minutes) + 1
            for number in self._by_minute.pop(self._opened - 1):
                if self._table.is_live(number):
                    leaves_at = self._table.leaves_at[self._table.slot(number)]
                    heapq.heappush(self._next, (leaves_at, number))

    def _is_current(self, entry: tuple[int, int]) -> bool:
        leaves_at, number = entry
        slot = self._table.slot(number)
        return self._table.is_live(number) and self._table.leaves_at[slot] == leaves_at
