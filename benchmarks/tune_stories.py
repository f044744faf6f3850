"""Tune the weights of the evidence for stories on labelled streams, and write them down.

python -m benchmarks.tune_stories FOLDER [--steps N] [--write]. Weights begin as a logistic
regression of the evidence met, and are moved by a random search for what the stories then are;
the same for the same data and seeds. Every stream counts twice, in its own order and in another,
so that what is only luck of the order is not learned. There is a walk per seed, each with another
order, and the weights are the mean of where they end: what one of them learned by chance counts
less. First the weights are judged on stories that they were not tuned on: each fifth of the stories
with weights tuned on the other four, in streams that hold all five. A walk for all stories begins
with the best of what the walks of its seed for these came to, of the mean of that and of a
regression.

A stream of our own is tuned on with the others, and not counted in what they reach: labelled news
seldom has articles that tell two sides of a matter, or that merely mention another.
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
"""So often the regression is fitted to what is met under the weights of the time before."""
NOT_TUNED = {("join", "silence")}
"""The streams are short in time and cannot tell what a day of silence means."""
MIN_PRECISION, MIN_PAIR_PRECISION, SHORTFALL_COST = 0.93, 0.88, 0.2
"""A reader forgives two stories of one matter sooner than one story of two matters."""
CAUTION = {"join": {"bias": 100}, "merge": {"bias": 200, "lone": 800}}
"""Taken from the weights in the end: one wrong article, or worse a wrong merge, is seen by every
reader of a story, and the streams show no loss by it beyond luck.
"""
GIVE_UP = 0.01
"""The small streams come first: what loses so much on them in sum is not tried on the others."""
_LEAST_LENGTH = 0.05
"""Added to how much evidence varies along an axis, lest moves along the shortest be boundless."""
PLAIN = "mixed"
"""The other streams once more, together: measured, but tuned on only if there is nothing else."""
OURS = "bridges (ours)"
"""The stream of our own: tuned on, and not counted in what is reported."""
FOLDS = 5


class Fold(NamedTuple):
    """A fifth of the stories, or all but that. A story is in one fifth in all streams."""

    number: int
    is_rest: bool = False

    def counted(self, gold: list[str]) -> list[bool]:
        """Which articles belong to it."""
        fifth = (crc32(story.encode()) // 2 % FOLDS for story in gold)
        return [(each == self.number) != self.is_rest for each in fifth]

    def __str__(self) -> str:
        return f"{'all but ' * self.is_rest}fifth {self.number + 1}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="NAME.events.jsonl beside NAME.gold.tsv")
    parser.add_argument("--steps", type=int, default=400, help="weights tried by each walk")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    arguments = parser.parse_args()
    streams = {name: Replay(each) for name, each in _prepare(arguments.folder).items()}
    if not streams:
        sys.exit(f"{arguments.folder}: no NAME.events.jsonl beside NAME.gold.tsv in it")
    with ProcessPoolExecutor(arguments.processes) as pool:
        ends = list(pool.map(partial(walk, arguments.folder, arguments.steps), SEEDS))
    *known, tuned = (_careful(_middle(each)) for each in zip(*ends, strict=True))
    unseen = [measure(streams, weights, Fold(n)) for n, weights in enumerate(known)]
    for number, scores in enumerate(unseen):
        _print(f"{Fold(number)}, tuned on the rest", scores)
    judged = _pool(streams, unseen)
    for name, f1 in judged.items():
        print(f"  {name:<32} {f1:.4f}")
    judged_mean = mean(f1 for name, f1 in judged.items() if name != OURS)
    print(f"mean F1 on stories not tuned on: {judged_mean:.4f}\n", flush=True)
    reached = measure(streams, tuned, None)
    _print("tuned on all", reached)
    if arguments.write:
        WEIGHTS_FILE.write_text(
            _written(tuned, streams, _mean_f1(reached), judged_mean, arguments.steps)
        )


def walk(folder: Path, steps: int, seed: int) -> list[Weights]:
    """Where the walks of a seed end: for all but each of the folds, and last for all."""
    prepared = _prepare(folder)
    gc.freeze()  # what is remembered holds no circles: to look for some takes long
    gc.disable()
    is_all = not prepared.keys() - {PLAIN, OURS}
    tuned_on = {name: each for name, each in prepared.items() if is_all or name != PLAIN}
    tuned_on |= {f"{name}, shuffled": shuffle(each, seed) for name, each in tuned_on.items()}
    streams = {name: Replay(each) for name, each in tuned_on.items()}
    rests = [Fold(number, is_rest=True) for number in range(FOLDS)]
    known = [tune(streams, steps, seed, rest) for rest in rests]
    return [*known, tune(streams, steps, seed, None, [*known, _middle(known)])]


def _prepare(folder: Path) -> dict[str, Stream]:
    """The streams of a folder, and our own; none if there is nothing in the folder."""
    streams = dict(read_streams(folder))
    if streams:
        streams[OURS] = bridges()
    catalogue = load_catalogue()
    return {name: prepare(events, catalogue) for name, events in streams.items()}


def measure(
    streams: Mapping[str, Replay], weights: Weights, fold: Fold | None
) -> dict[str, Scores]:
    """How well the stories agree with the labels under such weights, by stream."""
    policy = story_weights(weights)
    counted = {
        name: fold.counted(each.gold) if fold else [True] * len(each.gold)
        for name, each in streams.items()
    }
    return {
        name: score(each.gold, each.group(policy), counted[name])
        for name, each in streams.items()
        if any(counted[name])
    }


def tune(
    streams: Mapping[str, Replay],
    steps: int,
    seed: int,
    fold: Fold | None,
    known: Sequence[Weights] = (),
) -> Weights:
    """The best weights met on a walk of so many steps from the best of a regression's and those
    that are `known`.
    """
    regressed, usual = _begin(streams, fold)
    trials = [_try(streams, each, fold) for each in (regressed, *known)]
    best, worth = max(trials, key=lambda trial: mean(trial.worth.values()))
    begun = f"seed {seed}, tuned on {fold or 'all'}: {mean(worth.values()):.4f} to begin with"
    random, onward = Random(seed), None
    for _ in range(steps):
        trial = _try(streams, onward or _vary(best, usual, random), fold, worth)
        onward = None
        if mean(trial.worth.values()) > mean(worth.values()):
            onward = _go_on(best, trial.weights)
            best, worth = trial
    print(f"{begun}, {mean(worth.values()):.4f} after {steps} steps", flush=True)
    return best


class Trial(NamedTuple):
    """Weights, and what they are worth by stream."""

    weights: Weights
    worth: dict[str, float]


def _try(
    streams: Mapping[str, Replay],
    weights: Weights,
    fold: Fold | None,
    to_beat: Mapping[str, float] | None = None,
) -> Trial:
    """What weights are worth; given up as worth nothing once too far behind what is `to_beat`."""
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
    """F1 by stream over all its articles, each as it was judged with its own fifth."""
    pooled = {}
    for name, stream in streams.items():
        folds = [
            (scores[name], sum(Fold(n).counted(stream.gold))) for n, scores in enumerate(unseen)
        ]
        precision = sum(scores.precision * count for scores, count in folds)
        recall = sum(scores.recall * count for scores, count in folds)
        pooled[name] = 2 * precision * recall / (precision + recall) / len(stream.gold)
    return pooled


def _careful(weights: Weights) -> Weights:
    return {
        kind: {name: weight - CAUTION[kind].get(name, 0) for name, weight in table.items()}
        for kind, table in weights.items()
    }


def _begin(streams: Mapping[str, Replay], fold: Fold | None) -> tuple[Weights, dict[str, "Usual"]]:
    """Weights by regression, and how the evidence of each kind of verdict varies."""
    weights = _cosines_alone()
    joins: list[Row] = []
    merges: list[Row] = []
    for _ in range(ROUNDS):
        for name, stream in streams.items():
            counted = fold.counted(stream.gold) if fold else [True] * len(stream.gold)
            met = collect(name, stream, story_weights(weights), counted)
            joins += met.joins
            merges += met.merges
        weights = {
            "join": regress(joins, JoinEvidence._fields, {"silence": _held("join", "silence")}),
            "merge": regress(merges, MergeEvidence._fields, {}),
        }
    return weights, {"join": Usual(joins), "merge": Usual(merges)}


class Usual:
    """How the evidence of rows varies, each kind by itself and together with the others."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.names = rows[0].evidence._fields
        evidence = np.array([row.evidence for row in rows], dtype=float)
        self.means, self.spreads = evidence.mean(axis=0), evidence.std(axis=0)
        self.spreads[self.spreads == 0] = 1000.0
        z = (evidence - self.means) / self.spreads
        self._lengths, self._axes = np.linalg.eigh(z.T @ z / len(z))

    def turn(self, moves: Sequence[float]) -> Floats:
        """Moves of the weights that change scores by about as much along each axis in which the
        evidence varies.
        """
        along = np.array(moves) / np.sqrt(self._lengths + _LEAST_LENGTH)
        turned: Floats = self._axes @ along
        return turned


def _middle(known: Sequence[Weights]) -> Weights:
    """Each weight as it is on average: what only one of them learned by chance counts less."""
    return {
        kind: {name: round(mean(each[kind][name] for each in known)) for name in table}
        for kind, table in known[0].items()
    }


def _held(kind: str, name: str) -> int:
    return weight_tables(DEFAULT_WEIGHTS)[kind][name]


def _cosines_alone() -> Weights:
    """Weights by which a story is joined from a cosine of .24 and merged from one of .36."""
    weights = {k: dict.fromkeys(table, 0) for k, table in weight_tables(DEFAULT_WEIGHTS).items()}
    weights["join"] |= {"cosine": 10_000, "bias": -2_400}
    weights["merge"] |= {"cosine": 10_000, "bias": -3_600}
    return weights


def _vary(weights: Weights, usual: Mapping[str, "Usual"], random: Random) -> Weights:
    """The same weights with a few of one table moved, or all of them a little, and the bias so
    that the usual score stays where it was, or somewhat off it.
    """
    kind = random.choice(("join", "merge"))
    table, held = dict(weights[kind]), usual[kind]
    free = [n for n, name in enumerate(held.names) if (kind, name) not in NOT_TUNED]
    scale = 300 * 2 ** random.uniform(-2.5, 1.5)
    if random.random() < 0.5:
        few = random.sample(free, random.choice((0, 1, 1, 2, 3)))
        moves = dict.fromkeys(range(len(held.names)), 0.0)
        moves |= {n: random.gauss(0, scale) for n in few}
    else:
        turned = held.turn([random.gauss(0, scale) for _ in held.names])
        moves = dict(enumerate(turned / len(free) ** 0.5))
    shift = random.gauss(0, scale) / 2
    for n in free:
        move = round(moves[n] * 1000 / held.spreads[n])
        table[held.names[n]] += move
        shift -= move * held.means[n] / 1000
    table["bias"] += round(shift)
    return weights | {kind: table}


def _go_on(before: Weights, after: Weights) -> Weights:
    """As far again in the same direction."""
    return {
        kind: {name: 2 * weight - before[kind][name] for name, weight in table.items()}
        for kind, table in after.items()
    }


def _worth(scores: Scores) -> float:
    return (
        scores.f1
        - SHORTFALL_COST * max(0, MIN_PRECISION - scores.precision)
        - SHORTFALL_COST * max(0, MIN_PAIR_PRECISION - scores.pair_precision)
    )


def _mean_f1(scores: Mapping[str, Scores]) -> float:
    return mean(each.f1 for name, each in scores.items() if name != OURS)


def _print(heading: str, scores: Mapping[str, Scores]) -> None:
    print(f"{heading:<34} precision  recall      F1  of pairs")
    for name, (p, r, f1, pairs) in scores.items():
        print(f"  {name:<32} {p:>9.3f} {r:>7.3f} {f1:>7.3f} {pairs:>9.3f}")
    print(f"  {'mean':<32} {'':>17} {_mean_f1(scores):>7.4f}", flush=True)


def _written(
    weights: Weights,
    streams: Mapping[str, Replay],
    reached: float,
    judged: float,
    steps: int,
) -> str:
    sizes = ", ".join(
        f"{name} {len(each.gold):,}" for name, each in sorted(streams.items()) if name != OURS
    )
    unseen = f", {judged:.3f} on stories not tuned on"
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "# What each kind of evidence weighs, in thousandths; see evidence.py for what they are.",
        f"# Written by benchmarks/tune_stories.py on {date}: {len(SEEDS)} walks of {steps} steps, "
        "averaged;",
        f"# mean BCubed F1 {reached:.3f}{unseen}. Articles of the streams:",
        f"# {sizes}.",
        f"# `{PLAIN}` is not tuned on, story_bridges.toml is; `silence`, CAUTION are by hand:",
        "# docs/adr/0003-grouping.md",
    ]
    for kind, table in weights.items():
        lines += ["", f"[{kind}]", *(f"{name} = {weight}" for name, weight in table.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
