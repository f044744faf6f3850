"""Lane weights: what the lane is full of counts for less, and a small lane follows the table."""

from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.words.lane_weights import (
    FREE_TEXTS,
    NEAREST_TEXTS,
    SHARE,
    count_repeats,
    mix_weight,
    share_of,
    weigh_in_lane,
)
from newsloom.rules.words.terms import UNIT, vectorise

TITLE = "Selkie ferry aground at Northfield regatta"
RARE, COMMON = 921, 400


def test_a_lane_without_texts_follows_the_table() -> None:
    vector = vectorise(TITLE, "", "en")
    assert weigh_in_lane(vector, "en", [0] * len(vector), 0) == vector


def test_a_term_that_the_lane_is_full_of_loses_its_weight() -> None:
    vector = vectorise(TITLE, "", "en")
    shares = [900 * SHARE * (term == "regatta") for term in vector]
    weighed = weigh_in_lane(vector, "en", shares, 1_000)
    assert list(weighed) == list(vector)
    assert weighed["regatta"] < vector["regatta"] / 3
    assert all(weighed[term] > vector[term] for term in vector if term != "regatta")


@pytest.mark.parametrize("texts", [1, 3_000, 200_000])
def test_the_first_texts_with_a_term_do_not_make_it_common(texts: int) -> None:
    free = [mix_weight(RARE, shares, texts) for shares in range(0, FREE_TEXTS * SHARE + 1, SHARE)]
    assert free == [RARE] * (FREE_TEXTS + 1)
    assert mix_weight(RARE, 40 * SHARE, texts) < RARE


def test_a_word_of_the_language_that_the_lane_lacks_weighs_more_in_it() -> None:
    assert mix_weight(COMMON, 0, 0) == COMMON
    assert COMMON < mix_weight(COMMON, 0, 3_000) < mix_weight(COMMON, 0, 200_000) <= RARE


def test_a_text_counts_less_for_what_its_nearest_texts_hold() -> None:
    own = vectorise(TITLE, "", "en")
    nearest = [vectorise("Selkie ferry crew safe", "", "en"), vectorise("Selkie sinks", "", "en")]
    repeats = dict(zip(own, count_repeats(own, nearest), strict=True))
    assert repeats == {"selkie": 2, "ferry": 1, "aground": 0, "northfield": 0, "regatta": 0}
    assert [share_of(n) for n in (0, 1, 2)] == [SHARE, SHARE // 2, SHARE // 3]
    assert share_of(NEAREST_TEXTS + 5) == share_of(NEAREST_TEXTS) > 0


@given(
    st.lists(st.integers(0, 2_000), min_size=6, max_size=6),
    st.integers(0, 300_000),
)
def test_the_vector_keeps_its_terms_and_its_length(counts: list[int], texts: int) -> None:
    vector = dict(zip(["selkie", "ferry", "aground", "zug", "vexil", "42"], [400] * 6, strict=True))
    weighed = weigh_in_lane(vector, "en", [SHARE * count for count in counts], texts)
    assert list(weighed) == list(vector)
    assert all(1 <= weight <= UNIT for weight in weighed.values())
    length = isqrt(sum(weight * weight for weight in weighed.values()))
    assert length == isqrt(6 * 400 * 400) if not texts else UNIT - 6 <= length <= UNIT + 6


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 921))
def test_more_texts_with_a_term_never_raise_its_weight(
    shares: int, texts: int, weight: int
) -> None:
    assert mix_weight(weight, shares + SHARE, texts) <= mix_weight(weight, shares, texts)
