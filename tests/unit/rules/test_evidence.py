"""Evidence: its values, and decisions to join or merge, for which one common word is not enough."""

import tomllib
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.evidence import (
    DEFAULT_WEIGHTS,
    LONE_TERM_COSINE,
    WEIGHTS_FILE,
    Centroid,
    JoinEvidence,
    MergeEvidence,
    article_vector,
    common_terms,
    days,
    doublings,
    join_parts,
    weigh_join,
    weigh_merge,
    weight_tables,
)


def _join(evidence: JoinEvidence) -> int:
    return weigh_join(evidence, DEFAULT_WEIGHTS)


def _merge(evidence: MergeEvidence) -> int:
    return weigh_merge(evidence, DEFAULT_WEIGHTS)


NOTHING = JoinEvidence(*[0] * len(JoinEvidence._fields))
ALIKE = NOTHING._replace(
    cosine=700,
    title=900,
    text=900,
    shared=3000,
    rarest=500,
    nearest=650,
    two_nearest=600,
    votes=1000,
    heaviest=200,
    terms=4000,
)


@given(st.integers(1, 10**6))
def test_doublings_approximate_the_logarithm_and_never_fall(count: int) -> None:
    assert -1 <= log2(count) * 1000 - doublings(count) <= 88
    assert doublings(count + 1) >= doublings(count)


def test_doublings_of_powers_of_two_are_exact() -> None:
    assert [doublings(2**n) for n in range(8)] == [1000 * n for n in range(8)]


TERMS = [
    ("no shared term", {"c": 900}, 1, (0, 0, 0, 0, 0, 0)),
    ("only the term of the title", {"a": 600}, 1, (1000, 360, 1, 600, 360_000, 1000)),
    ("a term of the text", {"b": 800}, 1, (0, 640, 1, 800, 640_000, 1000)),
    ("both", {"a": 600, "b": 800}, 1, (1000, 1000, 2, 800, 1_000_000, 640)),
    ("a term in every fourth article", {"a": 600}, 4, (1000, 360, 1, 600, 360_000, 1000)),
    ("a term in every eighth article", {"a": 600}, 8, (500, 180, 1, 300, 360_000, 1000)),
]


@pytest.mark.parametrize(
    ("reason", "centroid", "size", "expected"), TERMS, ids=[t[0] for t in TERMS]
)
def test_the_evidence_of_common_terms(
    reason: str, centroid: dict[str, int], size: int, expected: tuple[int, ...]
) -> None:
    article = {"a": 600, "b": 800}
    assert common_terms(article_vector(article, 1), Centroid(centroid, size)) == expected, reason


def test_silence_is_counted_in_thousandths_of_days_and_is_never_negative() -> None:
    assert [days(s) for s in (-5, 0, 43_200, 86_400)] == [0, 0, 500, 1000]


def test_a_similar_article_joins_and_another_does_not() -> None:
    assert _join(ALIKE) >= 0 > _join(NOTHING)


def test_a_longer_silence_of_a_story_lowers_the_score() -> None:
    assert _join(ALIKE._replace(silence=3000)) < _join(ALIKE)


def test_one_common_word_is_not_enough_below_the_least_cosine() -> None:
    one_word = ALIKE._replace(shared=doublings(2), cosine=LONE_TERM_COSINE - 1)
    assert _join(one_word) < 0
    assert _join(ALIKE._replace(shared=doublings(2))) >= 0


def test_the_score_is_the_sum_of_its_parts_and_the_bias() -> None:
    parts = join_parts(ALIKE, DEFAULT_WEIGHTS)
    assert abs(sum(parts.values()) + DEFAULT_WEIGHTS.join_bias - _join(ALIKE)) <= len(parts)


def test_similar_stories_merge_and_dissimilar_ones_do_not() -> None:
    two = MergeEvidence(*[0] * len(MergeEvidence._fields))._replace(smaller=2000, larger=3000)
    apart = two._replace(cosine=100, rival=160, own=500, smaller_cosine=200, title=100, text=100)
    alike = two._replace(cosine=800, rival=700, own=700, smaller_cosine=1600, title=900, text=900)
    assert _merge(alike) >= 0 > _merge(apart)


def test_the_file_has_exactly_one_weight_for_each_kind_of_evidence() -> None:
    tables = tomllib.loads(WEIGHTS_FILE.read_text("utf-8"))
    assert list(tables["join"]) == ["bias", *JoinEvidence._fields]
    assert list(tables["merge"]) == ["bias", *MergeEvidence._fields]
    assert all(type(w) is int for table in tables.values() for w in table.values())
    assert weight_tables(DEFAULT_WEIGHTS) == tables
