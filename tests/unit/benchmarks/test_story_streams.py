"""How a grouping is scored against labels: by hand for small ones."""

import pytest

from benchmarks.story_streams import score

# reason: labels, groups, which count, (precision, recall, F1, precision of pairs)
SCORES = {
    "all right": ("aab", "xxy", None, (1.0, 1.0, 1.0, 1.0)),
    "all in one": ("aab", "xxx", None, (5 / 9, 1.0, 5 / 7, 1 / 3)),
    "all alone": ("aab", "xyz", None, (1.0, 2 / 3, 0.8, 1.0)),
    "the one that is wrong does not count": ("aab", "xxx", "110", (2 / 3, 1.0, 0.8, 0.5)),
    "only the one that is wrong counts": ("aab", "xxx", "001", (1 / 3, 1.0, 0.5, 0.0)),
}


@pytest.mark.parametrize("reason", SCORES)
def test_scores(reason: str) -> None:
    gold, grouped, counts, expected = SCORES[reason]
    counted = None if counts is None else [mark == "1" for mark in counts]
    assert score(gold, grouped, counted) == pytest.approx(expected), reason
