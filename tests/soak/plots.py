"""Plot the samples of a soak run: memory, open files, lag and live articles over time.

In: the series, the times of restarts, and the times of image outages. Out: a PNG file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

from tests.soak.samples import Line

mpl.use("Agg")

from matplotlib import pyplot as plt

TITLES = {
    "memory": "resident memory, MiB",
    "descriptors": "open files",
    "lag": "waiting records",
    "live": "live articles",
}


def draw(
    lines: Mapping[str, Mapping[str, Line]],
    restarts: Sequence[tuple[float, str]],
    outages: Sequence[tuple[float, float]],
    path: Path,
) -> None:
    """Write one chart for each quantity, one above the other, with a shared axis of minutes."""
    figure, charts = plt.subplots(len(TITLES), 1, sharex=True, figsize=(11, 12))
    for chart, what in zip(charts, TITLES, strict=True):
        for who, line in lines[what].items():
            minutes = [at_s / 60 for at_s in line.times_s]
            chart.plot(minutes, line.values, label=who, linewidth=1.2)
        for began_s, ended_s in outages:
            chart.axvspan(began_s / 60, ended_s / 60, color="orange", alpha=0.2, linewidth=0)
        for at_s, _ in restarts:
            chart.axvline(at_s / 60, color="grey", linestyle=":", linewidth=0.8)
        chart.set_ylabel(TITLES[what])
        if what == "lag":
            chart.set_yscale("symlog")
        chart.set_ylim(bottom=0)
        chart.grid(alpha=0.3)
        chart.legend(loc="lower right", fontsize="small")
    for at_s, what in restarts:
        charts[0].annotate(
            what, (at_s / 60, 0), rotation=90, fontsize="xx-small", va="bottom", ha="right"
        )
    charts[-1].set_xlabel("minutes (orange: an image host fails; dotted: a worker is restarted)")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
