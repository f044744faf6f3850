"""Stories and related articles: what is near enough, in whole numbers and a settled order."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.stories import (
    RELATED_FLOOR,
    RELATED_LIMIT,
    STORY_GAP_S,
    centroid_similarity,
    choose_related,
    is_within_reach,
    rank_stories,
    story_similarity,
)
from newsloom.rules.terms import UNIT, dot_product

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


def test_the_nearest_story_ranks_first_and_ties_go_to_the_lowest_id() -> None:
    ranked = rank_stories({"c": 300, "b": 300, "a": 100, "d": 900})
    assert ranked == [(900, "d"), (300, "b"), (300, "c"), (100, "a")]
    assert rank_stories({}) == []


RELATED = [
    ("nothing near", {}, []),
    ("a stranger", {"a": RELATED_FLOOR - 1}, []),
    ("just near enough", {"a": RELATED_FLOOR}, ["a"]),
    ("the nearest first", {"a": 200, "b": 900, "c": 500}, ["b", "c", "a"]),
    ("ties by lowest id", {"c": 500, "a": 500, "b": 500}, ["a", "b", "c"]),
    (
        "no more than twelve",
        {f"{n:02}": 900 - n for n in range(20)},
        [f"{n:02}" for n in range(12)],
    ),
    (
        "a tie at the twelfth goes to the lowest id",
        {f"{n:02}": 500 for n in reversed(range(20))},
        [f"{n:02}" for n in range(12)],
    ),
]


@pytest.mark.parametrize(("reason", "near", "chosen"), RELATED, ids=[row[0] for row in RELATED])
def test_related_are_chosen(reason: str, near: dict[str, int], chosen: list[str]) -> None:
    assert choose_related(near) == [(article_id, near[article_id]) for article_id in chosen], reason


@given(st.dictionaries(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.integers(0, 1000)))
def test_no_article_left_out_is_nearer_than_one_chosen(near: dict[str, int]) -> None:
    chosen = choose_related(near)
    rest = [similarity for i, similarity in near.items() if i not in dict(chosen)]
    least = chosen[-1][1] if len(chosen) == RELATED_LIMIT else RELATED_FLOOR
    assert len(chosen) <= RELATED_LIMIT
    assert all(similarity <= least for similarity in rest)
