"""The expressions of rules, dashboard and runbook, and what is to be asked of them.

In: the files in deploy/. Out: expressions with where they stand; the same without their filters.
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
    """All alerts, in the order of the file."""
    return [rule for rule in _rules() if "alert" in rule]


def recorded() -> list[Rule]:
    """All measures that are recorded."""
    return [rule for rule in _rules() if "record" in rule]


def dashboard_targets() -> Iterator[tuple[Rule, str, set[str]]]:
    """Each panel, with an expression of it and the labels that its legend names."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        if panel["type"] == "row":
            continue
        for target, expression in zip(panel["targets"], expressions_of(panel), strict=True):
            yield panel, expression, set(re.findall(r"{{(\w+)}}", target["legendFormat"]))


def runbook_expressions() -> Iterator[tuple[str, str]]:
    """Those to look with, by section."""
    for section in (DEPLOYED.parent / "runbook.md").read_text().split("\n## ")[1:]:
        title = section.splitlines()[0]
        for block in re.findall(r"```promql\n(.+?)```", section, re.DOTALL):
            yield title, block.strip()


def unfiltered(expression: str) -> str:
    """An alert's expression with the same vectors, joined as they are, where nothing is amiss.

    Comparisons give 0 or 1 instead of leaving out, what is to be absent is to be there, and
    nothing stands in for what is missing. So it yields nothing only if a vector is empty, or two
    that are joined have no labels in common.
    """
    parts = re.split(r'(\{[^}]*\}|"[^"]*")', expression)  # matchers and strings stay
    for index in range(0, len(parts), 2):
        part = re.sub(r"\babsent\(", "(", parts[index])
        part = part.replace("or vector(0)", "")
        parts[index] = re.sub(r"(==|!=|>=|<=|>|<)", r"\1 bool", part)
    return "".join(parts)


def selectors(expression: str) -> list[str]:
    """The vectors that an expression reads, each with its matchers, without ranges."""
    return re.findall(
        r"\b(?:newsloom|process)_[\w]+\b(?:\{[^}]*\})?|\bnewsloom:[\w:]+(?:\{[^}]*\})?", expression
    )
