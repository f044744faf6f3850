"""Collect the evidence that is weighed in a labelled stream, and fit weights to it.

In: a stream with its labels, and the weights under which it is grouped. Out: every piece of
evidence with the degree to which the labels agree; and weights by logistic regression.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.story_replay import Replay, WeighedEvidence
from newsloom.rules.evidence import JoinEvidence, MergeEvidence, StoryWeights

_RIDGE = 1.0
_MAX_STEPS = 30


class Row(NamedTuple):
    """Evidence, its source (stream name, labelled story), and `right` (see WeighedEvidence)."""

    source: tuple[str, str]
    evidence: JoinEvidence | MergeEvidence
    right: float


class CollectedEvidence(NamedTuple):
    """All the evidence that was weighed in one run of a stream."""

    joins: list[Row]
    merges: list[Row]


def collect(
    name: str, replay: Replay, weights: StoryWeights, counted: Sequence[bool]
) -> CollectedEvidence:
    """The evidence that was weighed for the counted articles of a stream."""
    collected = CollectedEvidence([], [])

    def add_row(weighed: WeighedEvidence) -> None:
        if counted[weighed.article]:
            is_join = isinstance(weighed.evidence, JoinEvidence)
            rows = collected.joins if is_join else collected.merges
            source = name, replay.gold[weighed.article]
            rows.append(Row(source, weighed.evidence, weighed.right))

    replay.group(weights, add_row)
    return collected


def regress(rows: Sequence[Row], names: Sequence[str], fixed: Mapping[str, int]) -> dict[str, int]:
    """Weights in thousandths, `bias` first, with which the weighted sum estimates the log-odds.

    Every stream has the same influence, and within a stream each story has the influence of the
    square root of its size. Names in `fixed` keep the given weight. The method is Newton's, with a
    small ridge penalty (Hastie, Tibshirani & Friedman 2009, 4.4).
    """
    free = [name for name in names if name not in fixed]
    columns = [names.index(name) for name in free]
    x = np.array([row.evidence for row in rows], dtype=float)[:, columns] / 1000
    y = np.array([row.right for row in rows])
    story_sizes = Counter(row.source for row in rows)
    weights = np.array([story_sizes[row.source] ** -0.5 for row in rows])
    streams = [row.source[0] for row in rows]
    sums = {s: weights[[name == s for name in streams]].sum() for s in set(streams)}
    weights *= len(rows) / len(sums) / np.array([sums[s] for s in streams])
    means, spreads = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - means) / spreads, np.ones(len(rows))])
    ridge = np.diag([_RIDGE] * len(free) + [0.0])
    solution = np.zeros(len(free) + 1)
    for _ in range(_MAX_STEPS):
        p = 1 / (1 + np.exp(-z @ solution))
        slope = z.T @ (weights * (p - y)) + ridge @ solution
        step = np.linalg.solve(z.T @ (z * (weights * p * (1 - p))[:, None]) + ridge, slope)
        solution -= step
        if abs(step).max() < 1e-6:
            break
    factors = solution[:-1] / spreads
    bias = solution[-1] - factors @ means
    fitted = dict(zip(free, (round(1000 * float(f)) for f in factors), strict=True))
    return {"bias": round(1000 * float(bias)), **{n: fixed.get(n, fitted.get(n, 0)) for n in names}}
