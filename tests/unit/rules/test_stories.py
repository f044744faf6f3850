"""Stories and related articles: similarities as whole numbers, and the reach of a story."""

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


def test_a_story_of_one_article_is_as_similar_as_the_article() -> None:
    article = {"a": 600, "b": 800}
    square = dot_product(article, article)
    assert story_similarity(square, square) == UNIT
    assert story_similarity(dot_product(article, {"c": UNIT}), square) == 0
    assert story_similarity(dot_product(article, {"a": UNIT}), square) == 600


def test_a_story_of_equal_articles_is_as_similar_as_each_of_them() -> None:
    centroid = {"a": 30 * 600, "b": 30 * 800}
    square = dot_product(centroid, centroid)
    assert story_similarity(dot_product(centroid, {"a": UNIT}), square) == 600


def test_an_empty_story_has_similarity_zero() -> None:
    assert story_similarity(0, 0) == 0
    assert centroid_similarity(0, 0, 0) == 0
    assert centroid_similarity(0, 0, 1_000_000) == 0


@given(VECTORS, VECTORS)
def test_the_similarity_of_centroids_is_their_cosine_for_any_lengths(
    a: dict[str, int], b: dict[str, int]
) -> None:
    dot, square, other = dot_product(a, b), dot_product(a, a), dot_product(b, b)
    similarity = centroid_similarity(dot, square, other)
    assert similarity == centroid_similarity(dot, other, square)
    # The root and the quotient are rounded down; together this can be more than one thousandth.
    assert abs(similarity - 1000 * dot / sqrt(square * other)) <= 1 + 1000 / sqrt(square * other)


HOUR_S = 3600
REACH = [
    ("between its first and last article", 5 * HOUR_S, 0, 10 * HOUR_S, True),
    ("at its last article", 10 * HOUR_S, 0, 10 * HOUR_S, True),
    ("at the end of the gap", STORY_GAP_S, 0, 0, True),
    ("after the gap", STORY_GAP_S + 1, 0, 0, False),
    ("the gap is counted from its last article", 10 * HOUR_S + STORY_GAP_S, 0, 10 * HOUR_S, True),
    ("the gap before its first article", -STORY_GAP_S, 0, 10 * HOUR_S, True),
    ("longer before its first article", -STORY_GAP_S - 1, 0, 10 * HOUR_S, False),
]


@pytest.mark.parametrize(
    ("reason", "time", "first", "last", "expected"), REACH, ids=[row[0] for row in REACH]
)
def test_whether_a_time_is_within_reach_of_a_story(
    reason: str, time: int, first: int, last: int, expected: bool
) -> None:
    assert is_within_reach(time, first, last) is expected, reason
