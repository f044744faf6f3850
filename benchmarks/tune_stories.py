"""Tune the weights of the evidence for stories on labelled streams, and write them down.

python -m benchmarks.tune_stories FOLDER [--steps N] [--write]: a random search, the same for the
same data and seed, that starts from the weights there are. First it is judged on stories it did
not see: tuned from the cosines alone on one half of the stories and measured on the other, both
ways round.
"""

import argparse
import gc
from collections.abc import Mapping
from pathlib import Path
from random import Random
from statistics import mean
from zlib import crc32

from benchmarks.stories import Stream, prepare
from benchmarks.story_streams import Scores, read_streams, score
from newsloom.adapters.catalogue_files import load_catalogue
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.curation.state import State
from newsloom.pipeline.policy import Policy
from newsloom.rules.evidence import (
    DEFAULT_WEIGHTS,
    WEIGHTS_FILE,
    story_weights,
    weight_tables,
)

Weights = dict[str, dict[str, int]]

SEED = 7
NOT_TUNED = {("join", "silence")}
"""The streams are short in time and cannot tell what a day of silence means."""
MIN_PRECISION, MIN_PAIR_PRECISION, SHORTFALL_COST = 0.93, 0.88, 0.2
"""A reader forgives two stories of one matter sooner than one story of two matters."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="NAME.events.jsonl beside NAME.gold.tsv")
    parser.add_argument("--steps", type=int, default=200, help="weights tried")
    parser.add_argument("--skip", nargs="*", default=[], help="streams to leave out of tuning")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    arguments = parser.parse_args()
    catalogue = load_catalogue()
    streams = {name: prepare(e, catalogue) for name, e in read_streams(arguments.folder)}
    gc.freeze()
    tuned_on = {name: each for name, each in streams.items() if name not in arguments.skip}
    start, plain = weight_tables(DEFAULT_WEIGHTS), cosines_alone()
    for fold in (0, 1):
        tuned, _ = tune(_fold(tuned_on, fold), plain, arguments.steps)
        unseen = _fold(streams, 1 - fold)
        before, after = (mean(s.f1 for s in measure(unseen, w).values()) for w in (plain, tuned))
        print(f"on the stories not tuned on: mean F1 {after:.4f}, by cosines alone {before:.4f}")
    tuned, reached = tune(tuned_on, start, arguments.steps)
    for name, each in measure(streams, tuned).items():
        print(f"  {name:<14}", " ".join(f"{value:.3f}" for value in each))
    print(f"goal reached on all: {reached:.4f}")
    if arguments.write:
        WEIGHTS_FILE.write_text(_written(tuned, sorted(tuned_on)), encoding="utf-8")


def cosines_alone() -> Weights:
    """Weights by which a story is joined from a cosine of .24 and merged from one of .36."""
    weights = {
        kind: dict.fromkeys(table, 0) for kind, table in weight_tables(DEFAULT_WEIGHTS).items()
    }
    weights["join"] |= {"cosine": 10_000, "bias": -2_400}
    weights["merge"] |= {"cosine": 10_000, "bias": -3_600}
    return weights


def measure(streams: Mapping[str, Stream], weights: Weights) -> dict[str, Scores]:
    """How well the stories agree with the labels under such weights, by stream."""
    policy = Policy(story_weights(weights))
    return {name: score(each.gold, _group(each, policy)) for name, each in streams.items()}


def tune(streams: Mapping[str, Stream], start: Weights, steps: int) -> tuple[Weights, float]:
    """The best weights met on a walk of so many steps, and the goal they reach."""
    random, best = Random(SEED), start
    reached = _goal(measure(streams, start))
    for _ in range(steps):
        weights = _vary(best, random)
        goal = _goal(measure(streams, weights))
        if goal > reached:
            best, reached = weights, goal
    return best, reached


def _vary(weights: Weights, random: Random) -> Weights:
    """The same weights with one to three of them moved."""
    varied = {kind: dict(table) for kind, table in weights.items()}
    names = [(kind, name) for kind, table in weights.items() for name in table]
    free = [name for name in names if name not in NOT_TUNED]
    for kind, name in random.sample(free, random.randint(1, 3)):
        held = varied[kind][name]
        varied[kind][name] += round(random.gauss(0, max(200, abs(held) * 0.25)))
    return varied


def _goal(scores: Mapping[str, Scores]) -> float:
    return mean(
        each.f1
        - SHORTFALL_COST * max(0, MIN_PRECISION - each.precision)
        - SHORTFALL_COST * max(0, MIN_PAIR_PRECISION - each.pair_precision)
        for each in scores.values()
    )


def _group(stream: Stream, policy: Policy) -> list[str]:
    """As `stories.group`, but nothing is published: that changes no grouping."""
    state = State()
    for arrival in stream.arrivals:
        decide(state, arrival, policy).apply()
    return [state.articles[arrival.article["id"]].story_id for arrival in stream.arrivals]


def _fold(streams: Mapping[str, Stream], fold: int) -> dict[str, Stream]:
    """Half of the stories of every stream, whole: a story is in one half in all streams."""
    halves = {}
    for name, (arrivals, gold) in streams.items():
        kept = [n for n, story in enumerate(gold) if crc32(story.encode()) // 2 % 2 == fold]
        halves[name] = Stream([arrivals[n] for n in kept], [gold[n] for n in kept])
    return halves


def _written(weights: Weights, names: list[str]) -> str:
    lines = [
        "# What each kind of evidence weighs, in thousandths; see evidence.py for what they are.",
        f"# Written by benchmarks/tune_stories.py from labelled streams: {', '.join(names)}.",
        "# `silence` is set by hand. docs/adr/0003-grouping.md says what it reaches.",
    ]
    for kind, table in weights.items():
        lines += ["", f"[{kind}]", *(f"{name} = {weight}" for name, weight in table.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
