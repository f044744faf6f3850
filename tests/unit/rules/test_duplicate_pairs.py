"""Precision and recall of the duplicate rule on hundreds of pairs."""

from collections import Counter

from newsloom.rules.duplicates import is_duplicate
from newsloom.rules.words.terms import UNIT, dot_product, vectorise
from tests.support.duplicate_pairs import Pair, pairs


def _is_judged_duplicate(pair: Pair) -> bool:
    vectors = [vectorise(text.title, text.excerpt, "en") for text in (pair.a, pair.b)]
    return is_duplicate(pair.a, pair.b, dot_product(*vectors) // UNIT)


def test_there_are_enough_pairs_of_both_kinds() -> None:
    all_pairs = list(pairs())
    counts = Counter(pair.is_duplicate for pair in all_pairs)
    assert len({(pair.a, pair.b) for pair in all_pairs}) == len(all_pairs) >= 500
    assert min(counts.values()) >= 200


def test_precision_and_recall() -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    wrong: Counter[str] = Counter()
    for pair in pairs():
        judged = _is_judged_duplicate(pair)
        counts[pair.is_duplicate, judged] += 1
        if judged != pair.is_duplicate:
            wrong[pair.how] += 1
    found = counts[True, True]
    assert found / (found + counts[False, True]) >= 0.98, wrong
    assert found / (found + counts[True, False]) >= 0.90, wrong
