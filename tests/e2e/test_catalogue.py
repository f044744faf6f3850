"""An operator's catalogue file: how it is named, what it changes, and how a fault is reported."""

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


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
def test_operator_catalogue_names_providers_and_topics(tmp_path: Path, source: str) -> None:
    events, own = _files(tmp_path)
    if source == "file":
        (tmp_path / "newsloom.toml").write_text('catalogue = ["own.toml"]\n')
    complete(
        events,
        *(["--catalogue", own] if source == "flag" else []),
        output=tmp_path / "out",
        environment={"NEWSLOOM_CATALOGUE": str(own)} if source == "environment" else {},
        cwd=tmp_path,
    )
    (record,) = records(tmp_path / "out", "curated.jsonl")
    assert record["provider"] == {"name": "The Daily", "domain": "daily.example"}
    assert record["topics"] == ["Ferries", "Shipping", "Transport"]
    assert record["catalogueVersion"] == load_catalogue([own]).version


def test_same_catalogue_gives_same_bytes_and_records_name_its_version(tmp_path: Path) -> None:
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
def test_fault_in_catalogue_is_one_line_and_exit_code_2(tmp_path: Path, command: str) -> None:
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
    assert not out.exists(), "the run must not create its folder"


EXPLAINED = {
    "a known domain": (
        _event("https://www.theguardian.com/1", "Ferry aground"),
        "The Guardian (theguardian.com): newspaper, the catalogue lists its domain",
    ),
    "an aggregator's title": (
        _event("https://news.google.com/articles/1", "Ferry aground - Reuters"),
        "Reuters (reuters.com): agency, the title ends with its name; the URL is of google.com, "
        "a carrier of other sites' articles",
    ),
    "an AMP cache": (
        _event("https://x.cdn.ampproject.org/c/s/www.bbc.co.uk/1", "Ferry aground"),
        "BBC (bbc.co.uk): broadcaster, the catalogue lists its domain; the URL is of "
        "ampproject.org, a carrier of other sites' articles",
    ),
    "a hint": (
        _event("https://tide.example/1", "Ferry aground", provider={"name": "Tide"}),
        "Tide (tide.example): stated by the crawler",
    ),
    "only the URL": (
        _event("https://tide.example/1", "Ferry aground"),
        "tide.example (tide.example): the domain of the URL, which the catalogue does not list",
    ),
    "an aggregator that names no publisher": (
        _event("https://www.msn.com/1", "Ferry aground"),
        "MSN (msn.com): aggregator, a carrier of other sites' articles; nothing names the "
        "publisher of this one",
    ),
}


@pytest.mark.parametrize("case", EXPLAINED)
def test_explain_shows_how_the_provider_was_found(tmp_path: Path, case: str) -> None:
    event, expected = EXPLAINED[case]
    complete(write_lines(tmp_path / "event.jsonl", [event]), output=tmp_path / "out")
    article_id = records(tmp_path / "out", "curated.jsonl")[0]["id"]
    output = run(article_id, "--output", tmp_path / "out", command="explain").out
    assert f"provider       {expected}\n" in output


def test_explain_shows_when_another_catalogue_gave_the_provider(tmp_path: Path) -> None:
    events, own = _files(tmp_path)
    complete(events, "--catalogue", own, output=tmp_path / "out")
    article_id = records(tmp_path / "out", "curated.jsonl")[0]["id"]
    output = run(article_id, "--output", tmp_path / "out", command="explain").out
    version = load_catalogue([own]).version
    assert f"The Daily (daily.example): found with catalogue {version}; " in output
    assert "; the catalogue in use now gives daily.example (daily.example)\n" in output
