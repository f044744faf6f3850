"""Reads the PromQL expressions of the alert rules, the dashboard and the runbook.

In: the files in deploy/. Out: expressions with the rule, panel or section that has them, and
expressions without their filters.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.grafana.plot_dashboard import DASHBOARD, expressions_of
from tests.support.prometheus import DEPLOYED

Rule = dict[str, Any]


def _rules() -> list[Rule]:
    groups = yaml.safe_load((DEPLOYED / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[Rule]:
    """All alert rules, in the order of the file."""
    return [rule for rule in _rules() if "alert" in rule]


def recorded() -> list[Rule]:
    """All recording rules, in the order of the file."""
    return [rule for rule in _rules() if "record" in rule]


def dashboard_targets() -> Iterator[tuple[Rule, str, set[str]]]:
    """For each query of a panel: the panel, the expression, and the labels of its legend."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        if panel["type"] == "row":
            continue
        for target, expression in zip(panel["targets"], expressions_of(panel), strict=True):
            yield panel, expression, set(re.findall(r"{{(\w+)}}", target["legendFormat"]))


def runbook_expressions() -> Iterator[tuple[str, str]]:
    """Pairs of a section's title and one of its expressions."""
    for section in (DEPLOYED.parent / "runbook.md").read_text().split("\n## ")[1:]:
        title = section.splitlines()[0]
        for block in re.findall(r"```promql\n(.+?)```", section, re.DOTALL):
            yield title, block.strip()


def unfiltered(expression: str) -> str:
    """An alert's expression with the same vectors and joins, but without filters.

    Comparisons return 0 or 1 instead of dropping samples, and `unless` becomes `and`. So the result
    is empty only if a vector is empty, or if two joined vectors have no labels in common.
    """
    parts = re.split(r'(\{[^}]*\}|"[^"]*")', expression)  # matchers and strings stay unchanged
    for index in range(0, len(parts), 2):
        part = re.sub(r"\bunless\b", "and", parts[index])
        parts[index] = re.sub(r"(==|!=|>=|<=|>|<)", r"\1 bool", part)
    return "".join(parts)


def selectors(expression: str) -> list[str]:
    """The vectors that an expression reads, with their matchers but without their ranges."""
    return re.findall(
        r"\b(?:newsloom|process)_[\w]+\b(?:\{[^}]*\})?|\bnewsloom:[\w:]+(?:\{[^}]*\})?", expression
    )
