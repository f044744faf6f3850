"""Postings: an inverted index of integer term weights over numbered documents, in flat arrays.

A search reads of each term the newest documents only, so that it costs the same however many
there are. All arithmetic is on whole numbers and exact.
"""

from collections.abc import Mapping

import numpy as np

from newsloom.pipeline.curation import posting_lists as lists
from newsloom.pipeline.curation.posting_lists import NUMBER_MASK, WEIGHT_BITS, Integers

MAX_READ = 1536
"""So many entries a search reads at most, shared out evenly among the terms of the text: of a term
in more documents than its share, the newest. An older document that has only such terms in common
with a text is news of another day."""

_FIRST_PLACES = 1024
_MAX_LOAD = 0.75
_ARENA_STEP = 1 << 16


class Postings:
    """Which documents hold which terms, and how much each weighs there (below 2^10).

    Documents come with rising numbers, else `settle` is to be called before the first search, and
    are never further apart than NUMBER_MASK. Terms are told apart by a keyed hash of 64 bits: of
    four million terms two are taken for one in one of two million lanes, and nobody can make them
    so.
    """

    def __init__(self, max_read: int = MAX_READ) -> None:
        self._max_read = max_read
        self._table = np.zeros(2 * _FIRST_PLACES, np.int64)
        self._arena = np.zeros(_ARENA_STEP, np.uint32)
        self._free = np.zeros(lists.CLASSES, np.int64)
        self._counts = np.array([0, lists.FIRST_BLOCK])
        self._newest = 0

    def __len__(self) -> int:
        """How many terms are held."""
        return int(self._counts[lists.TERMS])

    def add(self, number: int, vector: Mapping[str, int]) -> None:
        """Takes in a document by its number."""
        keys, entries = _keys(vector), _entries(number, vector)
        self._newest = max(self._newest, number)
        places = len(self._table) // 2
        if len(self) + len(keys) > _MAX_LOAD * places:
            table = np.zeros(4 * places, np.int64)
            lists.rehash(self._table, table)
            self._table = table
        done = 0
        while True:
            done = lists.add(
                self._table, self._arena, self._free, self._counts, keys, entries, done
            )
            if done == len(keys):
                return
            # Grown where it lies: the array is nobody else's, and the system moves no bytes.
            step = max(_ARENA_STEP, len(self._arena) // 8)
            self._arena.resize(len(self._arena) + step, refcheck=False)

    def settle(self) -> None:
        """Brings into order what came out of it."""
        lists.sort(self._table, self._arena, self._newest)

    def remove(self, number: int, vector: Mapping[str, int]) -> None:
        """Lets go of a document that was taken in with this vector."""
        keys, entries = _keys(vector), _entries(number, vector)
        arrays = self._table, self._arena, self._free, self._counts
        lists.remove(*arrays, keys, entries, self._newest)

    def search(self, vector: Mapping[str, int], least: int) -> dict[int, int]:
        """The documents whose dot product with `vector` is at least `least` (above 0), each with
        it: exact over what was read.
        """
        most = max(1, self._max_read // (len(vector) or 1))
        keys, weights, newest = _keys(vector), _weights(vector), self._newest
        numbers, dots = lists.search(self._table, self._arena, keys, weights, most, least, newest)
        return dict(zip(numbers.tolist(), dots.tolist(), strict=True))

    def canonical(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """All postings as (hash of the term, (number, weight)... as they lie), sorted by term."""
        return sorted(lists.items(self._table, self._arena, self._newest))


def _keys(vector: Mapping[str, int]) -> Integers:
    return np.fromiter(map(hash, vector), np.int64, len(vector))


def _weights(vector: Mapping[str, int]) -> Integers:
    return np.fromiter(vector.values(), np.int64, len(vector))


def _entries(number: int, vector: Mapping[str, int]) -> Integers:
    return _weights(vector) | (number & NUMBER_MASK) << WEIGHT_BITS
