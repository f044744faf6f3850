"""What evidence a labelled stream meets, and weights for it by logistic regression.

In: a stream with its labels, and the weights under which it is grouped. Out: each evidence met with
how right it would have been to heed it; of many of them, weights.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.story_replay import Heard, Replay
from newsloom.rules.evidence import JoinEvidence, MergeEvidence, StoryWeights

_RIDGE = 1.0
_MAX_STEPS = 30


class Row(NamedTuple):
    """Evidence of some stream and story, and how right it was: from 0 to 1."""

    source: tuple[str, str]
    evidence: JoinEvidence | MergeEvidence
    right: float


class Met(NamedTuple):
    """All the evidence that a stream met."""

    joins: list[Row]
    merges: list[Row]


def collect(name: str, replay: Replay, weights: StoryWeights, counted: Sequence[bool]) -> Met:
    """The evidence met by the counted articles of a stream."""
    met = Met([], [])

    def hear(heard: Heard) -> None:
        if counted[heard.article]:
            rows = met.joins if isinstance(heard.evidence, JoinEvidence) else met.merges
            source = name, replay.gold[heard.article]
            rows.append(Row(source, heard.evidence, heard.right))

    replay.group(weights, hear)
    return met


def regress(rows: Sequence[Row], names: Sequence[str], held: Mapping[str, int]) -> dict[str, int]:
    """Weights in thousandths, `bias` first, under which evidence adds up to its log-odds.

    Each stream counts alike, and within it each story by the root of its size. What is `held` has
    that weight whatever the rows say. Newton's method with a little ridge (Hastie, Tibshirani &
    Friedman 2009, 4.4).
    """
    free = [name for name in names if name not in held]
    columns = [names.index(name) for name in free]
    x = np.array([row.evidence for row in rows], dtype=float)[:, columns] / 1000
    y = np.array([row.right for row in rows])
    of_story = Counter(row.source for row in rows)
    weights = np.array([of_story[row.source] ** -0.5 for row in rows])
    streams = [row.source[0] for row in rows]
    of_stream = {s: weights[[each == s for each in streams]].sum() for s in set(streams)}
    weights *= len(rows) / len(of_stream) / np.array([of_stream[s] for s in streams])
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
    told = dict(zip(free, (round(1000 * float(f)) for f in factors), strict=True))
    return {"bias": round(1000 * float(bias)), **{n: held.get(n, told.get(n, 0)) for n in names}}
