"""`newsloom crawl` and its fetcher against a real web server on loopback."""

import asyncio
import gzip
import json
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import cramjam
import pytest

from newsloom.adapters.web.client import open_client
from newsloom.feeds.crawling.fetching import MAX_BYTES, WebFetcher
from newsloom.feeds.crawling.outcomes import Answer, Outcome
from tests.support.runs import finish, outcomes, run, start
from tests.support.site import Site, answer
from tests.unit.feeds.crawling.fakes import feed_bytes

FEED = feed_bytes("harbour.example", [1, 2])
LOOPBACK: dict[str, str | None] = {"NEWSLOOM_IMAGES_ALLOW_NETWORKS": "127.0.0.0/8"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/rss": answer(FEED, ETag='"a"', Cache_Control="public, max-age=900")}) as site:
        yield site


def fetch(site: Site, path: str, etag: str = "", visit_s: float = 10) -> Answer:
    async def ask() -> Answer:
        async with open_client("Newsloom/test", [ip_network("127.0.0.0/8")]) as client:
            fetcher = WebFetcher(client, visit_s=visit_s)
            return await fetcher.fetch(site.url(path), etag, "")

    return asyncio.run(ask())


def test_a_feed_is_read_with_its_validators(site: Site) -> None:
    found = fetch(site, "/rss", '"a"')
    assert (found.outcome, found.body, found.etag) == (Outcome.READ, FEED, '"a"')
    assert found.max_age_s == 900
    assert site.requests[-1].headers["if-none-match"] == '"a"'


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(FEED)), ("br", bytes(cramjam.brotli.compress(FEED)))],
    ids=["gzip", "br"],
)
def test_a_packed_feed_is_unpacked(site: Site, coding: str, body: bytes) -> None:
    site.acts["/packed"] = answer(body, Content_Encoding=coding)
    assert fetch(site, "/packed").body == FEED


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_feed_that_unpacks_to_too_much_is_cut(site: Site, coding: str) -> None:
    large = FEED[:-16] + b"x" * (40 * 1024 * 1024)
    packed = (
        gzip.compress(large, 1) if coding == "gzip" else bytes(cramjam.brotli.compress(large, 1))
    )
    site.acts["/bomb"] = answer(packed, Content_Encoding=coding)
    found = fetch(site, "/bomb")
    assert (found.outcome, len(found.body)) == (Outcome.TOO_LARGE, MAX_BYTES)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (304, "unchanged"),
        (401, "denied"),
        (403, "denied"),
        (404, "not-found"),
        (410, "gone"),
        (418, "http-error"),
        (429, "busy"),
        (500, "http-error"),
        (503, "busy"),
    ],
)
def test_a_status_has_a_word(site: Site, status: int, outcome: str) -> None:
    site.acts["/x"] = answer(b"", status, Retry_After="120")
    found = fetch(site, "/x")
    assert (found.outcome, found.retry_after_s) == (outcome, 120)


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ((301,), "/rss"),
        ((308,), "/rss"),
        ((302,), ""),
        ((307,), ""),
        ((301, 302), "/1"),
        ((302, 301), ""),
        ((301, 308), "/rss"),
    ],
    ids=str,
)
def test_only_a_permanent_redirect_is_remembered(
    site: Site, statuses: tuple[int, ...], moved_to: str
) -> None:
    for number, status in enumerate(statuses):
        last = number == len(statuses) - 1
        target = "/rss" if last else f"/{number + 1}"
        site.acts[f"/{number}"] = answer(b"", status, Location=target)
    found = fetch(site, "/0")
    assert found.outcome is Outcome.READ
    assert found.moved_to == (site.url(moved_to) if moved_to else "")


def test_redirects_without_end_are_given_up(site: Site) -> None:
    site.acts["/loop"] = answer(b"", 302, Location="/loop")
    assert fetch(site, "/loop").outcome is Outcome.REDIRECTS


def test_robots_are_obeyed_at_each_hop(site: Site) -> None:
    site.acts["/robots.txt"] = answer(b"User-agent: *\nDisallow: /private")
    site.acts["/hop"] = answer(b"", 302, Location="/private/rss")
    assert fetch(site, "/private/rss").outcome is Outcome.ROBOTS
    assert fetch(site, "/hop").outcome is Outcome.ROBOTS
    assert "/private/rss" not in site.counts()


def test_a_feed_that_never_ends_is_given_up(site: Site) -> None:
    site.acts["/slow"] = answer(FEED, after_s=60)
    assert fetch(site, "/slow", visit_s=0.3).outcome is Outcome.TOO_SLOW


def test_a_truncated_feed_and_a_closed_port_have_a_word(site: Site) -> None:
    site.acts["/cut"] = answer(gzip.compress(FEED)[:-9], Content_Encoding="gzip")
    assert fetch(site, "/cut").outcome is Outcome.BAD_BODY


def test_the_command_writes_each_entry_once(site: Site, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    feeds = tmp_path / "feeds.txt"
    feeds.write_text(f"{site.url('/rss')}\n{site.url('/none')}\n")
    words = (feeds, "--once", "--output", events)
    first = run(*words, command="crawl", environment=LOOPBACK)
    assert first.code == 0
    assert f"{site.url('/rss')}: read; 2 entries, 2 new" in first.err
    assert f"{site.url('/none')}: not-found; status 404" in first.err
    again = run(*words, command="crawl", environment=LOOPBACK)
    assert (again.code, again.err) == (0, "2 feeds are not due yet, or gone for ever\n")
    links = [json.loads(line)["webUrl"] for line in events.read_text().splitlines()]
    assert links == ["https://harbour.example/1", "https://harbour.example/2"]


def test_events_go_through_a_pipe_into_a_run(site: Site, tmp_path: Path) -> None:
    crawled = run(site.url("/rss"), "--once", command="crawl", environment=LOOPBACK)
    assert crawled.code == 0
    with start("-", "--output", tmp_path / "out", stdin=subprocess.PIPE) as process:
        ended = finish(process, crawled.out.encode())
    assert ended.code == 0
    assert outcomes(tmp_path / "out")["curated"] == 2


def test_feeds_that_all_fail_are_a_failure(site: Site) -> None:
    ended = run(site.url("/none"), "--once", command="crawl", environment=LOOPBACK)
    assert (ended.code, ended.out) == (1, "")


def test_an_unusable_list_is_named(tmp_path: Path) -> None:
    ended = run(tmp_path / "no", "--once", command="crawl")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "cannot be read" in ended.err
