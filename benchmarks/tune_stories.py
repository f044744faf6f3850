"""Tune the story weights on labelled streams, and optionally write them to their file.

    python -m benchmarks.tune_stories FOLDER [--steps N] [--write]

In: a folder of labelled streams; `story_streams` describes its files. Out: scores, and with --write
`story_weights.toml`. The same streams and steps give the same weights.

1. Start: logistic regression on the evidence that is weighed.
2. Random search: a walk changes a few weights per step and keeps a change that scores higher. Each
   stream counts twice, in its own order and in a shuffled one, so that the weights do not fit one
   order only.
3. There is one walk per seed. The result is the mean of their end weights, which reduces the effect
   of chance in a single walk.

The weights are also judged on stories that they were not tuned on: each fifth of the stories with
weights tuned on the other four fifths. The streams always hold all stories. The walk for all
stories starts from the best of these: the end weights of its seed's five walks, their mean, and
the weights of a regression.

Newsloom's own stream (story_bridges) is tuned on too, but not counted in the reported mean.
"""

import argparse
import gc
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.stories import Stream, prepare, shuffle
from benchmarks.story_bridges import bridges
from benchmarks.story_regression import Row, collect, regress
from benchmarks.story_replay import Replay
from benchmarks.story_streams import Scores, read_streams, score
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.rules.evidence import (
    DEFAULT_WEIGHTS,
    WEIGHTS_FILE,
    JoinEvidence,
    MergeEvidence,
    story_weights,
    weight_tables,
)

Weights = dict[str, dict[str, int]]
Floats = NDArray[np.float64]

SEEDS = (7, 11, 13, 17, 19, 23, 29, 31)
ROUNDS = 3
"""Rounds of regression. Each adds the evidence weighed under the weights of the round before."""
NOT_TUNED = {("join", "silence")}
"""The streams cover too few days to show what a day of silence means."""
MIN_PRECISION, MIN_PAIR_PRECISION, SHORTFALL_COST = 0.93, 0.88, 0.2
"""Precision below these costs extra. One story about two subjects is worse for a reader than two
stories about one subject.
"""
CAUTION = {"join": {"bias": 100}, "merge": {"bias": 200, "lone": 800}}
"""Subtracted from the tuned weights, so that wrong joins and merges, which every reader sees, are
rarer. The scores on the streams fall by no more than their random variation.
"""
GIVE_UP = 0.01
"""Streams are tried from small to large. A trial ends if its summed score is this far behind."""
_MIN_VARIANCE = 0.05
"""Added to the variance of the evidence along each axis, so that moves stay bounded."""
MIXED = "mixed"
"""The stream that combines all others. It is measured, and tuned on only if it is the only one."""
OWN = "bridges (own)"
"""Newsloom's own stream. It is tuned on, and not counted in the reported mean."""
FOLDS = 5


class Fold(NamedTuple):
    """A fifth of the stories, or the other four. A story is in the same fifth in all streams."""

    number: int
    is_rest: bool = False

    def counted(self, gold: list[str]) -> list[bool]:
        """Whether the story of each article is in the fold."""
        fifths = (crc32(story.encode()) // 2 % FOLDS for story in gold)
        return [(fifth == self.number) != self.is_rest for fifth in fifths]

    def __str__(self) -> str:
        return f"{'all but ' * self.is_rest}fifth {self.number + 1}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, help="folder with pairs of NAME.events.jsonl and NAME.gold.tsv"
    )
    parser.add_argument("--steps", type=int, default=400, help="trials in each walk (400)")
    parser.add_argument("--processes", type=int, default=2, help="walks at the same time (2)")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    arguments = parser.parse_args()
    streams = _replays(arguments.folder)
    with ProcessPoolExecutor(arguments.processes) as pool:
        ends = list(pool.map(partial(walk, arguments.folder, arguments.steps), SEEDS))
    *by_fold, tuned = (_subtract_caution(_mean(found)) for found in zip(*ends, strict=True))
    unseen = [measure(streams, weights, Fold(n)) for n, weights in enumerate(by_fold)]
    for number, scores in enumerate(unseen):
        _print(f"{Fold(number)}, tuned on the rest", scores)
    judged = _pool(streams, unseen)
    for name, f1 in judged.items():
        print(f"  {name:<32} {f1:.4f}")
    judged_mean = mean(f1 for name, f1 in judged.items() if name != OWN)
    print(f"mean F1 on stories not tuned on: {judged_mean:.4f}\n", flush=True)
    reached = measure(streams, tuned, None)
    _print("tuned on all stories", reached)
    if arguments.write:
        WEIGHTS_FILE.write_text(
            _file_text(tuned, streams, _mean_f1(reached), judged_mean, arguments.steps)
        )


def _replays(folder: Path) -> dict[str, Replay]:
    """The streams of a folder, ready to be grouped. Ends the program if there is no usable one."""
    prepared = _prepare(folder)
    if not prepared:
        sys.exit(
            f"{folder}: no labelled stream found: "
            "each needs NAME.events.jsonl and NAME.gold.tsv in this folder"
        )
    streams = {}
    for name, stream in prepared.items():
        try:
            streams[name] = Replay(stream)
        except ValueError as error:
            sys.exit(f"{folder}, stream {name}: {error}")
    return streams


def walk(folder: Path, steps: int, seed: int) -> list[Weights]:
    """The end weights of a seed's walks: one without each fold in turn, and last one for all."""
    prepared = _prepare(folder)
    # The caches contain no reference cycles, so the garbage collector would find nothing to free.
    gc.freeze()
    gc.disable()
    is_all = not prepared.keys() - {MIXED, OWN}
    tuned_on = {name: stream for name, stream in prepared.items() if is_all or name != MIXED}
    tuned_on |= {f"{name}, shuffled": shuffle(stream, seed) for name, stream in tuned_on.items()}
    streams = {name: Replay(stream) for name, stream in tuned_on.items()}
    rests = [Fold(number, is_rest=True) for number in range(FOLDS)]
    found = [tune(streams, steps, seed, rest) for rest in rests]
    return [*found, tune(streams, steps, seed, None, [*found, _mean(found)])]


def _prepare(folder: Path) -> dict[str, Stream]:
    """The streams of a folder and Newsloom's own; empty if the folder holds no stream."""
    streams = dict(read_streams(folder))
    if streams:
        streams[OWN] = bridges()
    catalogue = load_catalogue()
    return {name: prepare(events, catalogue) for name, events in streams.items()}


def measure(
    streams: Mapping[str, Replay], weights: Weights, fold: Fold | None
) -> dict[str, Scores]:
    """The scores of the streams under the weights, by name. Only the fold's articles count.

    Streams without an article of the fold are left out.
    """
    policy = story_weights(weights)
    counted = {
        name: fold.counted(stream.gold) if fold else [True] * len(stream.gold)
        for name, stream in streams.items()
    }
    return {
        name: score(stream.gold, stream.group(policy), counted[name])
        for name, stream in streams.items()
        if any(counted[name])
    }


def tune(
    streams: Mapping[str, Replay],
    steps: int,
    seed: int,
    fold: Fold | None,
    starts: Sequence[Weights] = (),
) -> Weights:
    """The best weights of a walk of `steps` trials.

    The walk starts from the best of `starts` and of the weights that a regression gives.
    """
    regressed, spreads = _regress(streams, fold)
    trials = [_try(streams, weights, fold) for weights in (regressed, *starts)]
    best, worth = max(trials, key=lambda trial: mean(trial.worth.values()))
    start = f"seed {seed}, tuned on {fold or 'all'}: score {mean(worth.values()):.4f} at the start"
    random, next_weights = Random(seed), None
    for _ in range(steps):
        trial = _try(streams, next_weights or _vary(best, spreads, random), fold, worth)
        next_weights = None
        if mean(trial.worth.values()) > mean(worth.values()):
            next_weights = _repeat_move(best, trial.weights)
            best, worth = trial
    print(f"{start}, {mean(worth.values()):.4f} after {steps} steps", flush=True)
    return best


class Trial(NamedTuple):
    """Weights, and the `_worth` that they reach on each stream."""

    weights: Weights
    worth: dict[str, float]


def _try(
    streams: Mapping[str, Replay],
    weights: Weights,
    fold: Fold | None,
    to_beat: Mapping[str, float] | None = None,
) -> Trial:
    """The worth of the weights on each stream; all 0 if the trial ended early (see GIVE_UP)."""
    worth: dict[str, float] = {}
    lead = 0.0
    for name in sorted(streams, key=lambda name: len(streams[name].gold)):
        for scores in measure({name: streams[name]}, weights, fold).values():
            worth[name] = _worth(scores)
            lead += worth[name] - (to_beat[name] if to_beat else 0)
        if to_beat and lead < -GIVE_UP:
            return Trial(weights, dict.fromkeys(streams, 0.0))
    return Trial(weights, worth)


def _pool(
    streams: Mapping[str, Replay], unseen: Sequence[Mapping[str, Scores]]
) -> dict[str, float]:
    """The F1 of each stream over all its articles, each judged with the weights of its own fold."""
    pooled = {}
    for name, stream in streams.items():
        folds = [
            (scores[name], sum(Fold(n).counted(stream.gold))) for n, scores in enumerate(unseen)
        ]
        precision = sum(scores.precision * count for scores, count in folds)
        recall = sum(scores.recall * count for scores, count in folds)
        pooled[name] = 2 * precision * recall / (precision + recall) / len(stream.gold)
    return pooled


def _subtract_caution(weights: Weights) -> Weights:
    return {
        kind: {name: weight - CAUTION[kind].get(name, 0) for name, weight in table.items()}
        for kind, table in weights.items()
    }


def _regress(
    streams: Mapping[str, Replay], fold: Fold | None
) -> tuple[Weights, dict[str, "Spread"]]:
    """Weights by regression, and the spread of the evidence for joins and for merges."""
    weights = _cosine_weights()
    joins: list[Row] = []
    merges: list[Row] = []
    for _ in range(ROUNDS):
        for name, stream in streams.items():
            counted = fold.counted(stream.gold) if fold else [True] * len(stream.gold)
            collected = collect(name, stream, story_weights(weights), counted)
            joins += collected.joins
            merges += collected.merges
        weights = {
            "join": regress(joins, JoinEvidence._fields, {"silence": _default("join", "silence")}),
            "merge": regress(merges, MergeEvidence._fields, {}),
        }
    return weights, {"join": Spread(joins), "merge": Spread(merges)}


class Spread:
    """The means, deviations and principal axes of the evidence in rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.names = rows[0].evidence._fields
        evidence = np.array([row.evidence for row in rows], dtype=float)
        self.means, self.deviations = evidence.mean(axis=0), evidence.std(axis=0)
        self.deviations[self.deviations == 0] = 1000.0
        z = (evidence - self.means) / self.deviations
        self._variances, self._axes = np.linalg.eigh(z.T @ z / len(z))

    def move_along_axes(self, moves: Sequence[float]) -> Floats:
        """Moves along the principal axes, as moves of the weights.

        Each axis is scaled so that equal moves change scores by about the same amount.
        """
        scaled = np.array(moves) / np.sqrt(self._variances + _MIN_VARIANCE)
        weight_moves: Floats = self._axes @ scaled
        return weight_moves


def _mean(found: Sequence[Weights]) -> Weights:
    """The mean of each weight, rounded."""
    return {
        kind: {name: round(mean(weights[kind][name] for weights in found)) for name in table}
        for kind, table in found[0].items()
    }


def _default(kind: str, name: str) -> int:
    return weight_tables(DEFAULT_WEIGHTS)[kind][name]


def _cosine_weights() -> Weights:
    """Weights that join a story from a cosine of 0.24 on, and merge stories from 0.36 on."""
    weights = {k: dict.fromkeys(table, 0) for k, table in weight_tables(DEFAULT_WEIGHTS).items()}
    weights["join"] |= {"cosine": 10_000, "bias": -2_400}
    weights["merge"] |= {"cosine": 10_000, "bias": -3_600}
    return weights


def _vary(weights: Weights, spreads: Mapping[str, "Spread"], random: Random) -> Weights:
    """The weights after a random move in the table for joins or in that for merges.

    Either up to three weights move, or all move a little. The bias moves so that the mean score
    of the evidence stays nearly the same.
    """
    kind = random.choice(("join", "merge"))
    table, spread = dict(weights[kind]), spreads[kind]
    free = [n for n, name in enumerate(spread.names) if (kind, name) not in NOT_TUNED]
    scale = 300 * 2 ** random.uniform(-2.5, 1.5)
    if random.random() < 0.5:
        chosen = random.sample(free, random.choice((0, 1, 1, 2, 3)))
        moves = dict.fromkeys(range(len(spread.names)), 0.0)
        moves |= {n: random.gauss(0, scale) for n in chosen}
    else:
        weight_moves = spread.move_along_axes([random.gauss(0, scale) for _ in spread.names])
        moves = dict(enumerate(weight_moves / len(free) ** 0.5))
    shift = random.gauss(0, scale) / 2
    for n in free:
        move = round(moves[n] * 1000 / spread.deviations[n])
        table[spread.names[n]] += move
        shift -= move * spread.means[n] / 1000
    table["bias"] += round(shift)
    return weights | {kind: table}


def _repeat_move(before: Weights, after: Weights) -> Weights:
    """The weights after a second move like the one from `before` to `after`."""
    return {
        kind: {name: 2 * weight - before[kind][name] for name, weight in table.items()}
        for kind, table in after.items()
    }


def _worth(scores: Scores) -> float:
    """The F1 of a stream, minus SHORTFALL_COST for each unit of precision below the minima."""
    return (
        scores.f1
        - SHORTFALL_COST * max(0, MIN_PRECISION - scores.precision)
        - SHORTFALL_COST * max(0, MIN_PAIR_PRECISION - scores.pair_precision)
    )


def _mean_f1(scores: Mapping[str, Scores]) -> float:
    return mean(found.f1 for name, found in scores.items() if name != OWN)


def _print(heading: str, scores: Mapping[str, Scores]) -> None:
    print(f"{heading:<34} precision  recall      F1  pair precision")
    for name, (p, r, f1, pairs) in scores.items():
        print(f"  {name:<32} {p:>9.3f} {r:>7.3f} {f1:>7.3f} {pairs:>15.3f}")
    print(f"  {'mean':<32} {'':>17} {_mean_f1(scores):>7.4f}", flush=True)


def _file_text(
    weights: Weights,
    streams: Mapping[str, Replay],
    reached: float,
    judged: float,
    steps: int,
) -> str:
    """The text of the weights file. Its comments describe how the weights were tuned."""
    sizes = ", ".join(
        f"{name} {len(stream.gold):,}" for name, stream in sorted(streams.items()) if name != OWN
    )
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "# The weight of each kind of evidence, in thousandths. evidence.py describes the kinds.",
        f"# Written by benchmarks/tune_stories.py on {date}: mean of {len(SEEDS)} walks of {steps} "
        "steps.",
        f"# Mean BCubed F1: {reached:.3f}, and {judged:.3f} on stories not tuned on.",
        f"# Articles of the streams: {sizes}.",
        f"# `{MIXED}` is not tuned on; story_bridges.toml is. `silence` and CAUTION of the script",
        "# are set by hand: docs/adr/0003-grouping.md",
    ]
    for kind, table in weights.items():
        lines += ["", f"[{kind}]", *(f"{name} = {weight}" for name, weight in table.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
