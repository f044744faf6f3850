"""Tune the story weights on labelled streams, and optionally write them to their file.

    python -m benchmarks.tune_stories PLACE ... [--steps N] [--write]

In: folders of labelled streams, or single events files; `story_streams` describes the files. Out:
scores, and with --write `story_weights.toml`. The same streams and steps give the same weights.

1. Start: logistic regression on the evidence that is weighed.
2. Random search: a walk changes a few weights per step and keeps a change that scores higher.
   Only the weights of joins change: those of merges stay as they are in the file. When both were
   tuned on dense streams, stories merged that one article only mentions.
3. There is one walk per seed. The result is the mean of their end weights, which reduces the effect
   of chance in a single walk.

The weights are also judged on stories that they were not tuned on: each third of the stories with
weights tuned on the other two thirds. The streams always hold all stories. The walk for all
stories starts from the best of these: the end weights of its seed's three walks, their mean, and
the weights of a regression.

Newsloom's own stream (story_bridges), and streams made dense (story_dense: all articles about one
large subject), are tuned on too, but not counted in the reported mean.
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

from benchmarks.stories import Stream, prepare
from benchmarks.story_bridges import bridges
from benchmarks.story_dense import densify
from benchmarks.story_regression import Row, collect, regress
from benchmarks.story_replay import Replay
from benchmarks.story_spread import Spread
from benchmarks.story_streams import Scores, read_streams, score
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.rules.evidence import (
    DEFAULT_WEIGHTS,
    WEIGHTS_FILE,
    JoinEvidence,
    story_weights,
    weight_tables,
)

Weights = dict[str, dict[str, int]]
Floats = NDArray[np.float64]

SEEDS = (7, 11)
ROUNDS = 3
"""Rounds of regression. Each adds the evidence weighed under the weights of the round before."""
NOT_TUNED = {"silence"}
"""The streams cover too few days to show what a day of silence means."""
MIN_PRECISION, MIN_PAIR_PRECISION, SHORTFALL_COST = 0.93, 0.88, 0.2
"""Precision below these costs extra. One story about two subjects is worse for a reader than two
stories about one subject.
"""
CAUTION = {"join": {"bias": 100}, "merge": {"bias": 200, "lone": 800}}
"""Subtracted from the weights in every trial, so that wrong joins and merges, which every reader
sees, are rarer.
"""
GIVE_UP = 0.01
"""Streams are tried from small to large. A trial ends if its summed score is this far behind."""
MIXED = "mixed"
"""The stream that combines all others. It is measured, and tuned on only if it is the only one."""
OWN = "bridges (own)"
"""Newsloom's own stream. It is tuned on, and not counted in the reported mean."""
DENSE = ", dense"
"""The end of the name of a stream made dense. It is not counted in the reported mean either."""
MAX_DENSE = 4_000
"""Streams with at most so many articles are also tuned on as dense streams."""
FOLDS = 3


class Fold(NamedTuple):
    """A third of the stories, or the other two. A story is in the same third in all streams."""

    number: int
    is_rest: bool = False

    def counted(self, gold: list[str]) -> list[bool]:
        """Whether the story of each article is in the fold."""
        thirds = (crc32(story.encode()) // 2 % FOLDS for story in gold)
        return [(third == self.number) != self.is_rest for third in thirds]

    def __str__(self) -> str:
        return f"{'all but ' * self.is_rest}third {self.number + 1}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "places",
        type=Path,
        nargs="+",
        help="folders with pairs of NAME.events.jsonl and NAME.gold.tsv, or such events files",
    )
    parser.add_argument("--steps", type=int, default=150, help="trials in each walk (150)")
    parser.add_argument("--processes", type=int, default=2, help="walks at the same time (2)")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    arguments = parser.parse_args()
    streams = _replays(arguments.places)
    with ProcessPoolExecutor(arguments.processes) as pool:
        ends = list(pool.map(partial(walk, arguments.places, arguments.steps), SEEDS))
    *by_fold, tuned = (_subtract_caution(_mean(found)) for found in zip(*ends, strict=True))
    unseen = [measure(streams, weights, Fold(n)) for n, weights in enumerate(by_fold)]
    for number, scores in enumerate(unseen):
        _print(f"{Fold(number)}, tuned on the rest", scores)
    judged = _pool(streams, unseen)
    for name, f1 in judged.items():
        print(f"  {name:<32} {f1:.4f}")
    judged_mean = mean(f1 for name, f1 in judged.items() if _is_counted(name))
    print(f"mean F1 on stories not tuned on: {judged_mean:.4f}\n", flush=True)
    reached = measure(streams, tuned, None)
    _print("tuned on all stories", reached)
    if arguments.write:
        WEIGHTS_FILE.write_text(
            _file_text(tuned, streams, _mean_f1(reached), judged_mean, arguments.steps)
        )


def _is_counted(name: str) -> bool:
    """Whether a stream counts in the reported mean."""
    return name != OWN and not name.endswith(DENSE)


def _replays(places: Sequence[Path]) -> dict[str, Replay]:
    """The streams, ready to be grouped. Ends the program if there is no usable one."""
    prepared = _prepare(places)
    if not prepared:
        sys.exit(
            f"{places[0]}: no labelled stream found: "
            "each needs NAME.events.jsonl and NAME.gold.tsv in one folder"
        )
    streams = {}
    for name, stream in prepared.items():
        try:
            streams[name] = Replay(stream)
        except ValueError as error:
            sys.exit(f"stream {name}: {error}")
    return streams


def walk(places: Sequence[Path], steps: int, seed: int) -> list[Weights]:
    """The end weights of a seed's walks: one without each fold in turn, and last one for all."""
    prepared = _prepare(places)
    # The caches contain no reference cycles, so the garbage collector would find nothing to free.
    gc.freeze()
    gc.disable()
    is_all = not prepared.keys() - {MIXED, OWN}
    streams = {n: Replay(stream) for n, stream in prepared.items() if is_all or n != MIXED}
    rests = [Fold(number, is_rest=True) for number in range(FOLDS)]
    found = [tune(streams, steps, seed, rest) for rest in rests]
    return [*found, tune(streams, steps, seed, None, [*found, _mean(found)])]


def _prepare(places: Sequence[Path]) -> dict[str, Stream]:
    """The streams, the dense ones and Newsloom's own; empty if the places hold no stream."""
    streams = {name: events for place in places for name, events in read_streams(place)}
    if streams:
        small = [(n, events) for n, events in streams.items() if len(events) <= MAX_DENSE]
        streams |= {f"{n}{DENSE}": densify(events, k) for k, (n, events) in enumerate(small)}
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
    regressed, spread = _regress(streams, fold)
    trials = [_try(streams, weights, fold) for weights in (regressed, *starts)]
    best, worth = max(trials, key=lambda trial: mean(trial.worth.values()))
    start = f"seed {seed}, tuned on {fold or 'all'}: score {mean(worth.values()):.4f} at the start"
    random, next_weights = Random(seed), None
    for _ in range(steps):
        trial = _try(streams, next_weights or _vary(best, spread, random), fold, worth)
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
    cautious = _subtract_caution(weights)
    for name in sorted(streams, key=lambda name: len(streams[name].gold)):
        for scores in measure({name: streams[name]}, cautious, fold).values():
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


def _regress(streams: Mapping[str, Replay], fold: Fold | None) -> tuple[Weights, Spread]:
    """Weights by regression, and the spread of the evidence for joins."""
    weights = _cosine_weights()
    joins: list[Row] = []
    for _ in range(ROUNDS):
        for name, stream in streams.items():
            counted = fold.counted(stream.gold) if fold else [True] * len(stream.gold)
            collected = collect(name, stream, story_weights(weights), counted)
            joins += collected.joins
        weights = {
            "join": regress(joins, JoinEvidence._fields, {"silence": _default("join", "silence")}),
            "merge": _kept_merge_weights(),
        }
    return weights, Spread(joins)


def _mean(found: Sequence[Weights]) -> Weights:
    """The mean of each weight, rounded."""
    return {
        kind: {name: round(mean(weights[kind][name] for weights in found)) for name in table}
        for kind, table in found[0].items()
    }


def _default(kind: str, name: str) -> int:
    return weight_tables(DEFAULT_WEIGHTS)[kind][name]


def _cosine_weights() -> Weights:
    """Weights that join a story from a cosine of 0.24 on, and merge stories as the file says."""
    join = dict.fromkeys(weight_tables(DEFAULT_WEIGHTS)["join"], 0)
    return {
        "join": join | {"cosine": 10_000, "bias": -2_400},
        "merge": _kept_merge_weights(),
    }


def _kept_merge_weights() -> dict[str, int]:
    """The merge weights of the file, before CAUTION is subtracted."""
    merge = weight_tables(DEFAULT_WEIGHTS)["merge"]
    return {name: weight + CAUTION["merge"].get(name, 0) for name, weight in merge.items()}


def _vary(weights: Weights, spread: Spread, random: Random) -> Weights:
    """The weights after a random move in the table for joins.

    Either up to three weights move, or all move a little. The bias moves so that the mean score
    of the evidence stays nearly the same.
    """
    table = dict(weights["join"])
    free = [n for n, name in enumerate(spread.names) if name not in NOT_TUNED]
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
    return weights | {"join": table}


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
    return mean(found.f1 for name, found in scores.items() if _is_counted(name))


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
        f"{n} {len(stream.gold):,}" for n, stream in sorted(streams.items()) if _is_counted(n)
    )
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "# The weight of each kind of evidence, in thousandths. evidence.py describes the kinds.",
        f"# Written by benchmarks/tune_stories.py on {date}: mean of {len(SEEDS)} walks of {steps} "
        "steps.",
        f"# Mean BCubed F1: {reached:.3f}, and {judged:.3f} on stories not tuned on.",
        f"# Articles of the streams: {sizes}.",
        f"# `{MIXED}` is not tuned on; story_bridges.toml and dense streams are. `silence` and",
        "# CAUTION of the script are set by hand: docs/adr/0003-grouping.md",
    ]
    for kind, table in weights.items():
        lines += ["", f"[{kind}]", *(f"{name} = {weight}" for name, weight in table.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
