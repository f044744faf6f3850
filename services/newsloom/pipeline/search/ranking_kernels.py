"""Loops over what a search found: how near it is, and which stories it speaks for."""

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.search.compiled import Integers, compiled

_PAIR = "Tuple((int64[::1], int64[::1]))"
_FOUND = "int64[::1], int64[::1]"


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
    """The numbers that are nearest of those no further than `reach` from a time, and their
    cosines in thousandths: `limit` of those from `least` on, and all as near as the last of them.

    `dots` are products of vectors of the length `unit`, `times` a ring of a power of two.
    """
    mask = len(times) - 1
    near, cosines, count = np.empty_like(numbers), np.empty_like(dots), 0
    for n in range(len(numbers)):
        cosine = dots[n] // unit
        if cosine >= least and abs(times[numbers[n] & mask] - time) <= reach:
            near[count], cosines[count] = numbers[n], cosine
            count += 1
    near, cosines = near[:count], cosines[:count]
    if count > limit:
        chosen = cosines >= np.partition(cosines, count - limit)[count - limit]
        near, cosines = near[chosen], cosines[chosen]
    return near, cosines


@compiled(f"{_PAIR}({_FOUND}, int32[::1], int64)")
def sum_by_story(
    numbers: Integers, dots: Integers, stories: NDArray[np.int32], least: int
) -> tuple[Integers, Integers]:
    """The stories whose articles' products add up to `least` or more, as first met, and those sums.

    `stories` is a ring of a power of two that says which story an article, by its number, is in.
    """
    ring, size = len(stories) - 1, 16
    while size < 2 * len(numbers):
        size <<= 1
    mask = size - 1
    keys, sums = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    met, count = np.empty(len(numbers), np.int64), 0
    for n in range(len(numbers)):
        story = np.int64(stories[numbers[n] & ring])
        place = story & mask
        while keys[place] != story and keys[place] >= 0:
            place = (place + 1) & mask
        if keys[place] < 0:
            keys[place], met[count] = story, place
            count += 1
        sums[place] += dots[n]
    told = met[:count][sums[met[:count]] >= least]
    return keys[told], sums[told]
