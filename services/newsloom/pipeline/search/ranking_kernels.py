"""Compiled loops over the documents that a search found: the nearest ones, and sums per story."""

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.search.compiled import Integers, compiled

_PAIR = "Tuple((int64[::1], int64[::1]))"
_FOUND = "int64[::1], int64[::1]"
MAX_COSINE = 1_000


@compiled(f"{_PAIR}({_FOUND}, int64[::1], int64, int64, int64, int64, int64)")
def nearest(
    numbers: Integers,
    dots: Integers,
    times: Integers,
    time: int,
    reach: int,
    unit: int,
    least: int,
    limit: int,
) -> tuple[Integers, Integers]:
    """The numbers of the nearest documents, and their cosines in thousandths, in the given order.

    The `limit` nearest with a cosine of at least `least`, 0 or more, and a time at most `reach`
    from `time`, and all with the same cosine as the last. `dots` are dot products of vectors of
    length `unit`.
    `times` holds the time of a document at its number modulo the length, a power of two.
    """
    # Loops instead of expressions over arrays: those take seconds to compile.
    mask = len(times) - 1
    found, cosines, count = np.empty_like(numbers), np.empty_like(dots), 0
    having = np.zeros(MAX_COSINE + 1, np.int64)  # the number of documents by cosine
    for n in range(len(numbers)):
        cosine = dots[n] // unit
        if cosine >= least and abs(times[numbers[n] & mask] - time) <= reach:
            found[count], cosines[count] = numbers[n], cosine
            having[min(cosine, MAX_COSINE)] += 1
            count += 1
    if count > limit:
        threshold, nearer = MAX_COSINE, having[MAX_COSINE]
        while nearer < limit:
            threshold -= 1
            nearer += having[threshold]
        kept = 0
        for n in range(count):
            if cosines[n] >= threshold:
                found[kept], cosines[kept] = found[n], cosines[n]
                kept += 1
        count = kept
    return found[:count], cosines[:count]


@compiled(f"{_PAIR}({_FOUND}, int32[::1], int64)")
def sum_by_story(
    numbers: Integers, dots: Integers, stories: NDArray[np.int32], least: int
) -> tuple[Integers, Integers]:
    """The numbers of the stories whose articles' dot products add up to `least` or more, and sums.

    In the order of each story's first article. `stories` holds the story of an article at its
    number modulo the length, a power of two.
    """
    ring_mask, size = len(stories) - 1, 16
    while size < 2 * len(numbers):
        size <<= 1
    mask = size - 1  # of a hash table with linear probing; key -1 marks an empty slot
    keys, sums = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    slots, count = np.empty(len(numbers), np.int64), 0
    for n in range(len(numbers)):
        story = np.int64(stories[numbers[n] & ring_mask])
        slot = story & mask
        while keys[slot] != story and keys[slot] >= 0:
            slot = (slot + 1) & mask
        if keys[slot] < 0:
            keys[slot], slots[count] = story, slot
            count += 1
        sums[slot] += dots[n]
    found, totals, kept = np.empty(count, np.int64), np.empty(count, np.int64), 0
    for n in range(count):
        if sums[slots[n]] >= least:
            found[kept], totals[kept] = keys[slots[n]], sums[slots[n]]
            kept += 1
    return found[:kept], totals[:kept]
