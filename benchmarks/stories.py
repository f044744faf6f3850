"""Quality of the stories on labelled news streams, ours beside the usual ways to group news.

python -m benchmarks.stories FOLDER [--shuffled N] [--plot FILE]: see `story_streams` for what a
folder holds. Ours goes through the real pipeline, images off; of the others each has the one
threshold that is best for it over the whole folder, which is more than an operator could know.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean
from typing import NamedTuple

from benchmarks.story_costs import measure_costs, plot_costs
from benchmarks.story_rivals import LINKED, group_by_links, single_pass
from benchmarks.story_streams import LabelledEvent, Scores, read_streams, score
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Enricher
from tests.support.pipeline import raw_input

ARRIVED_AT_S = 1_790_000_000
LINK_THRESHOLDS = [n / 20 for n in range(3, 17)]
CENTROID_THRESHOLDS = [n / 100 for n in range(10, 39, 4)]


class Stream(NamedTuple):
    """A stream as the pipeline prepared it: arrivals in order and the story of each."""

    arrivals: list[ArticleArrival]
    gold: list[str]


class Outcome(NamedTuple):
    """How one way of grouping did over all streams: scores by stream, and its speed."""

    way: str
    scores: dict[str, Scores]
    articles_per_s: float

    @property
    def mean_f1(self) -> float:
        return mean(each.f1 for each in self.scores.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="NAME.events.jsonl beside NAME.gold.tsv")
    parser.add_argument(
        "--shuffled", type=int, default=1, help="rounds of ours in other orders of arrival"
    )
    parser.add_argument("--plot", type=Path, help="where to draw cost against size: .svg or .png")
    arguments = parser.parse_args()
    catalogue = load_catalogue()
    streams = dict(read_streams(arguments.folder))
    if not streams:
        sys.exit(f"{arguments.folder}: no NAME.events.jsonl beside NAME.gold.tsv in it")
    prepared = {name: prepare(events, catalogue) for name, events in streams.items()}
    ours = group_all("ours", prepared)
    shuffled = [
        group_all("ours", {name: shuffle(stream, seed) for name, stream in prepared.items()})
        for seed in range(1, arguments.shuffled + 1)
    ]
    _print_scores(ours, shuffled)
    _print_ways([ours, *_rivals(prepared)])
    if arguments.plot:
        costs = measure_costs(_all_articles(prepared))
        plot_costs(arguments.plot, {"ours": costs})
        first, last = costs[0], costs[-1]
        print(
            f"ours at {first.live_articles:,} live articles: {first.microseconds:.0f} µs, "
            f"at {last.live_articles:,}: {last.microseconds:.0f} µs; see {arguments.plot}"
        )


def prepare(events: Sequence[LabelledEvent], catalogue: Catalogue) -> Stream:
    """The events as enrichment leaves them; those it refuses are left out."""
    enricher = Enricher(catalogue, "off")
    arrivals, gold = [], []
    for labelled in events:
        arrival = enricher.enrich(raw_input(labelled.event), ARRIVED_AT_S).arrival
        if isinstance(arrival, ArticleArrival):
            arrivals.append(arrival)
            gold.append(labelled.story)
    return Stream(arrivals, gold)


def shuffle(stream: Stream, seed: int) -> Stream:
    """The same articles in another order of arrival."""
    order = list(range(len(stream.gold)))
    Random(seed).shuffle(order)
    return Stream([stream.arrivals[n] for n in order], [stream.gold[n] for n in order])


def _all_articles(streams: Mapping[str, Stream]) -> Iterator[ArticleArrival]:
    """Every article of all streams once, stream by stream."""
    seen: set[str] = set()
    for stream in streams.values():
        for arrival in stream.arrivals:
            if arrival.article["id"] not in seen:
                seen.add(arrival.article["id"])
                yield arrival


def group(arrivals: Sequence[ArticleArrival]) -> list[str]:
    """The story in which ours puts each article in the end."""
    curator = Curator(State())
    for arrival in arrivals:
        curator.curate(Enriched(arrival))
    return [curator.state.articles[arrival.article["id"]].story_id for arrival in arrivals]


def group_all(way: str, streams: Mapping[str, Stream]) -> Outcome:
    """Ours over all streams, each in a lane of its own."""
    began = time.process_time()
    groups = {name: group(stream.arrivals) for name, stream in streams.items()}
    spent_s = time.process_time() - began
    return _outcome(way, streams, groups, spent_s)


def _outcome(
    way: str,
    streams: Mapping[str, Stream],
    groups: Mapping[str, Sequence[str | int]],
    spent_s: float,
) -> Outcome:
    scores = {name: score(stream.gold, groups[name]) for name, stream in streams.items()}
    articles = sum(len(stream.gold) for stream in streams.values())
    return Outcome(way, scores, articles / spent_s)


def _rivals(streams: Mapping[str, Stream]) -> Iterator[Outcome]:
    """The other ways, each with the threshold that is best for it."""
    for way, link in LINKED.items():
        began = time.process_time()
        links = {name: link(stream.arrivals) for name, stream in streams.items()}
        spent_s = time.process_time() - began
        outcomes = []
        for threshold in LINK_THRESHOLDS:
            groups = {name: group_by_links(found, threshold) for name, found in links.items()}
            outcomes.append(_outcome(f"{way}, {threshold:.2f}", streams, groups, spent_s))
        yield max(outcomes, key=lambda outcome: outcome.mean_f1)
    outcomes = []
    for threshold in CENTROID_THRESHOLDS:
        began = time.process_time()
        found = {name: single_pass(each.arrivals, threshold) for name, each in streams.items()}
        spent_s = time.process_time() - began
        outcomes.append(_outcome(f"single pass, {threshold:.2f}", streams, found, spent_s))
    yield max(outcomes, key=lambda outcome: outcome.mean_f1)


def _print_scores(ours: Outcome, shuffled: Sequence[Outcome]) -> None:
    """Ours in full, beside the F1 it has when the same articles arrive in other orders."""
    heads = "".join(f"  shuffled {number}" for number in range(1, len(shuffled) + 1))
    print(f"{'ours':<24}{'precision':>10}{'recall':>8}{'F1':>7}{'of pairs':>10}{heads}")
    for name, scores in ours.scores.items():
        p, r, f1, pairs = scores
        cells = "".join(f"{each.scores[name].f1:>12.3f}" for each in shuffled)
        print(f"  {name:<22}{p:>10.3f}{r:>8.3f}{f1:>7.3f}{pairs:>10.3f}{cells}")
    cells = "".join(f"{each.mean_f1:>12.3f}" for each in shuffled)
    print(f"  {'mean':<22}{'':>18}{ours.mean_f1:>7.3f}{'':>10}{cells}\n")


def _print_ways(outcomes: Sequence[Outcome]) -> None:
    """BCubed F1 of every way on every stream. Ours does more: it also makes all the records."""
    streams = list(outcomes[0].scores)
    widths = [max(len(name), 5) for name in streams]
    heads = "".join(f"  {name:>{width}}" for name, width in zip(streams, widths, strict=True))
    print(f"{'F1':<24}{'mean':>6}{heads}  articles/s")
    for outcome in outcomes:
        cells = "".join(
            f"  {outcome.scores[name].f1:>{width}.3f}"
            for name, width in zip(streams, widths, strict=True)
        )
        print(
            f"  {outcome.way:<22}{outcome.mean_f1:>6.3f}{cells}  {outcome.articles_per_s:>10,.0f}"
        )
    print()


if __name__ == "__main__":
    main()
