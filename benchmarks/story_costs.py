"""What an article costs as its lane grows: measured, and plotted against the size of the lane.

In: arrivals in order; out: points of (live articles, microseconds an article), and a plot of any
such series in the form that the file's name ends in (.svg, .png, .pdf).
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
    """What an article cost, on average over some, when so many were live at their end."""

    live_articles: int
    microseconds: float


def measure_costs(arrivals: Iterable[ArticleArrival], every: int = 500) -> list[Cost]:
    """The cost of curating in one new lane, a point for `every` so many articles and the rest."""
    curator, costs = Curator(State()), list[Cost]()
    remaining = iter(arrivals)
    while batch := list(islice(remaining, every)):
        began = time.process_time()
        for arrival in batch:
            curator.curate(Enriched(arrival))
        spent_s = time.process_time() - began
        costs.append(Cost(len(curator.state.articles), spent_s / len(batch) * 1e6))
    return costs


def plot_costs(path: Path, series: Mapping[str, Sequence[Cost]]) -> None:
    """Draws each series of costs as a line of its name; with a logarithmic axis from a
    hundredfold growth on.
    """
    # Loaded here: what only measures need not wait for it.
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
    axes.set_ylabel("microseconds an article")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if series:
        axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
