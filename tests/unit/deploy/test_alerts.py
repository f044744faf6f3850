"""Alerts, runbook and dashboard agree and use existing metrics; alert rules pass their tests."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Context

from newsloom.cli import newsloom
from newsloom.observability.definitions import ALL, ARRIVAL_TO_PUBLICATION
from newsloom.rules.images import Verdict
from tests.support.prometheus import DEPLOYED, run_promtool
from tests.support.promql import alerts, dashboard_targets, recorded, runbook_expressions

DEPLOY = DEPLOYED.parent
RUNBOOK = (DEPLOY / "runbook.md").read_text()
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "newsloom.json").read_text())
TESTS = yaml.safe_load((DEPLOYED / "alerts_test.yml").read_text())["tests"]
CASES = [case for test in TESTS for case in test["alert_rule_test"]]
ALERTS = alerts()
NAMES = [alert["alert"] for alert in ALERTS]
PROCESS = {"resident_memory_bytes", "cpu_seconds_total", "open_fds", "start_time_seconds"}
"""The `process_*` metrics of the Prometheus client that alerts and dashboard use."""
SUFFIXES = ("_bucket", "_count", "_sum")


def test_the_rules_pass_all_their_tests() -> None:
    assert "SUCCESS" in run_promtool("test", "rules", DEPLOYED / "alerts_test.yml")


def test_prometheus_accepts_the_configuration() -> None:
    run_promtool("check", "config", DEPLOYED / "prometheus.yml")


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_a_test_that_fires_and_one_that_does_not(name: str) -> None:
    fires = [bool(case.get("exp_alerts")) for case in CASES if case["alertname"] == name]
    assert set(fires) == {True, False}


def test_alerts_and_sections_of_the_runbook_correspond() -> None:
    sections = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    assert sections == list(dict.fromkeys(NAMES))
    for alert in ALERTS:
        link = f"deploy/runbook.md#{alert['alert'].lower()}"
        assert alert["annotations"]["runbook_url"] == link
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
        assert alert["labels"]["severity"] in ("page", "ticket")


def test_each_section_has_meaning_check_and_action() -> None:
    for section in RUNBOOK.split("\n## ")[1:]:
        parts = re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE)
        assert parts == ["Means", "See", "Do"], section[:40]
        assert "```promql" in section


def _expressions() -> Iterator[tuple[str, str]]:
    for rule in (*recorded(), *ALERTS):
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel, expression, _ in dashboard_targets():
        yield panel["title"], expression
    yield from runbook_expressions()


def test_expressions_use_only_existing_metrics() -> None:
    definitions = {one.name for one in ALL} | {f"process_{name}" for name in PROCESS} | {"ALERTS"}
    histograms = {one.name + suffix for one in ALL if one.buckets for suffix in SUFFIXES}
    known = definitions | histograms | {rule["record"] for rule in recorded()}
    for where, expression in _expressions():
        bare = re.sub(r'"[^"]*"', "", expression)
        for name in re.findall(r"\b(?:newsloom[\w:]*|process_\w+|ALERTS)\b", bare):
            assert name in known, where


def test_rules_and_dashboard_keep_installations_apart() -> None:
    for rule in (*recorded(), *ALERTS):
        for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", rule["expr"]):
            assert "namespace" in labels.split(", "), rule
        assert not re.search(r"\b(?:sum|max|min|count|group|avg)\s*\(", rule["expr"]), rule
    vector = re.compile(r"(?:newsloom_\w+|newsloom:[\w:]+|process_\w+|ALERTS)(\S*)")
    for panel in DASHBOARD["panels"]:
        for expression in [target["expr"] for target in panel.get("targets", ())]:
            matchers = vector.findall(re.sub(r'=~"[^"]*"', "", expression))
            assert matchers, panel["title"]
            assert all(m.startswith('{namespace="$namespace"') for m in matchers), panel["title"]


def test_each_metric_is_used_in_an_expression() -> None:
    asked = " ".join(expression for _, expression in _expressions())
    assert [one.name for one in ALL if one.name not in asked] == []


def test_expressions_use_only_existing_verdicts_and_buckets() -> None:
    asked = " ".join(expression for _, expression in _expressions())
    verdicts = {v for listed in re.findall(r'verdict=~"([^"]+)"', asked) for v in listed.split("|")}
    assert verdicts == {
        Verdict.UNREACHABLE, Verdict.TIMEOUT, Verdict.HTTP_ERROR, Verdict.TOO_MANY_REDIRECTS
    }  # fmt: skip
    edges = {float(edge) for edge in re.findall(r'le="([^"]+)"', asked)}
    assert edges == {60.0}
    assert edges <= set(ARRIVAL_TO_PUBLICATION.buckets)


def test_the_runbook_names_only_existing_commands_settings_and_panels() -> None:
    for command in re.findall(r"`newsloom ([a-z-]+)", RUNBOOK):
        assert newsloom.get_command(Context(newsloom), command), command
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    for named in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", RUNBOOK):
        words = " ".join(named.split())
        assert any(title.startswith(words) for title in [*titles, "Newsloom"]), words
    for link in re.findall(r"\]\(#(.+?)\)", RUNBOOK):
        assert link in [name.lower() for name in NAMES]
    for path in re.findall(r"\]\(([^#)]+)", RUNBOOK):
        assert (DEPLOY / path).exists(), path


def test_the_provisioned_dashboard_is_valid() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    (source,) = _read(folder / "datasources" / "prometheus.yml")["datasources"]
    scrape = _read(DEPLOYED / "prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrape
    (provider,) = _read(folder / "dashboards" / "newsloom.yml")["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == source["uid"]
            assert panel["description"]
            assert panel["targets"]


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
