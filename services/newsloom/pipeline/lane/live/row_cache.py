"""The row cache: the rows of a lane that are in memory; the others are in the spill store.

A lane of millions of articles keeps in memory its search columns and the rows loaded last.
"""

from abc import ABC, abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, TypeVar

from newsloom.pipeline.lane.rows import LiveArticle, LiveStory
from newsloom.pipeline.spill_store import SpillStore

R = TypeVar("R", LiveArticle, LiveStory)

MAX_IN_MEMORY = 24_576
"""The most rows of one kind in memory. For articles these take about 150 MB."""


class CachedRows(ABC, Mapping[str, R], Generic[R]):
    """Rows by id. Eviction is first in, first out: the row that was cached first is evicted first.

    Returned rows are read-only; write a changed row with the `put` of the subclass.
    """

    def __init__(self, spill_store: SpillStore | None, max_in_memory: int) -> None:
        """Without a spill store, all rows stay in memory."""
        self._spill_store = spill_store
        self._max_in_memory = max_in_memory
        self._in_memory: OrderedDict[str, R] = OrderedDict()

    @property
    @abstractmethod
    def _handles(self) -> "array[int]":
        """The column of spill handles, 0 for a row that is not in the spill store."""

    @abstractmethod
    def _slot_of(self, ident: str) -> int | None:
        """The index of a row in that column, None if there is no such row."""

    @abstractmethod
    def _pack(self, row: R) -> bytes:
        """A row as it is written to the spill store."""

    @abstractmethod
    def _unpack(self, packed: bytes) -> R:
        """The row that `_pack` packed."""

    def __contains__(self, ident: object) -> bool:
        return isinstance(ident, str) and self._slot_of(ident) is not None

    def __getitem__(self, ident: str) -> R:
        row = self.get(ident)
        if row is None:
            raise KeyError(ident)
        return row

    def get(self, ident: str, default: None = None) -> R | None:  # type: ignore[override]
        """The row of that id, loaded if necessary, else None. Raises OSError."""
        row = self._in_memory.get(ident)
        if row is None and (packed := self._load(ident)) is not None:
            row = self._unpack(packed)
            self._cache(ident, row)
        return default if row is None else row

    def in_memory(self, ident: str) -> R | None:
        """The row of that id if it is in memory."""
        return self._in_memory.get(ident)

    def _load(self, ident: str) -> bytes | None:
        """The packed form of a row that is not in memory; None if there is no such row."""
        slot = self._slot_of(ident)
        if slot is None:
            return None
        assert self._spill_store is not None, f"{ident} is lost"
        return self._spill_store.read(self._handles[slot])

    def _discard(self, ident: str, slot: int) -> None:
        """Removes a row from memory and from the spill store."""
        self._in_memory.pop(ident, None)
        handle = self._handles[slot]
        if handle:
            assert self._spill_store is not None, f"{ident} is lost"
            self._spill_store.discard(handle)
            self._handles[slot] = 0

    def _cache(self, ident: str, row: R) -> None:
        """Puts a row in memory. Beyond the limit, evicts the row that was cached first."""
        self._in_memory[ident] = row
        if self._spill_store is not None and len(self._in_memory) > self._max_in_memory:
            oldest_id, oldest = self._in_memory.popitem(last=False)
            slot = self._slot_of(oldest_id)
            assert slot is not None
            if not self._handles[slot]:  # else the spill store has it already
                self._handles[slot] = self._spill_store.write(self._pack(oldest))
