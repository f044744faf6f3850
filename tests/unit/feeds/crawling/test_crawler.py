"""What the crawler writes, remembers and waits for. No test sleeps: the clock is made."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from newsloom.adapters.failures import OutageError
from newsloom.feeds.crawling.crawler import HOST_PAUSE_S, Visit
from newsloom.feeds.crawling.outcomes import Answer, Outcome
from newsloom.feeds.crawling.schedule import LONGEST_RETRY_S, SHORTEST_S
from newsloom.feeds.crawling.state import CrawlState
from tests.unit.feeds.crawling.fakes import (
    FakeClock,
    FakeOutput,
    FakeWeb,
    KilledError,
    crawler_of,
    failing,
    feed_bytes,
    read,
)

URL = "https://harbour.example/rss"
DAY_S = 86_400


class World:
    """A crawler over one state, with a new process for each crawl."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.state = CrawlState(None)
        self.output = FakeOutput()
        self.web = FakeWeb(self.clock, {})
        self.visits: list[Visit] = []

    def crawl(self, *addresses: str) -> int:
        crawler = crawler_of(self.state, self.web, self.output, self.clock, self.visits)
        return asyncio.run(crawler.visit_once(addresses or (URL,)))

    def crawl_later(self, seconds: float = 2 * DAY_S) -> None:
        self.clock.time += seconds
        assert self.crawl() == 0


@pytest.fixture
def world() -> World:
    return World()


def test_an_entry_is_written_once_and_again_when_it_is_edited(world: World) -> None:
    world.web.answers[URL] = read(URL, feed_bytes("harbour.example", [1, 2]))
    world.crawl()
    world.web.answers[URL] = read(URL, feed_bytes("harbour.example", [1, 2, 3]))
    world.crawl_later()
    assert world.output.links() == [f"https://harbour.example/{n}" for n in (1, 2, 3)]
    world.web.answers[URL] = read(URL, feed_bytes("harbour.example", [3], title="Ebb"))
    world.crawl_later()
    assert world.output.events[-1]["title"] == "Ebb 3"
    assert [(v.entries, v.new) for v in world.visits] == [(2, 2), (3, 1), (1, 1)]


def test_an_entry_without_a_date_keeps_its_first_time(world: World) -> None:
    for title in ("Tide", "Ebb"):
        world.web.answers[URL] = read(URL, feed_bytes("harbour.example", [1], title))
        world.crawl_later()
    first, second = world.output.events
    assert first["publishedDateTime"] == second["publishedDateTime"]


def test_an_unchanged_feed_is_asked_with_its_validators(world: World) -> None:
    world.web.answers[URL] = read(URL, feed_bytes("harbour.example", [1]), etag='"a"')
    world.crawl()
    world.crawl_later()
    assert [validator for _, validator, _ in world.web.requests] == ["", '"a"']
    assert world.visits[-1].outcome is Outcome.UNCHANGED


def test_a_feed_that_is_not_due_is_not_visited(world: World) -> None:
    world.web.answers[URL] = read(URL, feed_bytes("harbour.example", [1]))
    assert world.crawl() == 0
    world.clock.time += SHORTEST_S - 1
    assert world.crawl() == 1
    assert len(world.web.requests) == 1


@pytest.mark.parametrize("is_kept", [True, False], ids=["after-the-write", "before-the-write"])
@pytest.mark.parametrize("write", range(4))
def test_a_kill_at_any_write_loses_no_entry(world: World, write: int, is_kept: bool) -> None:
    urls = [f"https://h{n}.example/rss" for n in range(4)]
    hosts = [f"h{n}.example" for n in range(4)]
    world.web.answers = {
        url: read(url, feed_bytes(host, [1, 2])) for url, host in zip(urls, hosts, strict=True)
    }
    world.output = FakeOutput(write, is_kept)
    with pytest.raises(KilledError):
        world.crawl(*urls)
    written = world.output.links()
    world.output = FakeOutput()
    world.crawl(*urls)
    expected = {f"https://{host}/{n}" for host in hosts for n in (1, 2)}
    assert {*written, *world.output.links()} == expected
    assert len(written) + len(world.output.links()) <= len(expected) + 2


def test_requests_to_one_host_have_pauses(world: World) -> None:
    urls = [f"https://harbour.example/{n}" for n in range(5)]
    world.web.answers = {url: read(url, feed_bytes("harbour.example", [1])) for url in urls}
    world.crawl(*urls)
    times = world.web.times_of("harbour.example")
    assert all(b - a >= HOST_PAUSE_S for a, b in pairwise(times))


def test_a_feed_that_fails_is_tried_less_and_less_often(world: World) -> None:
    world.web.answers[URL] = failing(URL, Outcome.UNREACHABLE)
    waits = []
    for _ in range(12):
        world.crawl()
        waits.append(world.state.feed(URL).next_visit - world.clock.now())
        world.clock.time += waits[-1]
    assert waits[0] < waits[1] < waits[2]
    assert LONGEST_RETRY_S <= waits[-1] <= LONGEST_RETRY_S * 1.1


def test_retry_after_is_kept(world: World) -> None:
    world.web.answers[URL] = failing(URL, Outcome.BUSY, retry_after_s=7_200)
    world.crawl()
    world.clock.time += 7_199
    assert world.crawl() == 1


def test_a_feed_that_is_gone_is_never_visited_again(world: World) -> None:
    world.web.answers[URL] = failing(URL, Outcome.GONE)
    world.crawl()
    world.clock.time += 365 * DAY_S
    assert world.crawl() == 1
    assert len(world.web.requests) == 1


def test_a_feed_that_has_moved_for_ever_is_visited_there(world: World) -> None:
    new = "https://new.example/rss"
    world.web.answers[URL] = read(new, feed_bytes("harbour.example", [1]), moved_to=new)
    world.web.answers[new] = read(new, feed_bytes("harbour.example", [1, 2]))
    world.crawl()
    world.crawl_later()
    assert [url for url, _, _ in world.web.requests] == [URL, new]
    assert {event["source"] for event in world.output.events} == {"harbour.example-rss"}
    assert len(world.output.events) == 2


def test_the_feed_of_a_page_is_found_and_remembered(world: World) -> None:
    feed = "https://harbour.example/atom"
    page = b"<html><link rel='alternate' type='application/rss+xml' href='/atom'></html>"
    world.web.answers[URL] = read(URL, page)
    world.web.answers[feed] = read(feed, feed_bytes("harbour.example", [1]))
    world.crawl()
    world.crawl_later()
    assert [url for url, _, _ in world.web.requests] == [URL, feed, feed]
    assert world.output.links() == ["https://harbour.example/1"]


def test_what_is_no_feed_has_its_own_word(world: World) -> None:
    bodies = {
        "empty": b"",
        "html-page": b"<html><p>Hello</html>",
        "login-page": b"<html><input type=password></html>",
        "not-a-feed": b"Hello",
    }
    for reason, body in bodies.items():
        url = f"https://{reason}.example/"
        world.web.answers[url] = read(url, body)
    world.crawl(*world.web.answers)
    assert {v.address: v.outcome for v in world.visits} == {
        f"https://{reason}.example/": reason for reason in bodies
    }


def test_a_state_in_a_file_has_one_user_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    state = CrawlState(path)
    feed = state.feed(URL)
    feed.visits = 3
    state.commit(feed, {}, 1)
    with pytest.raises(OutageError, match="another crawl uses it"):
        CrawlState(path)
    state.close()
    again = CrawlState(path)
    assert again.feed(URL).visits == 3
    again.close()


def test_an_answer_that_makes_the_program_fail_does_not_stop_the_others(world: World) -> None:
    bad = "https://bad.example/rss"

    def fail(_: str) -> Answer:
        raise ValueError("odd")

    world.web.answers = {bad: fail, URL: read(URL, feed_bytes("harbour.example", [1]))}
    world.crawl(bad, URL)
    assert {v.address: v.outcome for v in world.visits} == {bad: "internal-error", URL: "read"}
    assert world.state.feed(bad).failures == 1
