"""Catalogue files of one's own: named by a flag, a setting or a file, and refused in one line."""

from pathlib import Path

import orjson
import pytest

from newsloom.adapters.catalogue.files import load_catalogue
from tests.support.runs import complete, records, run, write_lines

OWN = (
    '[[provider]]\ndomain = "daily.example"\nname = "The Daily"\n'
    '[[topic]]\nid = "ferries"\nname = "Ferries"\nkeywords = ["ferry boat"]\nparent = "shipping"\n'
)


def _event(url: str, title: str, **fields: object) -> bytes:
    event = {"webUrl": url, "title": title, "publishedDateTime": "2026-03-02T10:00:00Z"}
    return orjson.dumps(event | fields)


FERRY = _event("https://daily.example/a", "Ferry boat back in service")


def _files(folder: Path) -> tuple[Path, Path]:
    own = folder / "own.toml"
    own.write_text(OWN, "utf-8")
    return write_lines(folder / "event.jsonl", [FERRY]), own


@pytest.mark.parametrize("way", ["flag", "environment", "file"])
def test_an_own_catalogue_names_providers_and_topics(tmp_path: Path, way: str) -> None:
    events, own = _files(tmp_path)
    if way == "file":
        (tmp_path / "newsloom.toml").write_text('catalogue = ["own.toml"]\n')
    complete(
        events,
        *(["--catalogue", own] if way == "flag" else []),
        output=tmp_path / "out",
        environment={"NEWSLOOM_CATALOGUE": str(own)} if way == "environment" else {},
        cwd=tmp_path,
    )
    (record,) = records(tmp_path / "out", "curated.jsonl")
    assert record["provider"] == {"name": "The Daily", "domain": "daily.example"}
    assert record["topics"] == ["Ferries", "Shipping", "Transport"]
    assert record["catalogueVersion"] == load_catalogue([own]).version


def test_the_same_version_replays_to_the_same_bytes_and_another_says_so(tmp_path: Path) -> None:
    events, own = _files(tmp_path)
    for name in ("one", "two"):
        complete(events, "--catalogue", own, output=tmp_path / name)
    complete(events, output=tmp_path / "bundled")
    one, two, bundled = (
        (tmp_path / name / "curated.jsonl").read_bytes() for name in ("one", "two", "bundled")
    )
    assert one == two
    assert one != bundled
    version = load_catalogue().version
    assert orjson.loads(bundled)["catalogueVersion"] == version


@pytest.mark.parametrize("command", ["run", "worker", "explain"])
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, command: str) -> None:
    events, own = _files(tmp_path)
    own.write_text(OWN + 'parent = "x"\n', "utf-8")
    out = tmp_path / "out"
    arguments: dict[str, list[object]] = {
        "run": ["run", events, "--output", out],
        "worker": ["worker", "all"],
        "explain": ["explain", "https://daily.example/a", "--output", out],
    }
    name, *others = arguments[command]
    ended = run(*others, "--catalogue", own, command=name)
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert line.startswith(f"newsloom: catalogue: {own}:9: not TOML: ")
    assert not out.exists(), "nothing was begun"


EXPLAINED = {
    "a known domain": (
        _event("https://www.theguardian.com/1", "Ferry aground"),
        "The Guardian (theguardian.com): newspaper, its domain's name in the catalogue",
    ),
    "an aggregator's title": (
        _event("https://news.google.com/articles/1", "Ferry aground - Reuters"),
        "Reuters (reuters.com): agency, the outlet that its title ends in, behind a URL of "
        "google.com, which carries others",
    ),
    "an AMP cache": (
        _event("https://x.cdn.ampproject.org/c/s/www.bbc.co.uk/1", "Ferry aground"),
        "BBC (bbc.co.uk): broadcaster, its domain's name in the catalogue, behind a URL of "
        "ampproject.org, which carries others",
    ),
    "a hint": (
        _event("https://tide.example/1", "Ferry aground", provider={"name": "Tide"}),
        "Tide (tide.example): as the crawler hints",
    ),
    "nothing": (
        _event("https://tide.example/1", "Ferry aground"),
        "tide.example (tide.example): its domain, which the catalogue does not know",
    ),
    "an aggregator that says nothing": (
        _event("https://www.msn.com/1", "Ferry aground"),
        "MSN (msn.com): aggregator, it carries what others publish, and nothing says who did",
    ),
}


@pytest.mark.parametrize("reason", EXPLAINED)
def test_explain_says_why_it_is_the_publisher(tmp_path: Path, reason: str) -> None:
    event, words = EXPLAINED[reason]
    complete(write_lines(tmp_path / "event.jsonl", [event]), output=tmp_path / "out")
    ident = records(tmp_path / "out", "curated.jsonl")[0]["id"]
    said = run(ident, "--output", tmp_path / "out", command="explain").out
    assert f"provider    {words}\n" in said


def test_explain_says_when_another_catalogue_decided(tmp_path: Path) -> None:
    events, own = _files(tmp_path)
    complete(events, "--catalogue", own, output=tmp_path / "out")
    ident = records(tmp_path / "out", "curated.jsonl")[0]["id"]
    said = run(ident, "--output", tmp_path / "out", command="explain").out
    version = load_catalogue([own]).version
    assert (
        f"The Daily (daily.example): as catalogue {version} had it; this one says daily.example"
    ) in said
