"""The sums of the vectors of stories: those asked for lately in memory, others on the shelf."""

from array import array
from collections import OrderedDict

import orjson

from newsloom.pipeline.spill_store import SpillStore

TermSums = dict[str, int]


class CentroidCache:
    """Sums by the number of a story; what is got is to be changed in place as the story changes."""

    def __init__(self, spill_store: SpillStore | None, max_in_memory: int) -> None:
        """Without a shelf, those beyond what memory is to hold are let go of."""
        self._spill_store = spill_store
        self._max_in_memory = max_in_memory
        self._in_memory: OrderedDict[int, TermSums] = OrderedDict()
        self._handles: array[int] = array("q")

    def get(self, number: int) -> TermSums | None:
        """The sum of a story, None if it is not kept. Raises OSError."""
        total = self._in_memory.get(number)
        if total is not None:
            self._in_memory.move_to_end(number)
        elif handle := self._take_handle(number):
            assert self._spill_store is not None
            total = orjson.loads(self._spill_store.read(handle))
            self._spill_store.discard(handle)
            self.keep(number, total)
        return total

    def at_hand(self, number: int) -> TermSums | None:
        """The sum of a story if it is in memory."""
        return self._in_memory.get(number)

    def keep(self, number: int, total: TermSums) -> None:
        """Takes in a sum that is not kept, and lays aside another. Raises OSError."""
        self._in_memory[number] = total
        if len(self._in_memory) > self._max_in_memory:
            oldest, laid = self._in_memory.popitem(last=False)
            if self._spill_store is not None:
                missing = oldest + 1 - len(self._handles)
                if missing > 0:
                    self._handles.frombytes(bytes(self._handles.itemsize * missing))
                self._handles[oldest] = self._spill_store.write(orjson.dumps(laid))

    def forget(self, number: int) -> None:
        """Lets go of a sum, if it is kept."""
        self._in_memory.pop(number, None)
        if handle := self._take_handle(number):
            assert self._spill_store is not None
            self._spill_store.discard(handle)

    def _take_handle(self, number: int) -> int:
        """Where a sum lies on the shelf, 0 if it does not; it is not looked for there again."""
        if number >= len(self._handles):
            return 0
        handle, self._handles[number] = self._handles[number], 0
        return handle
