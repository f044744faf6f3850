"""Scores of a grouping against labels: small cases that were computed by hand."""

import pytest

from benchmarks.story_streams import score

# reason: (labels, groups, which articles count, (precision, recall, F1, precision of pairs))
SCORES = {
    "all correct": ("aab", "xxy", None, (1.0, 1.0, 1.0, 1.0)),
    "all in one": ("aab", "xxx", None, (5 / 9, 1.0, 5 / 7, 1 / 3)),
    "each in its own group": ("aab", "xyz", None, (1.0, 2 / 3, 0.8, 1.0)),
    "the wrong one does not count": ("aab", "xxx", "110", (2 / 3, 1.0, 0.8, 0.5)),
    "only the wrong one counts": ("aab", "xxx", "001", (1 / 3, 1.0, 0.5, 0.0)),
}


@pytest.mark.parametrize("reason", SCORES)
def test_the_scores_of_a_grouping(reason: str) -> None:
    gold, grouped, counts, expected = SCORES[reason]
    counted = None if counts is None else [mark == "1" for mark in counts]
    assert score(gold, grouped, counted) == pytest.approx(expected), reason
