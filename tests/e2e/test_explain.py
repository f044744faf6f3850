"""`newsloom explain` as a person reads it: a duplicate, a near miss, a story, a related article."""

import re
from pathlib import Path

import orjson
import pytest

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
    """The folder of a run over those articles."""
    folder = tmp_path_factory.mktemp("explain")
    events = [
        {
            "webUrl": f"https://{name}.example/a",
            "title": title,
            "excerpt": excerpt,
            "publishedDateTime": f"2026-03-02T{hour}:00:00Z",
        }
        for name, (title, excerpt, hour) in ARTICLES.items()
    ]
    complete(write_lines(folder / "events.jsonl", map(orjson.dumps, events)), output=folder / "out")
    return folder


def _explain(folder: Path, name: str, **environment: str) -> list[str]:
    url = f"https://{name}.example/a"
    ended = run(url, "--output=out", command="explain", cwd=folder, environment=environment)
    assert ended.code == 0, ended
    return ended.out.splitlines()


def _after(lines: list[str], beginning: str) -> list[str]:
    (start,) = [n for n, line in enumerate(lines) if line.startswith(beginning)]
    return lines[start:]


def test_a_duplicate_is_told_with_its_original_and_why(folder: Path) -> None:
    told = _after(_explain(folder, "copy"), "duplicates")
    assert told[0].endswith(
        "it is one, of “Ferry Selkie runs aground off Northfield pier” (first.example)"
    )
    assert "alike by 0.9" in told[1]
    assert "100 % of the shorter text's words are in the other" in told[1]
    assert "numbers agree; names agree; 2 h apart" in told[1]


def test_the_original_is_told_with_its_duplicates(folder: Path) -> None:
    told = _after(_explain(folder, "first"), "duplicates")
    assert "it was first, and “Ferry Selkie aground off pier” (copy.example) is one" in told[0]


def test_a_near_miss_is_told_with_what_differs(folder: Path) -> None:
    told = _after(_explain(folder, "miss"), "duplicates")
    misses = [line.strip() for line in told if "near miss" in line]
    assert any("(first.example): other numbers" in miss for miss in misses)
    assert any("numbers differ (48 here, 312 there)" in line for line in told)


def test_the_story_is_told_with_what_speaks_for_and_against(folder: Path) -> None:
    lines = _explain(folder, "story")
    told = _after(lines, "stories it would be held against")
    assert told[2].startswith("  +")
    assert "its own, “Ferry Selkie runs aground off Northfield pier” (4 articles)" in told[2]
    end = next(n for n, line in enumerate(told) if line.startswith("      in common: "))
    assert "selkie" in told[end]
    evidence = [line.strip() for line in told[3:end]]
    assert any(re.match(r"for: to begin with \+[\d,]+$", line) for line in evidence)
    assert any("alike to the story as a whole 0." in line for line in evidence)
    sides = [line.partition(":")[0] for line in evidence]
    assert sides == sorted(sides, reverse=True), "what speaks for it, then what speaks against"
    sums = [int(re.findall(r" [+-][\d,]+", line)[0].replace(",", "")) for line in evidence]
    score = int(told[2].split()[0].replace(",", ""))
    assert score == pytest.approx(sum(sums), abs=20), "they add up to it, each rounded down"


def test_a_related_article_is_told_with_its_words_and_relation(folder: Path) -> None:
    told = _after(_explain(folder, "story"), "related, nearest first")
    assert sum("same-story" in line and "selkie" in line for line in told) == 3
    of_copy = _after(_explain(folder, "copy"), "related, nearest first")
    assert [line.split()[1] for line in of_copy[2:5]].count("duplicate") == 1


def test_a_lone_article_is_told_as_such(folder: Path) -> None:
    lines = _explain(folder, "alone")
    assert _after(lines, "duplicates")[0].endswith("none: nothing is alike by 0.55")
    assert lines[-1].strip().startswith("none is near enough to be weighed")


def test_it_is_told_by_the_weights_and_threshold_that_are_set(folder: Path) -> None:
    (folder / "own.toml").write_text("[join]\nbias = -12345\n")
    lines = _explain(
        folder, "story", NEWSLOOM_STORY_WEIGHTS="own.toml", NEWSLOOM_PUBLISH_THRESHOLD="7"
    )
    assert any("to begin with -12,345" in line for line in lines)
    usual, changed = (
        _explain(folder, "first"),
        _explain(folder, "first", NEWSLOOM_PUBLISH_THRESHOLD="7"),
    )
    assert "not published: heat" in _after(usual, "verdict")[0]
    assert "published: heat" in _after(changed, "verdict")[0]
    assert "from 7 on it is published" in _after(changed, "verdict")[0]
