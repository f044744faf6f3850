"""Draw the dashboard as a PNG without Grafana, with the same panels and expressions.

    python deploy/grafana/plot_dashboard.py http://127.0.0.1:9090 --minutes 30 dashboard.png

In: the address of a Prometheus server, and `dashboards/newsloom.json`. Out: a PNG file. Needs
matplotlib.
"""

import argparse
import json
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    EngFormatter,
    Formatter,
    FuncFormatter,
    MultipleLocator,
    PercentFormatter,
)

DASHBOARD = Path(__file__).parent / "dashboards" / "newsloom.json"
POINTS = 240
MAX_LEGEND = 12
"""The most lines for which a panel has a legend. A longer legend would not be readable."""
TICKS_S = (60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600)
RATE_INTERVAL_S = 60
"""The value of `$__rate_interval`. Grafana uses four scrape intervals of 15 s (prometheus.yml)."""

Panel = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """The time range that is drawn, in Unix seconds."""

    start: float
    end: float

    @property
    def step_s(self) -> float:
        """Seconds between two points, at least 1."""
        return max(1.0, (self.end - self.start) / POINTS)

    @property
    def tick_s(self) -> int:
        """Seconds between two marks on the time axis: a round number that gives about six marks."""
        length_s = self.end - self.start
        return next((tick for tick in TICKS_S if length_s <= 6 * tick), 86_400)


def panels_of(dashboard: dict[str, Any]) -> Iterator[tuple[str, list[Panel]]]:
    """The rows in order: the title of each row, and its panels."""
    title = ""
    panels: list[Panel] = []
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            if panels:
                yield title, panels
            title, panels = panel["title"], []
        else:
            panels.append(panel)
    yield title, panels


def expressions_of(panel: Panel) -> list[str]:
    """The expressions of a panel, with Grafana's variables replaced."""
    values = {"$__rate_interval": f"{RATE_INTERVAL_S}s", '="$namespace"': '=~".*"'}
    expressions = [target["expr"] for target in panel["targets"]]
    for variable, value in values.items():
        expressions = [expression.replace(variable, value) for expression in expressions]
    return expressions


def ask(url: str, expression: str, span: Span) -> list[dict[str, Any]]:
    """The series of an expression over a time range. Raises OSError if Prometheus cannot answer."""
    query = {"query": expression, "start": span.start, "end": span.end, "step": span.step_s}
    address = f"{url.rstrip('/')}/api/v1/query_range?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return list(json.load(answer)["data"]["result"])


def legend_of(template: str, labels: dict[str, str]) -> str:
    """The name of a series: `{{label}}` in the template is replaced as in Grafana."""
    template = template.replace("{{", "${").replace("}}", "}")
    return Template(template).safe_substitute(labels)


def draw_panel(axes: Axes, panel: Panel, url: str, span: Span) -> None:
    """Draw one panel as lines over time, even if the panel shows one value in Grafana."""
    drawn = 0
    for target, expression in zip(panel["targets"], expressions_of(panel), strict=True):
        for series in ask(url, expression, span):
            times = [float(at) for at, _ in series["values"]]
            values = [float(value) for _, value in series["values"]]
            label = legend_of(target["legendFormat"], series["metric"])
            axes.plot(times, values, linewidth=1.1, label=label)
            drawn += 1
    axes.set_title(panel["title"], fontsize=8, loc="left", fontweight="bold")
    # If all values are 0, keep the line visible at the bottom of the axis.
    axes.set_ylim(bottom=0, top=None if axes.dataLim.ymax > 0 else 1)
    axes.set_xlim(span.start, span.end)
    axes.xaxis.set_major_locator(MultipleLocator(span.tick_s))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{_utc(at):%H:%M}"))
    axes.yaxis.set_major_formatter(_formatter(panel))
    axes.tick_params(labelsize=6)
    axes.grid(alpha=0.25, linewidth=0.5)
    if 0 < drawn <= MAX_LEGEND:
        columns = 1 if drawn <= MAX_LEGEND // 2 else 2
        axes.legend(fontsize=5.5, loc="upper left", framealpha=0.6, borderpad=0.3, ncols=columns)


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _formatter(panel: Panel) -> Formatter:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    if unit == "percentunit":
        return PercentFormatter(1.0)
    if unit in ("s", "bytes"):
        return EngFormatter(unit={"s": "s", "bytes": "B"}[unit], sep=" ")
    after = " /s" if unit == "reqps" else ""
    return FuncFormatter(lambda value, _: f"{value:,.10g}{after}")


def draw(url: str, span: Span, path: Path) -> None:
    """Draw all rows, one below the other, and write the PNG.

    Raises OSError, ValueError or LookupError if Prometheus does not answer as expected.
    """
    mpl.use("Agg")
    rows = list(panels_of(json.loads(DASHBOARD.read_text())))
    height = 1.75 * len(rows) + 0.3
    figure = Figure(figsize=(15, height), layout="constrained")
    parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for part, (title, panels) in zip(parts, rows, strict=True):
        part.suptitle(title, fontsize=10, x=0.005, ha="left")
        widths = [panel["gridPos"]["w"] for panel in panels]
        grid = part.add_gridspec(1, len(panels), width_ratios=widths)
        for column, panel in enumerate(panels):
            draw_panel(part.add_subplot(grid[0, column]), panel, url, span)
    figure.savefig(path, dpi=80, pil_kwargs={"optimize": True})


def main() -> int:
    """The exit code: 0, or 1 if Prometheus does not answer as expected."""
    parser = argparse.ArgumentParser(description="Draw the dashboard without Grafana.")
    parser.add_argument("url", help="address of Prometheus, such as http://127.0.0.1:9090")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    parser.add_argument("--minutes", type=float, default=30, help="time range up to now (30)")
    options = parser.parse_args()
    end = time.time()
    try:
        draw(options.url, Span(end - 60 * options.minutes, end), options.picture)
    except (OSError, ValueError, LookupError) as error:
        print(f"plot_dashboard: {options.url}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
