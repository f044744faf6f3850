"""The shelf: where the rows of a lane are laid that were not looked at for a while.

A lane of millions holds in memory what it searches by, and the rest of it on the shelf.
"""

from abc import ABC, abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from newsloom.pipeline.lane.rows import LiveArticle, LiveStory

R = TypeVar("R", LiveArticle, LiveStory)

MAX_IN_MEMORY = 24_576
"""Rows of a kind: some 150 MB of articles."""


class SpillStore(Protocol):
    """Keeps bytes outside of memory, for as long as the process lives."""

    def write(self, row: bytes) -> int:
        """Lays down a row; the handle (above 0) to find it by. Raises OSError."""

    def read(self, handle: int) -> bytes:
        """The row that was laid down under a handle. Raises OSError."""

    def discard(self, handle: int) -> None:
        """Lets go of the row under a handle."""


class CachedRows(ABC, Mapping[str, R], Generic[R]):
    """Rows by id: those lately looked at in memory, the others on the shelf.

    What is got is not to be changed, and what changed is to be put.
    """

    def __init__(self, spill_store: SpillStore | None, max_in_memory: int) -> None:
        """Without a shelf, all stay in memory."""
        self._spill_store = spill_store
        self._max_in_memory = max_in_memory
        self._in_memory: OrderedDict[str, R] = OrderedDict()

    @property
    @abstractmethod
    def _handles(self) -> "array[int]":
        """A column with the handle of each row, 0 for one that does not lie on the shelf."""

    @abstractmethod
    def _slot_of(self, ident: str) -> int | None:
        """Where in that column a row has its place, if it is held."""

    @abstractmethod
    def _pack(self, row: R) -> bytes:
        """A row as it lies on the shelf."""

    @abstractmethod
    def _unpack(self, packed: bytes) -> R:
        """The row that was packed."""

    def __contains__(self, ident: object) -> bool:
        return isinstance(ident, str) and self._slot_of(ident) is not None

    def __getitem__(self, ident: str) -> R:
        row = self.get(ident)
        if row is None:
            raise KeyError(ident)
        return row

    def get(self, ident: str, default: None = None) -> R | None:  # type: ignore[override]
        """The row of that id, None if there is none."""
        row = self._in_memory.get(ident)
        if row is None and (packed := self._packed(ident)) is not None:
            row = self._unpack(packed)
            self._keep(ident, row)
        return row

    def in_memory(self, ident: str) -> R | None:
        """The row of that id, if it is at hand."""
        return self._in_memory.get(ident)

    def _packed(self, ident: str) -> bytes | None:
        """What lies on the shelf of a row that is not in memory; None if there is no such row."""
        slot = self._slot_of(ident)
        if slot is None:
            return None
        assert self._spill_store is not None, f"{ident} is lost"
        return self._spill_store.read(self._handles[slot])

    def _forget(self, ident: str, slot: int) -> None:
        """Lets go of a row, wherever it is."""
        self._in_memory.pop(ident, None)
        handle = self._handles[slot]
        if handle:
            assert self._spill_store is not None, f"{ident} is lost"
            self._spill_store.discard(handle)
            self._handles[slot] = 0

    def _keep(self, ident: str, row: R) -> None:
        """Takes in a row that has its place, and lays aside another where there are too many."""
        self._in_memory[ident] = row
        if self._spill_store is not None and len(self._in_memory) > self._max_in_memory:
            oldest_id, oldest = self._in_memory.popitem(last=False)
            slot = self._slot_of(oldest_id)
            assert slot is not None
            if not self._handles[slot]:
                self._handles[slot] = self._spill_store.write(self._pack(oldest))
