"""Measure the processor time of an article as its lane grows, and plot it against the lane size.

In: arrivals in order. Out: points (live articles, microseconds per article), and a plot of such
series. The ending of the file name sets the format: .svg, .png or .pdf.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched


class Cost(NamedTuple):
    """The mean cost of the articles of one batch, and the live articles after that batch."""

    live_articles: int
    microseconds: float


def measure_costs(arrivals: Iterable[ArticleArrival], every: int = 500) -> list[Cost]:
    """The cost of curation in a new lane: a point for each `every` articles, and for the rest."""
    curator, costs = Curator(State()), list[Cost]()
    remaining = iter(arrivals)
    while batch := list(islice(remaining, every)):
        began = time.process_time()
        for arrival in batch:
            for _ in curator.curate(Enriched(arrival)):
                pass
        spent_s = time.process_time() - began
        costs.append(Cost(len(curator.state.articles), spent_s / len(batch) * 1e6))
    return costs


def plot_costs(path: Path, series: Mapping[str, Sequence[Cost]]) -> None:
    """Draw each series as a line with its name. Missing folders of `path` are created.

    The axis of sizes is logarithmic if the largest size is at least 100 times the smallest.
    """
    # Imported here, because matplotlib loads slowly and measuring does not need it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, costs in series.items():
        sizes = [cost.live_articles for cost in costs]
        axes.plot(sizes, [cost.microseconds for cost in costs], marker=".", label=name)
    sizes = [cost.live_articles for costs in series.values() for cost in costs]
    if sizes and max(sizes) >= 100 * max(1, min(sizes)):
        axes.set_xscale("log")
    axes.set_xlabel("live articles in the lane")
    axes.set_ylabel("microseconds per article")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if series:
        axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
