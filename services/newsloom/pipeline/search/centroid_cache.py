"""The centroid cache: the centroids used last are in memory, older ones in the spill file."""

from array import array
from collections import OrderedDict

import orjson

from newsloom.pipeline.spill_store import SpillStore

TermSums = dict[str, int]


class CentroidCache:
    """Centroids by story number. A returned centroid is the cached one: update it in place."""

    def __init__(self, spill_store: SpillStore | None, max_in_memory: int) -> None:
        """Without a spill file, the least recently used beyond `max_in_memory` are dropped."""
        self._spill_store = spill_store
        self._max_in_memory = max_in_memory
        self._in_memory: OrderedDict[int, TermSums] = OrderedDict()
        self._handles: array[int] = array("q")

    def get(self, number: int) -> TermSums | None:
        """The centroid of a story, None if it is not stored. Raises OSError."""
        centroid = self._in_memory.get(number)
        if centroid is not None:
            self._in_memory.move_to_end(number)
        elif handle := self._take_handle(number):
            assert self._spill_store is not None
            centroid = orjson.loads(self._spill_store.read(handle))
            self._spill_store.discard(handle)
            self.put(number, centroid)
        return centroid

    def peek(self, number: int) -> TermSums | None:
        """The centroid of a story if it is in memory, else None. Does not count as a use."""
        return self._in_memory.get(number)

    def put(self, number: int, centroid: TermSums) -> None:
        """Adds a centroid that is not stored; may spill the oldest one. Raises OSError."""
        self._in_memory[number] = centroid
        if len(self._in_memory) > self._max_in_memory:
            oldest, evicted = self._in_memory.popitem(last=False)
            if self._spill_store is not None:
                missing = oldest + 1 - len(self._handles)
                if missing > 0:
                    self._handles.frombytes(bytes(self._handles.itemsize * missing))
                self._handles[oldest] = self._spill_store.write(orjson.dumps(evicted))

    def discard(self, number: int) -> None:
        """Removes the centroid of a story, if it is stored."""
        self._in_memory.pop(number, None)
        if handle := self._take_handle(number):
            assert self._spill_store is not None
            self._spill_store.discard(handle)

    def _take_handle(self, number: int) -> int:
        """Removes and returns the spill file's handle of a centroid; 0 if it is not spilled."""
        if number >= len(self._handles):
            return 0
        handle, self._handles[number] = self._handles[number], 0
        return handle
