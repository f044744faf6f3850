"""Postings: an inverted index of integer term weights over numbered documents, in flat arrays.

A search reads a limited number of the newest documents per term, so its cost does not grow with the
index. All arithmetic is exact: whole numbers only.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from newsloom.pipeline.search import posting_kernels
from newsloom.pipeline.search.compiled import Integers
from newsloom.pipeline.search.posting_layout import CLASSES, FIRST_BLOCK, TERMS, Arena
from newsloom.rules.words.terms import Vector

MAX_READ = 1536
"""The most entries that one search reads. Each term of the text gets an equal share; a search reads
the newest documents of a term that has more. An older document that shares only such frequent terms
with the text is not found: it reports another occurrence."""

MAX_MARKED_DISTANCE = 1 << 14
"""`mark_removed` accepts a document whose number is less than this above the oldest live one. A
later sweep removes the entries of marked documents."""
_SWEEP_EVERY = 64
"""When the number of an added document is a multiple of this, one part of the places is swept."""
_SWEEPS = 1024
"""The number of parts: a full sweep takes 65,536 documents."""
_NO_RING = np.zeros(1, np.int64)
_FIRST_PLACES = 1024
_MAX_LOAD = 0.75
_ARENA_STEP = 1 << 16


class Found(NamedTuple):
    """The numbers of the documents found, and the dot product of each with the text."""

    numbers: Integers
    dots: Integers

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Each document number with its dot product."""
        return zip(self.numbers.tolist(), self.dots.tolist(), strict=True)


def hash_terms(vector: Vector) -> Integers:
    """A term vector as one array: the hashes of all terms, then the weight of each."""
    return np.fromiter([*map(hash, vector), *vector.values()], np.int64, 2 * len(vector))


class Postings:
    """Which documents hold which terms, and the weight of each term there (1 to 1,023).

    Document numbers must rise; if not, call `sort` before the first search or removal. No two may
    be more than NUMBER_MASK apart. A term is identified by Python's keyed 64-bit hash: for four
    million terms the probability of any collision is one in two million, and the key, which differs
    in each process, prevents collisions on purpose.
    """

    def __init__(self, max_read: int = MAX_READ) -> None:
        self._max_read = max_read
        self._table = np.zeros(2 * _FIRST_PLACES, np.int64)
        self._arena = np.zeros(_ARENA_STEP, np.uint32)
        self._free = np.zeros(CLASSES, np.int64)
        self._counts = np.array([0, FIRST_BLOCK])
        self._newest = 0
        self._first, self._last_marked = 0, -1

    def __len__(self) -> int:
        """The number of terms in the index."""
        return int(self._counts[TERMS])

    def add(self, number: int, terms: Integers) -> None:
        """Adds a document under its number, with its terms as `hash_terms` returns them."""
        count = len(terms) // 2
        self._newest = max(self._newest, number)
        self._enlarge_table(count)
        done = posting_kernels.add(*self._arrays(), terms, number, 0)
        while done < count:
            self._enlarge_arena()
            done = posting_kernels.add(*self._arrays(), terms, number, done)
        if self._first and number % _SWEEP_EVERY == 0:
            self.sweep(number // _SWEEP_EVERY % _SWEEPS, _SWEEPS)

    def _enlarge_table(self, count: int) -> None:
        """Doubles the table if it has no space for `count` more terms."""
        places = len(self._table) // 2
        if len(self) + count > _MAX_LOAD * places:
            table = np.zeros(4 * places, np.int64)
            posting_kernels.rehash(self._table, table)
            self._table = table

    def _enlarge_arena(self) -> None:
        # No other array shares this memory, and the system can extend it without a copy.
        step = max(_ARENA_STEP, len(self._arena) // 8)
        self._arena.resize(len(self._arena) + step, refcheck=False)

    def sort(self) -> None:
        """Sorts the list of each term by document number."""
        posting_kernels.sort(self._table, self._arena, self._newest)

    def remove(self, number: int, terms: Integers) -> None:
        """Removes the entries of a document that was added with these terms. Raises KeyError."""
        posting_kernels.remove(*self._arrays(), terms, number, self._newest)

    def mark_removed(self, number: int, first: int) -> None:
        """Marks a document as removed; a later sweep removes its entries.

        `first` is the lowest number that may still be live, less than MAX_MARKED_DISTANCE below
        `number`. After that, each search needs the `ring` of live documents, without this one.
        """
        self._first, self._last_marked = first, max(self._last_marked, number)

    def sweep(self, part: int = 0, parts: int = 1) -> None:
        """Removes the entries of documents before the first live one, in one part of the places."""
        places = len(self._table) // 2
        start, end = 2 * (places * part // parts), 2 * (places * (part + 1) // parts)
        posting_kernels.sweep(*self._arrays(), start, end, self._first, self._newest)

    def search(
        self, terms: Integers, least: int, without: Sequence[int] = (), ring: Integers = _NO_RING
    ) -> Found:
        """The documents whose dot product with a text is at least `least` (above 0), and products.

        Products are exact over the entries that were read, see MAX_READ. `terms` are the text's, as
        `hash_terms` returns them. Documents `without` are skipped. `ring` is needed once
        `mark_removed` was called: an array with each live document's number at that number modulo
        the array's length, a power of two.
        """
        limit = max(1, 2 * self._max_read // (len(terms) or 1))
        query = (terms, np.array(without, np.int64), limit, least, self._newest)
        live = (ring, self._first, self._last_marked)
        return Found(*posting_kernels.search(self._table, self._arena, *query, *live))

    def canonical(self, ring: Integers = _NO_RING) -> list[tuple[int, list[tuple[int, int]]]]:
        """(Hash of a term, its list of (number, weight) without removed documents), sorted."""
        live = set(ring.tolist())
        postings = (
            (term, [entry for entry in entries if entry[0] > self._last_marked or entry[0] in live])
            for term, entries in posting_kernels.items(self._table, self._arena, self._newest)
        )
        return sorted((term, entries) for term, entries in postings if entries)

    def _arrays(self) -> tuple[Integers, Arena, Integers, Integers]:
        return self._table, self._arena, self._free, self._counts
