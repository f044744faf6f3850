"""Stories and related articles: what is near enough, in whole numbers and a settled order."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.stories import (
    STORY_GAP_S,
    centroid_similarity,
    is_within_reach,
    story_similarity,
)
from newsloom.rules.words.terms import UNIT, dot_product

VECTORS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5_000), min_size=1)


def test_a_story_of_one_is_as_near_as_its_article() -> None:
    article = {"a": 600, "b": 800}
    square = dot_product(article, article)
    assert story_similarity(square, square) == UNIT
    assert story_similarity(dot_product(article, {"c": UNIT}), square) == 0
    assert story_similarity(dot_product(article, {"a": UNIT}), square) == 600


def test_a_story_of_many_alike_is_as_near_as_each_of_them() -> None:
    centroid = {"a": 30 * 600, "b": 30 * 800}
    square = dot_product(centroid, centroid)
    assert story_similarity(dot_product(centroid, {"a": UNIT}), square) == 600


def test_an_empty_story_is_near_to_nothing() -> None:
    assert story_similarity(0, 0) == 0
    assert centroid_similarity(0, 0, 0) == 0
    assert centroid_similarity(0, 0, 1_000_000) == 0


@given(VECTORS, VECTORS)
def test_centroids_are_compared_by_their_cosine_whatever_their_lengths(
    a: dict[str, int], b: dict[str, int]
) -> None:
    dot, square, other = dot_product(a, b), dot_product(a, a), dot_product(b, b)
    similarity = centroid_similarity(dot, square, other)
    assert similarity == centroid_similarity(dot, other, square)
    # Both the root and the quotient are rounded down, which may carry over a whole thousandth.
    assert abs(similarity - 1000 * dot / sqrt(square * other)) <= 1 + 1000 / sqrt(square * other)


HOUR_S = 3600
REACH = [
    ("while it runs", 5 * HOUR_S, 0, 10 * HOUR_S, True),
    ("as it ends", 10 * HOUR_S, 0, 10 * HOUR_S, True),
    ("just before it falls silent", STORY_GAP_S, 0, 0, True),
    ("after it fell silent", STORY_GAP_S + 1, 0, 0, False),
    ("counted from its last article", 10 * HOUR_S + STORY_GAP_S, 0, 10 * HOUR_S, True),
    ("what happened before", -STORY_GAP_S, 0, 10 * HOUR_S, True),
    ("what happened long before", -STORY_GAP_S - 1, 0, 10 * HOUR_S, False),
]


@pytest.mark.parametrize(
    ("reason", "time", "first", "last", "expected"), REACH, ids=[row[0] for row in REACH]
)
def test_reach(reason: str, time: int, first: int, last: int, expected: bool) -> None:
    assert is_within_reach(time, first, last) is expected, reason
