"""Read labelled news streams from a folder, and score a grouping against the labels.

A stream has two files. NAME.events.jsonl holds article events in order of arrival. NAME.gold.tsv
holds the label of each event, one line per event: its webUrl, a tab, the name of its story.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class LabelledEvent(NamedTuple):
    """A parsed article event, and the story that its label names."""

    event: dict[str, Any]
    story: str


class Scores(NamedTuple):
    """BCubed precision, recall and F1 (Bagga & Baldwin 1998), and the precision of pairs.

    The precision of pairs is the share of pairs of articles in one group that share a label. All
    scores are 0 to 1.
    """

    precision: float
    recall: float
    f1: float
    pair_precision: float


def read_streams(place: Path) -> Iterator[tuple[str, list[LabelledEvent]]]:
    """Every stream of a folder with its name, in order of names; or one, given its events file.

    Unlabelled events are skipped. Raises OSError if the labels of a stream cannot be read.
    """
    paths = sorted(place.glob("*.events.jsonl")) if place.is_dir() else [place]
    for path in paths:
        name = path.name.removesuffix(".events.jsonl")
        lines = path.with_name(f"{name}.gold.tsv").read_text(encoding="utf-8").splitlines()
        gold = {url: story for url, _, story in (line.partition("\t") for line in lines)}
        events = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        yield name, [LabelledEvent(e, gold[e["webUrl"]]) for e in events if e["webUrl"] in gold]


def score(
    gold: Sequence[Hashable], grouped: Sequence[Hashable], counted: Sequence[bool] | None = None
) -> Scores:
    """The scores of a grouping against the labels; both list the articles in the same order.

    With `counted`, the scores are means over the counted articles only. The other articles still
    affect the purity of their groups.
    """
    label_sizes, group_sizes = Counter(gold), Counter(grouped)
    both = Counter(zip(gold, grouped, strict=True))
    pairs = list(zip(gold, grouped, strict=True))
    if counted is not None:
        pairs = [pair for pair, counts in zip(pairs, counted, strict=True) if counts]
    precision = sum(both[pair] / group_sizes[pair[1]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / label_sizes[pair[0]] for pair in pairs) / len(pairs)
    f1 = 2 * precision * recall / (precision + recall)
    right_pairs = sum(both[pair] - 1 for pair in pairs)
    all_pairs = sum(group_sizes[pair[1]] - 1 for pair in pairs)
    return Scores(precision, recall, f1, right_pairs / all_pairs if all_pairs else 1.0)
