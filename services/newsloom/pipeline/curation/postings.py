"""Postings: an inverted index of integer term weights over numbered documents, in compact arrays.

A search reads of each term the newest documents only, so that it costs the same however many
there are. All arithmetic is on whole numbers and exact.
"""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from itertools import repeat
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]

MAX_READ = 1536
"""So many entries a search reads at most, shared out evenly among the terms of the text: of a term
in more documents than its share, the newest. An older document that has only such terms in common
with a text is news of another day."""

_WEIGHT_BITS = 10
_WEIGHT_MASK = (1 << _WEIGHT_BITS) - 1
"""An entry is the document's number above its weight: one array serves for both, and sorts."""
_BUCKET_MASK = (1 << 13) - 1
_NONE: "array[int]" = array("q")
_SUM_BITS = 21
_SUM_MASK = (1 << _SUM_BITS) - 1
"""The product of two weights fits, and so does that of two vectors of length UNIT."""


class Found(NamedTuple):
    """What a search found: numbers, rising, with their exact dot products over what was read."""

    numbers: Integers
    dots: Integers
    is_partial: bool
    """Whether older documents hold terms that were not read."""


class Postings:
    """Which documents hold which terms, and how much each weighs there (below 2^10).

    Documents come with rising numbers, else `settle` is to be called before the first search.
    """

    def __init__(self, max_read: int = MAX_READ) -> None:
        self._lists: dict[str, array[int]] = {}
        self._max_read = max_read

    def add(self, number: int, vector: Mapping[str, int]) -> None:
        """Takes in a document by its number."""
        lists, high = self._lists, number << _WEIGHT_BITS
        for term, weight in vector.items():
            if term in lists:
                lists[term].append(high | weight)
            else:
                lists[term] = array("q", (high | weight,))

    def settle(self) -> None:
        """Brings into order what came out of it."""
        for entries in self._lists.values():
            if len(entries) > 1:
                np.frombuffer(entries, dtype=np.int64).sort()

    def remove(self, number: int, vector: Mapping[str, int]) -> None:
        """Lets go of a document that was taken in with this vector.

        The oldest mostly go first. Taking the head off a long list moves all of it, so the head
        is struck out (weight 0) and cut off a quarter at a time; struck out are only heads.
        """
        lists, high = self._lists, number << _WEIGHT_BITS
        for term, weight in vector.items():
            entries = lists[term]
            place = bisect_left(entries, high | weight)
            if place and entries[place - 1] & _WEIGHT_MASK:
                del entries[place]
            elif 4 * (place + 1) > len(entries):
                del entries[: place + 1]
                if not entries:
                    del lists[term]
            else:
                entries[place] = high

    def search(self, vector: Mapping[str, int], least: int) -> Found:
        """The documents whose dot product with `vector` is at least `least` (above 0)."""
        found = list(map(self._lists.get, vector, repeat(_NONE)))
        lengths, max_read = list(map(len, found)), max(1, self._max_read // (len(found) or 1))
        is_partial = max(lengths, default=0) > max_read
        if is_partial:
            found = [e if len(e) <= max_read else e[-max_read:] for e in found]
            lengths = list(map(len, found))
        joined = np.frombuffer(b"".join(found), dtype=np.int64)
        products = joined & _WEIGHT_MASK
        products *= np.array(list(vector.values()), dtype=np.int64).repeat(lengths)
        numbers = joined >> _WEIGHT_BITS
        # Summed by some of its bits, a document has its own sum at least: most are ruled out.
        buckets = numbers & _BUCKET_MASK
        (near,) = (np.bincount(buckets, products) >= least)[buckets].nonzero()
        return Found(*sum_by_key(numbers[near], products[near], least), is_partial)

    def canonical(self) -> list[tuple[str, list[tuple[int, int]]]]:
        """All postings as (term, (number, weight)...), sorted."""
        return sorted(
            (term, [divmod(e, 1 << _WEIGHT_BITS) for e in entries if e & _WEIGHT_MASK])
            for term, entries in self._lists.items()
        )


def sum_by_key(keys: Integers, values: Integers, least: int) -> tuple[Integers, Integers]:
    """The keys, rising and each once, whose values (below 2^21) add up to `least` at least."""
    # One sort of plain integers is many times faster than a sort by index.
    joined = keys << _SUM_BITS
    joined |= values
    if not len(joined):
        return joined, joined
    joined.sort()
    values = joined & _SUM_MASK
    joined >>= _SUM_BITS
    is_first = np.empty(len(joined), dtype=np.bool_)
    is_first[0] = True
    np.not_equal(joined[1:], joined[:-1], out=is_first[1:])
    (starts,) = is_first.nonzero()
    sums = np.add.reduceat(values, starts)
    (near,) = (sums >= least).nonzero()
    return joined[starts[near]], sums[near]
