"""Scores: the parts of quality, heat and its limits, and when a story has grown enough."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.scoring import (
    HEAT_HALF_LIFE_S,
    KNOWN_STANDING,
    MAX_QUALITY,
    PUBLISH_THRESHOLD,
    UNKNOWN_STANDING,
    decayed_heat,
    has_grown,
    is_published,
    lead_heat,
    lead_key,
    quality_parts,
)

GOOD_IMAGE = {"url": "https://img.example/1.jpg", "width": 1200, "height": 630}
SMALL_IMAGE = {"url": "https://img.example/2.jpg", "width": 100, "height": 100}
UNSIZED_IMAGE = {"url": "https://img.example/3.jpg"}
FULL: dict[str, Any] = {"excerpt": "x" * 400, "images": [GOOD_IMAGE]}

PARTS: list[tuple[str, dict[str, Any], bool, dict[str, int]]] = [
    ("a bare item", {}, False, {}),
    ("a clean title", {}, True, {"title": 5}),
    ("an excerpt too short to count", {"excerpt": "x" * 79}, False, {}),
    ("a short excerpt", {"excerpt": "x" * 80}, False, {"excerpt": 10}),
    ("a short excerpt at its longest", {"excerpt": "x" * 199}, False, {"excerpt": 10}),
    ("a full excerpt", {"excerpt": "x" * 200}, False, {"excerpt": 20}),
    ("an image of unknown size", {"images": [UNSIZED_IMAGE]}, False, {"image": 15}),
    ("a small image", {"images": [SMALL_IMAGE]}, False, {"image": 15}),
    ("a large image", {"images": [GOOD_IMAGE]}, False, {"image": 15, "imageSize": 10}),
    ("the first image counts", {"images": [SMALL_IMAGE, GOOD_IMAGE]}, False, {"image": 15}),
    (
        "just large enough",
        {"images": [{"url": "u", "width": 600, "height": 300}]},
        False,
        {"image": 15, "imageSize": 10},
    ),
    (
        "just not large enough",
        {"images": [{"url": "u", "width": 599, "height": 300}]},
        False,
        {"image": 15},
    ),
    ("no images", {"images": []}, False, {}),
    ("an AMP page", {"ampWebUrl": "https://amp.example/"}, False, {"amp": 5}),
    (
        "everything",
        FULL | {"ampWebUrl": "https://amp.example/"},
        True,
        {"excerpt": 20, "image": 15, "imageSize": 10, "amp": 5, "title": 5},
    ),
]


@pytest.mark.parametrize(
    ("reason", "article", "is_clean", "parts"), PARTS, ids=[row[0] for row in PARTS]
)
def test_the_parts_of_quality(
    reason: str, article: dict[str, Any], is_clean: bool, parts: dict[str, int]
) -> None:
    for standing in (0, UNKNOWN_STANDING, KNOWN_STANDING):
        expected = {"provider": standing, **parts}
        assert quality_parts(article, standing, is_title_clean=is_clean) == expected, reason


def test_a_complete_item_of_a_known_outlet_is_published_and_a_bare_unknown_item_is_not() -> None:
    known = sum(quality_parts(FULL, KNOWN_STANDING, is_title_clean=False).values())
    bare = sum(quality_parts({}, UNKNOWN_STANDING, is_title_clean=True).values())
    assert known >= PUBLISH_THRESHOLD > bare
    assert is_published(lead_heat(known, 1))
    assert not is_published(lead_heat(bare, 1))


def test_the_highest_quality_is_within_the_scale() -> None:
    everything = FULL | {"ampWebUrl": "https://amp.example/"}
    assert sum(quality_parts(everything, KNOWN_STANDING, True).values()) <= MAX_QUALITY


HEATS = [
    ("with one provider, heat is quality", 59, 1, 59),
    ("ten for one further provider", 59, 2, 69),
    ("ten for each further provider", 59, 3, 79),
    ("the bonus reaches 100", 59, 11, 159),
    ("the bonus is at most 100", 59, 12, 159),
    ("the bonus of 5,000 providers is 100", 200, 5_000, 300),
    ("no providers count as one", 59, 0, 59),
    ("quality 0 gives heat 0", 0, 1, 0),
]


@pytest.mark.parametrize(("reason", "quality", "count", "heat"), HEATS, ids=[r[0] for r in HEATS])
def test_the_heat_of_a_lead(reason: str, quality: int, count: int, heat: int) -> None:
    assert lead_heat(quality, count) == heat, reason


def test_an_article_is_published_from_the_threshold_on() -> None:
    assert [is_published(heat) for heat in (-1, 0, 69, 70, 300)] == [False] * 3 + [True] * 2


def test_heat_halves_with_each_half_life() -> None:
    assert decayed_heat(120, 0) == 120
    assert decayed_heat(120, HEAT_HALF_LIFE_S) == 60
    assert decayed_heat(120, 3 * HEAT_HALF_LIFE_S) == 15
    assert decayed_heat(120, -HEAT_HALF_LIFE_S) == 120, "a negative age does not raise heat"


@given(st.integers(0, 300), st.integers(0, 10**7), st.integers(0, 10**7))
def test_heat_never_rises_with_age(heat: int, age_s: int, more_s: int) -> None:
    assert heat >= decayed_heat(heat, age_s) >= decayed_heat(heat, age_s + more_s) >= 0


GROWN = [
    ("the first article", 1, 0, True),
    ("no new article", 1, 1, False),
    ("always while small: the second", 2, 1, True),
    ("always while small: the eleventh", 11, 10, True),
    ("one more of eleven is not a tenth", 12, 11, False),
    ("two more of eleven are", 13, 11, True),
    ("two more of thirty are not", 32, 30, False),
    ("three more of thirty are", 33, 30, True),
    ("nine more of a hundred are not", 109, 100, False),
    ("ten more of a hundred are", 110, 100, True),
    ("fewer articles are no growth", 8, 9, False),
]


@pytest.mark.parametrize(
    ("reason", "count", "published_count", "grown"), GROWN, ids=[r[0] for r in GROWN]
)
def test_whether_a_story_has_grown_enough(
    reason: str, count: int, published_count: int, grown: bool
) -> None:
    assert has_grown(count, published_count) is grown, reason


def test_a_growing_story_is_published_less_and_less_often() -> None:
    published_count, publications = 0, 0
    for count in range(1, 1_001):
        if has_grown(count, published_count):
            published_count, publications = count, publications + 1
    assert publications < 60


def test_the_better_lead_sorts_first() -> None:
    morning, noon = "2026-03-02T08:00:00Z", "2026-03-02T12:00:00Z"
    better = lead_key(60, noon, "f" * 32)
    earlier = lead_key(59, morning, "e" * 32)
    low_id, high_id = lead_key(59, noon, "a" * 32), lead_key(59, noon, "b" * 32)
    assert sorted([high_id, low_id, earlier, better]) == [better, earlier, low_id, high_id]
