"""The pages that people write: their links lead somewhere, and their lines are short enough."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from newsloom.commands.schemas import DOCUMENTS

ROOT = Path(__file__).parents[2]
MAX_LINE = 100

SURFACE = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
DEPLOY = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "deploy").rglob("*.md"))
LINKED = [*SURFACE, "examples/README.md", *DOCS, *DEPLOY]
GENERATED = {"docs/capacity.md", *DOCUMENTS}
"""benchmarks/capacity.py writes docs/capacity.md, `newsloom schemas export` the other pages."""
WRITTEN = [name for name in (*SURFACE, *DOCS) if name not in GENERATED]

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_PATH = re.compile(r"`((?:services|tests|benchmarks|deploy|docs|schemas)/[^`* ]+)`")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _links(text: str) -> list[str]:
    """The targets of the inline links and images of a page, without those in code."""
    return _LINK.findall(_CODE.sub("", _FENCED.sub("", text)))


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    counts: Counter[str] = Counter()
    anchors = set()
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{counts[anchor]}" if counts[anchor] else anchor)
        counts[anchor] += 1
    return anchors


def _broken_links(name: str) -> Iterator[str]:
    for target in _links(_read(name)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / name).parent / unquote(path)).resolve() if path else ROOT / name
        if not (file.is_relative_to(ROOT) and file.exists()):
            yield f"{name}: the link to {target} names no file of the repository"
        elif anchor and anchor not in _anchors(file.read_text(encoding="utf-8")):
            yield f"{name}: the link to {target} names no heading of that page"


@pytest.mark.parametrize("name", LINKED)
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    assert list(_broken_links(name)) == []


@pytest.mark.parametrize("name", WRITTEN)
def test_no_line_outside_tables_is_too_long(name: str) -> None:
    lines = enumerate(_read(name).split("\n"), 1)
    long = [n for n, line in lines if len(line) > MAX_LINE and not line.startswith("|")]
    assert long == [], f"{name}: break these lines after at most {MAX_LINE} characters"


def test_every_page_of_docs_is_in_the_index() -> None:
    index = {unquote(target) for target in _links(_read("docs/README.md"))}
    pages = {name.removeprefix("docs/") for name in DOCS if not name.startswith("docs/adr/")}
    assert pages - index == {"README.md"}


def test_generated_pages_exist_and_are_not_in_the_list_of_written_ones() -> None:
    assert {name for name in GENERATED if name.endswith(".md")} <= set(DOCS)
    assert "docs/stories.md" in WRITTEN


# case: (text of a page, its links)
LINKS = {
    "a link": ("See [a](b.md#c).", ["b.md#c"]),
    "an image": ("![A picture](a.png)", ["a.png"]),
    "two on a line": ("[a](b.md), [c](#d)", ["b.md", "#d"]),
    "text over two lines": ("[a\nb](c.md)", ["c.md"]),
    "in the second line of a list item": ("1. a\n    [b](c.md)", ["c.md"]),
    "code is skipped": ("`[a](b.md)` and [`c`](d.md)", ["d.md"]),
    "a fenced block is skipped": ("```\n`[a](b.md)\n```\n[c](d.md)", ["d.md"]),
}


@pytest.mark.parametrize("case", LINKS)
def test_links_of_a_page_are_found(case: str) -> None:
    text, links = LINKS[case]
    assert _links(text) == links


# case: (text of a page, its anchors)
ANCHORS = {
    "words": ("## Settings of brokers", {"settings-of-brokers"}),
    "punctuation and code": ("## Why? `run A|B --c`", {"why-run-ab---c"}),
    "a repeated heading gets a number": ("# A\n# A\n", {"a", "a-1"}),
    "a comment in a fenced block is no heading": ("```\n# A\n```\n# B\n", {"b"}),
}


@pytest.mark.parametrize("case", ANCHORS)
def test_anchors_are_those_of_github(case: str) -> None:
    text, anchors = ANCHORS[case]
    assert _anchors(text) == anchors


def test_panels_named_in_the_operating_page_are_in_the_dashboard() -> None:
    section = _read("docs/operating.md").partition("## From a question to its answer")[2]
    lines, _, _ = section.partition("**The objective**")
    named = re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", " ".join(lines.split()))
    dashboard = json.loads(_read("deploy/grafana/dashboards/newsloom.json"))
    assert named
    assert set(named) <= {panel["title"] for panel in dashboard["panels"]}


def test_files_named_in_the_pages_exist() -> None:
    named = {
        (page, path) for page in WRITTEN for path in _PATH.findall(_read(page)) if "<" not in path
    }
    assert len(named) > 20
    assert {(page, path) for page, path in named if not (ROOT / path).exists()} == set()
