"""The dashboard as a picture, drawn without Grafana: the same panels, from the same expressions.

    python deploy/grafana/plot_dashboard.py http://127.0.0.1:9090 --minutes 30 dashboard.png

Enters: a Prometheus that answers, `dashboards/newsloom.json`. Leaves: a PNG. Needs matplotlib.
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
"""With more lines than that nobody would find theirs."""
TICKS_S = (60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600)
RATE_INTERVAL_S = 60
"""For `$__rate_interval`: Grafana takes four scrapes, which are 15 s apart (prometheus.yml)."""

Panel = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is shown, in Unix seconds."""

    start: float
    end: float

    @property
    def step_s(self) -> float:
        """Between two points; Prometheus takes no less than a millisecond."""
        return max(1.0, (self.end - self.start) / POINTS)

    @property
    def tick_s(self) -> int:
        """Between two times on the axis: a round one, so that there are few."""
        length_s = self.end - self.start
        return next((tick for tick in TICKS_S if length_s <= 6 * tick), 86_400)


def panels_of(dashboard: dict[str, Any]) -> Iterator[tuple[str, list[Panel]]]:
    """Its rows in order, each with its panels."""
    title = ""
    held: list[Panel] = []
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            if held:
                yield title, held
            title, held = panel["title"], []
        else:
            held.append(panel)
    yield title, held


def expressions_of(panel: Panel) -> list[str]:
    """What a panel asks Prometheus, without Grafana's variables."""
    interval = f"{RATE_INTERVAL_S}s"
    return [t["expr"].replace("$__rate_interval", interval) for t in panel["targets"]]


def ask(url: str, expression: str, span: Span) -> list[dict[str, Any]]:
    """The series of an expression over a time. Raises OSError when Prometheus does not answer."""
    asked = {"query": expression, "start": span.start, "end": span.end, "step": span.step_s}
    address = f"{url.rstrip('/')}/api/v1/query_range?{urllib.parse.urlencode(asked)}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return list(json.load(answer)["data"]["result"])


def legend_of(template: str, labels: dict[str, str]) -> str:
    """A series' name, as Grafana makes it of `{{label}}`."""
    words = template.replace("{{", "${").replace("}}", "}")
    return Template(words).safe_substitute(labels)


def draw_panel(axes: Axes, panel: Panel, url: str, span: Span) -> None:
    """One panel: lines over time; of a panel that shows one value, its course."""
    drawn = 0
    for target, expression in zip(panel["targets"], expressions_of(panel), strict=True):
        for series in ask(url, expression, span):
            times = [float(at) for at, _ in series["values"]]
            values = [float(value) for _, value in series["values"]]
            label = legend_of(target["legendFormat"], series["metric"])
            axes.plot(times, values, linewidth=1.1, label=label)
            drawn += 1
    axes.set_title(panel["title"], fontsize=8, loc="left", fontweight="bold")
    # Where all is 0 as it should be, let it be seen.
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
    """Draws all rows, one below the other, and writes the picture."""
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
    """0, or 1 when Prometheus does not answer."""
    parser = argparse.ArgumentParser(description="Draw the dashboard without Grafana.")
    parser.add_argument("url", help="of Prometheus")
    parser.add_argument("picture", type=Path, help="PNG to write")
    parser.add_argument("--minutes", type=float, default=30, help="how far to look back (30)")
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
