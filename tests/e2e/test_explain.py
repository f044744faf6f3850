"""`newsloom explain` as a process: duplicates, near misses, stories and related articles."""

import re
from pathlib import Path

import orjson
import pytest

from newsloom.rules.duplicates import Difference
from tests.support.runs import complete, run, write_lines

TEXT = (
    "The car ferry Selkie struck the disused coal pier at Northfield on Monday with {} passengers "
    "aboard, and divers found a gash of nine metres below the vehicle deck."
)
ARTICLES = {
    "first": ("Ferry Selkie runs aground off Northfield pier", TEXT.format(312), 10),
    "copy": ("Ferry Selkie aground off pier", TEXT.format(312), 12),
    "miss": ("Ferry Selkie runs aground off Northfield pier", TEXT.format(48), 13),
    "story": (
        "Divers inspect ferry Selkie as Northfield waits",
        "Divers went down to the gash in the hull of the Selkie; the pier at Northfield is shut.",
        15,
    ),
    "alone": ("Fennimore dairy recalls soft cheese", "A routine test found listeria.", 16),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the output of a run over ARTICLES."""
    folder = tmp_path_factory.mktemp("explain")
    events: list[dict[str, object]] = [
        {
            "webUrl": f"https://{name}.example/a",
            "title": title,
            "excerpt": excerpt,
            "publishedDateTime": f"2026-03-02T{hour}:00:00Z",
        }
        for name, (title, excerpt, hour) in ARTICLES.items()
    ]
    events[-1] |= {"images": [{"url": "https://alone.example/\x9b2J\u202egpj.png"}]}
    complete(write_lines(folder / "events.jsonl", map(orjson.dumps, events)), output=folder / "out")
    return folder


def _explain(folder: Path, name: str, **environment: str) -> list[str]:
    url = f"https://{name}.example/a"
    ended = run(url, "--output=out", command="explain", cwd=folder, environment=environment)
    assert ended.code == 0, ended
    return ended.out.splitlines()


def _from(lines: list[str], beginning: str) -> list[str]:
    """The lines from the only one that starts with `beginning`."""
    (start,) = [n for n, line in enumerate(lines) if line.startswith(beginning)]
    return lines[start:]


def test_duplicate_is_shown_with_its_root_and_the_comparison(folder: Path) -> None:
    lines = _from(_explain(folder, "copy"), "duplicates")
    root = "“Ferry Selkie runs aground off Northfield pier” (first.example)"
    assert lines[0].endswith(f" duplicate of {root}, which was seen first")
    assert "similarity 0.9" in lines[1]
    assert "(0.86 or more, so the words need not agree)" in lines[1]
    assert "100 % of the shorter text's words are in the other" in lines[1]
    assert "numbers agree; names agree; 2 h apart" in lines[1]


def test_root_is_shown_with_its_duplicates(folder: Path) -> None:
    lines = _from(_explain(folder, "first"), "duplicates")
    duplicate = "“Ferry Selkie aground off pier” (copy.example)"
    assert f"has a duplicate, which was seen later: {duplicate}" in lines[0]


def test_near_miss_is_shown_with_what_differs(folder: Path) -> None:
    lines = _from(_explain(folder, "miss"), "duplicates")
    near_misses = [line.strip() for line in lines if "near miss" in line]
    expected = f"(first.example); the reason it is not: {Difference.NUMBERS}"
    assert any(expected in near_miss for near_miss in near_misses)
    assert any("numbers differ (only here: 48; only in the other: 312)" in line for line in lines)


def test_story_is_shown_with_evidence_for_and_against(folder: Path) -> None:
    lines = _from(_explain(folder, "story"), "the nearest stories, if the article arrived now")
    assert lines[4].startswith("  +")
    assert "its own story: “Ferry Selkie runs aground off Northfield pier” (4 articles)" in lines[4]
    end = next(n for n, line in enumerate(lines) if line.startswith("      shared words: "))
    assert "selkie" in lines[end]
    evidence = [line.strip() for line in lines[5:end]]
    assert any(re.match(r"for: base score \+[\d,]+$", line) for line in evidence)
    assert any("similarity to the story as a whole 0." in line for line in evidence)
    sides = [line.partition(":")[0] for line in evidence]
    assert sides == sorted(sides, reverse=True), "lines for the story come before those against it"
    totals = [int(re.findall(r" [+-][\d,]+", line)[0].replace(",", "")) for line in evidence]
    score = int(lines[4].split()[0].replace(",", ""))
    assert score == pytest.approx(sum(totals), abs=20), "the score is the sum, but for rounding"


def test_related_articles_are_shown_with_relation_and_shared_words(folder: Path) -> None:
    lines = _from(_explain(folder, "story"), "related articles, nearest first")
    assert sum("same-story" in line and "selkie" in line for line in lines) == 3
    lines = _from(_explain(folder, "copy"), "related articles, nearest first")
    assert [line.split()[1] for line in lines[2:5]].count("duplicate") == 1


def test_article_without_neighbours_is_explained(folder: Path) -> None:
    lines = _explain(folder, "alone")
    duplicates = _from(lines, "duplicates")[0]
    assert duplicates.endswith("none: no article near it in time has similarity 0.55 or more")
    assert _from(lines, "related articles")[1] == "  none"
    assert lines[-1].strip().startswith("no story is near enough to be weighed")


def test_weights_and_threshold_of_the_settings_are_used(folder: Path) -> None:
    (folder / "own.toml").write_text("[join]\nbias = -12345\n")
    lines = _explain(
        folder, "story", NEWSLOOM_STORY_WEIGHTS="own.toml", NEWSLOOM_PUBLISH_THRESHOLD="7"
    )
    assert any("base score -12,345" in line for line in lines)
    default, changed = (
        _from(_explain(folder, "first"), "decision")[0],
        _from(_explain(folder, "first", NEWSLOOM_PUBLISH_THRESHOLD="7"), "decision")[0],
    )
    assert default.startswith("decision       not published: it leads its story; heat ")
    assert changed.startswith("decision       published: it leads its story; heat ")
    assert changed.endswith("leads are published from heat 7")


def test_an_image_url_cannot_control_the_terminal(folder: Path) -> None:
    lines = _explain(folder, "alone")
    assert _from(lines, "images")[0].endswith("https://alone.example/·2J·gpj.png")
    assert all(line.isprintable() for line in lines)
