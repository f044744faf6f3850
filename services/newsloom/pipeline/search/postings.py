"""Postings: an inverted index of integer term weights over numbered documents, in flat arrays.

A search reads of each term the newest documents only, so that it costs the same however many
there are. All arithmetic is on whole numbers and exact.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from newsloom.pipeline.search import posting_kernels as kernels
from newsloom.pipeline.search.compiled import Integers
from newsloom.rules.words.terms import Vector

MAX_READ = 1536
"""So many entries a search reads at most, shared out evenly among the terms of the text: of a term
in more documents than its share, the newest. An older document that has only such terms in common
with a text is news of another day."""

MAX_LEAVING = 1 << 14
"""Of so many documents, the oldest, those that go are only noted, and swept out in time."""
_SWEEP_EVERY = 64
_SWEEPS = 1024
"""Every so many documents a part of the terms is swept, and all of them in so many times."""
_NO_RING = np.zeros(1, np.int64)
_FIRST_PLACES = 1024
_MAX_LOAD = 0.75
_ARENA_STEP = 1 << 16


class Found(NamedTuple):
    """Documents by number, and what the product of each with the text is."""

    numbers: Integers
    dots: Integers

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Each document with its product."""
        return zip(self.numbers.tolist(), self.dots.tolist(), strict=True)


def hash_terms(vector: Vector) -> Integers:
    """A text as it is searched by: the hashes of its terms, then their weights."""
    return np.fromiter([*map(hash, vector), *vector.values()], np.int64, 2 * len(vector))


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
        self._free = np.zeros(kernels.CLASSES, np.int64)
        self._counts = np.array([0, kernels.FIRST_BLOCK])
        self._newest = 0
        self._first, self._last_gone = 0, -1

    def __len__(self) -> int:
        """How many terms are held."""
        return int(self._counts[kernels.TERMS])

    def add(self, number: int, terms: Integers) -> None:
        """Takes in a document by its number, with its terms as `hash_terms` gives them."""
        count = len(terms) // 2
        self._newest = max(self._newest, number)
        places = len(self._table) // 2
        if len(self) + count > _MAX_LOAD * places:
            table = np.zeros(4 * places, np.int64)
            kernels.rehash(self._table, table)
            self._table = table
        done = 0
        while True:
            done = kernels.add(*self._arrays(), terms, number, done)
            if done == count:
                break
            # Grown where it lies: the array is nobody else's, and the system moves no bytes.
            step = max(_ARENA_STEP, len(self._arena) // 8)
            self._arena.resize(len(self._arena) + step, refcheck=False)
        if self._first and number % _SWEEP_EVERY == 0:
            self.sweep(number // _SWEEP_EVERY % _SWEEPS, _SWEEPS)

    def settle(self) -> None:
        """Brings into order what came out of it."""
        kernels.sort(self._table, self._arena, self._newest)

    def remove(self, number: int, terms: Integers) -> None:
        """Lets go of a document that was taken in with these terms."""
        kernels.remove(*self._arrays(), terms, number, self._newest)

    def forget(self, number: int, first: int) -> None:
        """Notes that a document is to go, one of the MAX_LEAVING from `first` on, before which none
        is left: it is gone once it does not stand in the `ring` that a search is given.
        """
        self._first, self._last_gone = first, max(self._last_gone, number)

    def sweep(self, part: int = 0, parts: int = 1) -> None:
        """Gives back the room of documents that were forgotten, in one part of the terms."""
        pairs = len(self._table) // 2
        start, end = 2 * (pairs * part // parts), 2 * (pairs * (part + 1) // parts)
        kernels.sweep(*self._arrays(), start, end, self._first, self._newest)

    def search(
        self, terms: Integers, least: int, without: Sequence[int] = (), ring: Integers = _NO_RING
    ) -> Found:
        """The documents whose dot product with the text of these terms is at least `least` (above
        0), each with it: exact over what was read. None of those `without`.

        In `ring`, of the size of a power of two, all documents stand at their number modulo that;
        it is needed if any was to be forgotten.
        """
        most = max(1, 2 * self._max_read // (len(terms) or 1))
        gone = np.array(without, np.int64)
        return Found(
            *kernels.search(
                self._table,
                self._arena,
                terms,
                gone,
                most,
                least,
                self._newest,
                ring,
                self._first,
                self._last_gone,
            )
        )

    def canonical(self, ring: Integers = _NO_RING) -> list[tuple[int, list[tuple[int, int]]]]:
        """All postings as (hash of the term, (number, weight)... as they lie), sorted by term."""
        live = set(ring.tolist())
        held = (
            (term, [each for each in entries if each[0] > self._last_gone or each[0] in live])
            for term, entries in kernels.items(self._table, self._arena, self._newest)
        )
        return sorted((term, entries) for term, entries in held if entries)

    def _arrays(self) -> tuple[Integers, kernels.Arena, Integers, Integers]:
        return self._table, self._arena, self._free, self._counts
