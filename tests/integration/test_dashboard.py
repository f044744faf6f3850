"""Every expression of dashboard, rules and runbook yields samples of a real run in Prometheus."""

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
    """Each expression with the name of its panel, runbook section or rule.

    No alert fires in a healthy run. So an alert is replaced by its expression without the filters,
    and by each of its selectors.
    """
    for panel, expression, _ in dashboard_targets():
        yield panel["title"], expression
    yield from runbook_expressions()
    for rule in recorded():
        yield rule["record"], rule["record"]
    for alert in alerts():
        yield alert["alert"], unfiltered(alert["expr"])
        for selector in selectors(alert["expr"]):
            yield alert["alert"], selector


def _has_value(prometheus: Prometheus, expression: str) -> bool:
    samples = prometheus.query(expression)
    return any(not math.isnan(float(sample["value"][1])) for sample in samples)


def test_every_expression_yields_a_value(kafka: Kafka, tmp_path: Path) -> None:
    from deploy.grafana.plot_dashboard import Span, draw  # slow to import, so only the test does

    picture = tmp_path / "dashboard.png"
    with Site(ACTS) as site, watched(kafka, tmp_path, STAGES) as (_, prometheus):
        feed = Feed(kafka, traffic(SEED, EVENTS, site), RATE)
        feed.start()
        started_at = time.time()
        deadline = time.monotonic() + DEADLINE_S
        empty = list(_expressions())
        while empty and time.monotonic() < deadline:
            time.sleep(0.5)
            empty = [entry for entry in empty if not _has_value(prometheus, entry[1])]
        without_labels = [
            panel["title"]
            for panel, expression, labels in dashboard_targets()
            for sample in prometheus.query(expression)
            if not labels <= set(sample["metric"])
        ]
        rules = prometheus.rules()
        draw(prometheus.url, Span(started_at, time.time()), picture)
        feed.join()
    assert empty == []
    assert without_labels == [], "the legends of these panels name labels that their samples lack"
    assert feed.error is None
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []
