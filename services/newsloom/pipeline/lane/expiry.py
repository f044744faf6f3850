"""Departures: when each live article leaves the window, kept by the minute until its time nears."""

import heapq
from array import array

from newsloom.pipeline.lane.article_table import ArticleTable

_MINUTE_S = 60


class ExpiryQueue:
    """Articles by the second at which they leave. What has left meanwhile is passed over."""

    def __init__(self, table: ArticleTable) -> None:
        self._table = table
        self._minutes: dict[int, array[int]] = {}
        self._order: list[int] = []
        self._soon: list[tuple[int, int]] = []
        self._opened = 0
        """Minutes before this one stand, article by article, in `_soon`."""

    def add(self, number: int, leaves_at: int) -> None:
        """Notes when the article with that number leaves."""
        minute = leaves_at // _MINUTE_S
        if minute < self._opened:
            heapq.heappush(self._soon, (leaves_at, number))
        elif minute in self._minutes:
            self._minutes[minute].append(number)
        else:
            self._minutes[minute] = array("q", (number,))
            heapq.heappush(self._order, minute)

    def due(self, clock: int) -> list[int]:
        """Numbers of the live articles that leave by `clock`, soonest first, then by number.

        They are due until they are no longer live.
        """
        self._open(clock // _MINUTE_S)
        soon, due = self._soon, []
        while soon and soon[0][0] <= clock:
            entry = heapq.heappop(soon)
            if self._is_current(entry):
                due.append(entry)
        for entry in due:
            heapq.heappush(soon, entry)
        return [number for _, number in due]

    def canonical(self) -> list[tuple[int, int]]:
        """All that are to leave, sorted."""
        leaves_at, slot = self._table.leaves_at, self._table.slot
        later = [(leaves_at[slot(n)], n) for held in self._minutes.values() for n in held]
        return sorted(entry for entry in {*self._soon, *later} if self._is_current(entry))

    def _open(self, minute: int) -> None:
        while self._order and self._order[0] <= minute:
            self._opened = heapq.heappop(self._order) + 1
            for number in self._minutes.pop(self._opened - 1):
                if self._table.is_live(number):
                    leaves_at = self._table.leaves_at[self._table.slot(number)]
                    heapq.heappush(self._soon, (leaves_at, number))

    def _is_current(self, entry: tuple[int, int]) -> bool:
        leaves_at, number = entry
        slot = self._table.slot(number)
        return self._table.is_live(number) and self._table.leaves_at[slot] == leaves_at
