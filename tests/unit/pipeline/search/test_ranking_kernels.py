"""The ranking and sums of search results compared with simple models."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from newsloom.pipeline.search.ranking_kernels import nearest, sum_by_story

RING = 64
DOTS = st.integers(0, 100).map(lambda n: 10_000 * n)
FOUND = st.dictionaries(st.integers(1000, 1000 + RING - 1), DOTS, max_size=50)
TIMES = st.lists(st.integers(0, 30), min_size=RING, max_size=RING)


def _columns(found: dict[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.array(list(found), np.int64), np.array(list(found.values()), np.int64)


@given(FOUND, TIMES, st.integers(1, 8))
def test_the_nearest_include_all_with_the_same_cosine_as_the_last(
    found: dict[int, int], times: list[int], limit: int
) -> None:
    numbers, cosines = nearest(*_columns(found), np.array(times), 15, 10, 10_000, 20, limit)
    within = {
        number: dot // 10_000
        for number, dot in found.items()
        if dot // 10_000 >= 20 and abs(times[number % RING] - 15) <= 10
    }
    least = sorted(within.values(), reverse=True)[:limit][-1:] or [0]
    expected = {number: cosine for number, cosine in within.items() if cosine >= least[0]}
    assert dict(zip(numbers.tolist(), cosines.tolist(), strict=True)) == expected


@given(FOUND, st.lists(st.integers(0, 9), min_size=RING, max_size=RING), DOTS)
def test_dot_products_are_summed_by_story(
    found: dict[int, int], story_of: list[int], least: int
) -> None:
    stories, sums = sum_by_story(*_columns(found), np.array(story_of, np.int32), least)
    expected: dict[int, int] = {}
    for number, dot in found.items():
        story = story_of[number % RING]
        expected[story] = expected.get(story, 0) + dot
    computed = dict(zip(stories.tolist(), sums.tolist(), strict=True))
    assert computed == {story: total for story, total in expected.items() if total >= least}
