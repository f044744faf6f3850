"""Measure the quality of stories on labelled news streams, and that of three usual methods.

    python -m benchmarks.stories PLACE ... [--dense] [--shuffled N] [--plot FILE]

In: folders of labelled streams, or single events files; `story_streams` describes the files. Out:
printed tables. Newsloom runs its real pipeline with images off. Each baseline uses the threshold
with the best mean F1 over all streams, which an operator could not know in advance. With --dense,
a stream that this program makes itself comes last: 20,000 titles about one subject in 60 days.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean
from typing import NamedTuple

from benchmarks.story_baselines import (
    LINKERS,
    group_by_links,
    single_pass,
    single_pass_in_lane,
)
from benchmarks.story_costs import measure_costs, plot_costs
from benchmarks.story_dense import invented
from benchmarks.story_streams import LabelledEvent, Scores, read_streams, score
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Enricher, Result
from tests.support.pipeline import raw_input

ARRIVED_AT_S = 1_790_000_000
LINK_THRESHOLDS = [n / 20 for n in range(3, 17)]
CENTROID_THRESHOLDS = [n / 100 for n in range(10, 39, 4)]
MEAN_THRESHOLDS = [n / 100 for n in range(14, 27, 2)]
MIXED = "mixed"
DENSE = "dense (own)"
DENSE_SEED = 2026


class Stream(NamedTuple):
    """A stream after enrichment: the arrivals in order, and the labelled story of each."""

    arrivals: list[ArticleArrival]
    gold: list[str]


class Outcome(NamedTuple):
    """The result of one method over all streams: scores and the size of the largest story, by
    stream name, and its speed.
    """

    method: str
    scores: dict[str, Scores]
    largest: dict[str, int]
    articles_per_s: float

    @property
    def mean_f1(self) -> float:
        return mean(scores.f1 for scores in self.scores.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "places",
        type=Path,
        nargs="+",
        help="folders with pairs of NAME.events.jsonl and NAME.gold.tsv, or such events files",
    )
    parser.add_argument(
        "--shuffled",
        type=int,
        default=1,
        metavar="N",
        help="also run Newsloom on N shuffled orders of arrival (1)",
    )
    parser.add_argument("--dense", action="store_true", help="add a made stream of 20,000 titles")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw cost against lane size: .svg or .png"
    )
    arguments = parser.parse_args()
    catalogue = load_catalogue()
    streams = {name: events for place in arguments.places for name, events in read_streams(place)}
    if not streams:
        sys.exit(
            f"{arguments.places[0]}: no labelled stream found: "
            "each needs NAME.events.jsonl and NAME.gold.tsv in one folder"
        )
    if arguments.dense:
        streams[DENSE] = [_title_only(labelled) for labelled in invented(DENSE_SEED)]
    prepared = {name: prepare(events, catalogue) for name, events in streams.items()}
    newsloom = group_all("Newsloom", prepared)
    shuffled = [
        group_all("Newsloom", {name: shuffle(stream, seed) for name, stream in prepared.items()})
        for seed in range(1, arguments.shuffled + 1)
    ]
    _print_scores(newsloom, shuffled, {n: _largest(s.gold) for n, s in prepared.items()})
    _print_methods([newsloom, *_baselines(prepared)])
    if arguments.plot:
        _plot(arguments.plot, prepared)


def prepare(events: Sequence[LabelledEvent], catalogue: Catalogue) -> Stream:
    """The events after enrichment, in their order. Events that become dead letters are left out."""
    enricher = Enricher(catalogue, "off")
    arrivals, gold = [], []
    for labelled in events:
        arrival = enricher.enrich(raw_input(labelled.event), ARRIVED_AT_S).arrival
        if isinstance(arrival, ArticleArrival):
            arrivals.append(arrival)
            gold.append(labelled.story)
    return Stream(arrivals, gold)


def shuffle(stream: Stream, seed: int) -> Stream:
    """The same articles in another order of arrival. The same seed gives the same order."""
    order = list(range(len(stream.gold)))
    Random(seed).shuffle(order)
    return Stream([stream.arrivals[n] for n in order], [stream.gold[n] for n in order])


def group(arrivals: Sequence[ArticleArrival]) -> list[str]:
    """The story id of each arrival's article after the last arrival, in the same order.

    An article that leaves the window stays in its story: it follows later merges of that story. If
    a newer version of the article arrives, its new story counts.
    """
    curator = Curator(State())
    story_of: dict[str, str] = {}
    members: dict[str, set[str]] = defaultdict(set)
    """The articles of each story, including those that have left the window."""
    for arrival in arrivals:
        merges = [
            merge
            for step in curator.curate(Enriched(arrival))
            for merge in _merges(curator.state, step)
        ]
        article_id = arrival.article["id"]
        if article_id not in curator.state.articles:
            continue  # an old version of an article that has left
        members[story_of.get(article_id, "")].discard(article_id)
        story_of[article_id] = curator.state.story_id(article_id)
        members[story_of[article_id]].add(article_id)
        for survivor, ended in merges:
            moved = members.pop(ended, set())
            members[survivor] |= moved
            story_of.update(dict.fromkeys(moved, survivor))
    return [story_of[arrival.article["id"]] for arrival in arrivals]


def _merges(state: State, result: Result) -> Iterator[tuple[str, str]]:
    """The pairs (surviving story, ended story) of the merges that one arrival caused."""
    if result.merges:
        for key in result.rows:
            alias = state.aliases.get(key.removeprefix("story/"))
            if alias is not None:
                yield alias.merged_into, alias.id


def group_all(method: str, streams: Mapping[str, Stream]) -> Outcome:
    """Newsloom's result over all streams. Each stream runs in a new lane."""
    began = time.process_time()
    groups = {name: group(stream.arrivals) for name, stream in streams.items()}
    spent_s = time.process_time() - began
    return _outcome(method, streams, groups, spent_s)


def _outcome(
    method: str,
    streams: Mapping[str, Stream],
    groups: Mapping[str, Sequence[str | int]],
    spent_s: float,
) -> Outcome:
    scores = {name: score(stream.gold, groups[name]) for name, stream in streams.items()}
    articles = sum(len(stream.gold) for stream in streams.values())
    largest = {name: _largest(groups[name]) for name in streams}
    return Outcome(method, scores, largest, articles / spent_s)


def _largest(groups: Sequence[str | int]) -> int:
    return max(Counter(groups).values())


def _title_only(labelled: LabelledEvent) -> LabelledEvent:
    event = {name: value for name, value in labelled.event.items() if name != "excerpt"}
    return labelled._replace(event=event)


def _baselines(streams: Mapping[str, Stream]) -> Iterator[Outcome]:
    """The result of each baseline with its best threshold, by mean F1."""
    for method, link in LINKERS.items():
        began = time.process_time()
        links = {name: link(stream.arrivals) for name, stream in streams.items()}
        spent_s = time.process_time() - began
        outcomes = []
        for threshold in LINK_THRESHOLDS:
            groups = {name: group_by_links(found, threshold) for name, found in links.items()}
            outcomes.append(_outcome(f"{method}, {threshold:.2f}", streams, groups, spent_s))
        yield max(outcomes, key=lambda outcome: outcome.mean_f1)
    passes = (
        ("single pass", single_pass, CENTROID_THRESHOLDS),
        ("mean in lane", single_pass_in_lane, MEAN_THRESHOLDS),
    )
    for method, run, thresholds in passes:
        outcomes = []
        for threshold in thresholds:
            began = time.process_time()
            groups = {name: run(stream.arrivals, threshold) for name, stream in streams.items()}
            spent_s = time.process_time() - began
            outcomes.append(_outcome(f"{method}, {threshold:.2f}", streams, groups, spent_s))
        yield max(outcomes, key=lambda outcome: outcome.mean_f1)


def _plot(path: Path, streams: Mapping[str, Stream]) -> None:
    costs = measure_costs(_distinct_articles(streams))
    plot_costs(path, {"Newsloom": costs})
    first, last = costs[0], costs[-1]
    print(
        f"Newsloom's cost of an article: {first.microseconds:.0f} µs with "
        f"{first.live_articles:,} live articles, {last.microseconds:.0f} µs with "
        f"{last.live_articles:,}. Plot: {path}"
    )


def _distinct_articles(streams: Mapping[str, Stream]) -> Iterator[ArticleArrival]:
    """The first arrival of every article of all streams, stream by stream."""
    seen: set[str] = set()
    for stream in streams.values():
        for arrival in stream.arrivals:
            if arrival.article["id"] not in seen:
                seen.add(arrival.article["id"])
                yield arrival


def _print_scores(
    newsloom: Outcome, shuffled: Sequence[Outcome], true_largest: Mapping[str, int]
) -> None:
    """All scores of Newsloom, the largest story it makes beside the largest true one, and its F1
    when the same articles arrive in other orders.
    """
    heads = "".join(f"  shuffled {number}" for number in range(1, len(shuffled) + 1))
    print(
        f"{'Newsloom':<24}{'precision':>10}{'recall':>8}{'F1':>7}{'pair precision':>16}"
        f"{'largest / true':>18}{heads}"
    )
    for name, scores in newsloom.scores.items():
        p, r, f1, pairs = scores
        cells = "".join(f"{outcome.scores[name].f1:>12.3f}" for outcome in shuffled)
        sizes = f"{newsloom.largest[name]:,} / {true_largest[name]:,}"
        print(f"  {name:<22}{p:>10.3f}{r:>8.3f}{f1:>7.3f}{pairs:>16.3f}{sizes:>18}{cells}")
    cells = "".join(f"{outcome.mean_f1:>12.3f}" for outcome in shuffled)
    print(f"  {'mean':<22}{'':>18}{newsloom.mean_f1:>7.3f}{'':>34}{cells}")
    if MIXED in newsloom.scores:
        print(f"  `{MIXED}` holds the articles of the other streams of its folder again.")
    print()


def _print_methods(outcomes: Sequence[Outcome]) -> None:
    """The BCubed F1 of every method on every stream, and articles per second.

    The speeds are not equal work: Newsloom also builds all records that it would publish.
    """
    streams = list(outcomes[0].scores)
    widths = [max(len(name), 5) for name in streams]
    heads = "".join(f"  {name:>{width}}" for name, width in zip(streams, widths, strict=True))
    print(f"{'F1 by method':<24}{'mean':>6}{heads}  articles/s")
    for outcome in outcomes:
        cells = "".join(
            f"  {outcome.scores[name].f1:>{width}.3f}"
            for name, width in zip(streams, widths, strict=True)
        )
        print(
            f"  {outcome.method:<22}{outcome.mean_f1:>6.3f}{cells}"
            f"  {outcome.articles_per_s:>10,.0f}"
        )
    print()


if __name__ == "__main__":
    main()
