"""Labelled news streams: read from a folder, and how well a grouping agrees with the labels.

A stream is NAME.events.jsonl, article events in order of arrival, beside NAME.gold.tsv, which
gives for each its webUrl and, after a tab, the story it belongs to.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class LabelledEvent(NamedTuple):
    """An article event, parsed, and the story it is said to belong to."""

    event: dict[str, Any]
    story: str


class Scores(NamedTuple):
    """BCubed (Bagga & Baldwin 1998) and the precision over pairs of articles in one story."""

    precision: float
    recall: float
    f1: float
    pair_precision: float


def read_streams(folder: Path) -> Iterator[tuple[str, list[LabelledEvent]]]:
    """Every stream of a folder by name, in order; events without a label are left out."""
    for path in sorted(folder.glob("*.events.jsonl")):
        name = path.name.removesuffix(".events.jsonl")
        lines = (folder / f"{name}.gold.tsv").read_text(encoding="utf-8").splitlines()
        gold = {url: story for url, _, story in (line.partition("\t") for line in lines)}
        events = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        yield name, [LabelledEvent(e, gold[e["webUrl"]]) for e in events if e["webUrl"] in gold]


def score(
    gold: Sequence[Hashable], grouped: Sequence[Hashable], counted: Sequence[bool] | None = None
) -> Scores:
    """How well a grouping agrees with the labels, article by article in one order.

    Where some articles alone are `counted`, the others still spoil the groups they are in.
    """
    real, said = Counter(gold), Counter(grouped)
    both = Counter(zip(gold, grouped, strict=True))
    pairs = list(zip(gold, grouped, strict=True))
    if counted is not None:
        pairs = [pair for pair, counts in zip(pairs, counted, strict=True) if counts]
    precision = sum(both[pair] / said[pair[1]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / real[pair[0]] for pair in pairs) / len(pairs)
    f1 = 2 * precision * recall / (precision + recall)
    right = sum(both[pair] - 1 for pair in pairs)
    told = sum(said[pair[1]] - 1 for pair in pairs)
    return Scores(precision, recall, f1, right / told if told else 1.0)
