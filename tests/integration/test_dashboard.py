"""Every expression of dashboard, rules and runbook finds something of a real run in Prometheus."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.traffic import Feed
from tests.support.kafka import Kafka
from tests.support.prometheus import Prometheus
from tests.support.promql import (
    alerts,
    dashboard_targets,
    recorded,
    runbook_expressions,
    selectors,
    unfiltered,
)
from tests.support.site import Site
from tests.support.watched import ACTS, traffic, watched

EVENTS, RATE, SEED = 2_000, 100.0, 8
DEADLINE_S = 60.0
STAGES = ("enrich", "curate")


def _expressions() -> Iterator[tuple[str, str]]:
    """By where they stand. Of alerts the vectors, and how they are joined: no alert is to fire."""
    for panel, expression, _ in dashboard_targets():
        yield panel["title"], expression
    yield from runbook_expressions()
    for rule in recorded():
        yield rule["record"], rule["record"]
    for alert in alerts():
        yield alert["alert"], unfiltered(alert["expr"])
        for selector in selectors(alert["expr"]):
            yield alert["alert"], selector


def _finds(prometheus: Prometheus, expression: str) -> bool:
    found = prometheus.query(expression)
    return any(not math.isnan(float(sample["value"][1])) for sample in found)


def test_every_expression_finds_something(kafka: Kafka, tmp_path: Path) -> None:
    from deploy.grafana.plot_dashboard import Span, draw  # slow to import for whoever collects

    picture = tmp_path / "dashboard.png"
    with Site(ACTS) as site, watched(kafka, tmp_path, STAGES) as (_, prometheus):
        feed = Feed(kafka, traffic(SEED, EVENTS, site), RATE)
        feed.start()
        began_at = time.time()
        deadline = time.monotonic() + DEADLINE_S
        empty = list(_expressions())
        while empty and time.monotonic() < deadline:
            time.sleep(0.5)
            empty = [one for one in empty if not _finds(prometheus, one[1])]
        nameless = [
            panel["title"]
            for panel, expression, labels in dashboard_targets()
            for sample in prometheus.query(expression)
            if not labels <= set(sample["metric"])
        ]
        rules = prometheus.rules()
        draw(prometheus.url, Span(began_at, time.time()), picture)
        feed.join()
    assert empty == []
    assert nameless == [], "a legend names a label that its samples lack"
    assert feed.error is None
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []
