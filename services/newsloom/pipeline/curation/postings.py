"""Postings: an inverted index of integer term weights over numbered documents, in packed bytes.

A search reads of each term the newest documents only, so that it costs the same however many
there are. All arithmetic is on whole numbers and exact.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import repeat
from struct import Struct
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]

MAX_READ = 1536
"""So many entries a search reads at most, shared out evenly among the terms of the text: of a term
in more documents than its share, the newest. An older document that has only such terms in common
with a text is news of another day."""

_ENTRY = Struct("=q")
"""The document's number above its weight: one integer serves for both, and sorts."""
_WEIGHT_BITS = 10
_WEIGHT_MASK = (1 << _WEIGHT_BITS) - 1
_MAX_SHORT = 16 * _ENTRY.size
"""So short a list is kept as bytes, in less room; a longer one as a bytearray, which takes on
entries at its end and lets go of those at its head without moving the others."""
_BUCKET_MASK = (1 << 12) - 1
_MANY = 96
"""From here on to sort is faster than to add one by one."""
_PRODUCT_BITS = 20
_PRODUCT_MASK = (1 << _PRODUCT_BITS) - 1


class Postings:
    """Which documents hold which terms, and how much each weighs there (below 2^10).

    Documents come with rising numbers, else `settle` is to be called before the first search.
    """

    def __init__(self, max_read: int = MAX_READ) -> None:
        self._lists: dict[str, bytes | bytearray] = {}
        self._max_read = max_read

    def add(self, number: int, vector: Mapping[str, int]) -> None:
        """Takes in a document by its number."""
        lists, high, pack = self._lists, number << _WEIGHT_BITS, _ENTRY.pack
        for term, weight in vector.items():
            entries = lists.get(term)
            if entries is None:
                lists[term] = pack(high | weight)
            elif len(entries) == _MAX_SHORT:
                lists[term] = bytearray(entries + pack(high | weight))
            else:
                entries += pack(high | weight)
                lists[term] = entries

    def settle(self) -> None:
        """Brings into order what came out of it."""
        for term, entries in self._lists.items():
            if len(entries) > _ENTRY.size:
                sorted_entries = np.sort(np.frombuffer(entries, dtype=np.int64))
                self._lists[term] = type(entries)(sorted_entries.tobytes())

    def remove(self, number: int, vector: Mapping[str, int]) -> None:
        """Lets go of a document that was taken in with this vector."""
        lists, high = self._lists, number << _WEIGHT_BITS
        for term, weight in vector.items():
            entries = lists[term]
            if len(entries) == _ENTRY.size:
                del lists[term]
                continue
            with memoryview(entries) as held, held.cast("q") as numbered:
                start = _ENTRY.size * bisect_left(numbered, high | weight)
            if isinstance(entries, bytearray):
                del entries[start : start + _ENTRY.size]
            else:
                lists[term] = entries[:start] + entries[start + _ENTRY.size :]

    def search(self, vector: Mapping[str, int], least: int) -> dict[int, int]:
        """The documents whose dot product with `vector` is at least `least` (above 0), each with
        it: exact over what was read.
        """
        share = _ENTRY.size * max(1, self._max_read // (len(vector) or 1))
        lists = [entries[-share:] for entries in map(self._lists.get, vector, repeat(b""))]
        counts = [len(entries) // _ENTRY.size for entries in lists]
        joined = np.frombuffer(b"".join(lists), dtype=np.int64)
        products = joined & _WEIGHT_MASK
        products *= np.array(list(vector.values()), dtype=np.int64).repeat(counts)
        # Summed by some of its bits, a document has its own sum at least: most are ruled out.
        buckets = joined >> _WEIGHT_BITS & _BUCKET_MASK
        (near,) = (np.bincount(buckets, products) >= least)[buckets].nonzero()
        add_up = _sort_and_add if len(near) > _MANY else _add
        dots = add_up(joined[near] >> _WEIGHT_BITS, products[near])
        return {number: dot for number, dot in dots if dot >= least}

    def canonical(self) -> list[tuple[str, list[tuple[int, int]]]]:
        """All postings as (term, (number, weight)...), sorted."""
        return sorted(
            (term, [divmod(e, 1 << _WEIGHT_BITS) for (e,) in _ENTRY.iter_unpack(entries)])
            for term, entries in self._lists.items()
        )


def _add(numbers: Integers, products: Integers) -> Iterable[tuple[int, int]]:
    """Each number once, with the sum of its products."""
    dots: dict[int, int] = {}
    for number, product in zip(numbers.tolist(), products.tolist(), strict=True):
        dots[number] = dots.get(number, 0) + product
    return dots.items()


def _sort_and_add(numbers: Integers, products: Integers) -> Iterable[tuple[int, int]]:
    """The same for many, in one sort of plain integers."""
    joined = numbers << _PRODUCT_BITS
    joined |= products
    joined.sort()
    products = joined & _PRODUCT_MASK
    joined >>= _PRODUCT_BITS
    is_first = np.empty(len(joined), dtype=np.bool_)
    is_first[0] = True
    np.not_equal(joined[1:], joined[:-1], out=is_first[1:])
    (starts,) = is_first.nonzero()
    sums = np.add.reduceat(products, starts)
    return zip(joined[starts].tolist(), sums.tolist(), strict=True)
