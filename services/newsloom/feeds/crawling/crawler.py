"""Visits feeds: one request at a time to each host, with a pause, many hosts side by side.

In: addresses, the state, a fetcher, an output and a clock. Out: events, then the state of the feed
that gave them, in this order, so that a kill loses no entry; and a `Visit` for each feed.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from newsloom.feeds.crawling.outcomes import Answer, Outcome
from newsloom.feeds.crawling.outputs import Output
from newsloom.feeds.crawling.schedule import interval_s, retry_s, spread_s
from newsloom.feeds.crawling.state import CrawlState, Entry, FeedState
from newsloom.feeds.reading.documents import NotFeed, read_document
from newsloom.feeds.reading.events import Report, make_reports, source_name
from newsloom.feeds.reading.shapes import Feed, ItemFault

HOST_PAUSE_S = 1.0
"""Seconds between two requests to one host."""
HOSTS_AT_ONCE = 32


class Fetcher(Protocol):
    """Fetches a feed."""

    async def fetch(self, url: str, etag: str, last_modified: str) -> Answer:
        """The answer of `url`, given the validators of the last one."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> float:
        """Seconds since the epoch."""

    async def sleep(self, seconds: float) -> None:
        """Waits."""


@dataclass(slots=True)
class Visit:
    """What became of a visit. `entries` = `new` + those known before + `faults`."""

    address: str
    outcome: Outcome
    entries: int = 0
    new: int = 0
    faults: Counter[ItemFault] = field(default_factory=Counter)
    moved_to: str = ""
    detail: str = ""


class Crawler:
    """Visits feeds. For one asyncio loop only."""

    def __init__(
        self,
        state: CrawlState,
        fetcher: Fetcher,
        output: Output,
        clock: Clock,
        report: Callable[[Visit], None],
    ) -> None:
        self._state = state
        self._fetcher = fetcher
        self._output = output
        self._clock = clock
        self._report = report
        self._slots = asyncio.Semaphore(HOSTS_AT_ONCE)

    async def visit_once(self, addresses: Iterable[str]) -> int:
        """Visits each feed that is due once; returns the number of feeds that are not due yet.

        Raises OSError if the output cannot be written, and OutageError if the state cannot; all
        that was reported is kept.
        """
        hosts: dict[str, list[FeedState]] = {}
        early = 0
        for address in addresses:
            feed = self._state.feed(address)
            if feed.outcome == Outcome.GONE or feed.next_visit > self._clock.now():
                early += 1
            else:
                hosts.setdefault(urlsplit(feed.url).netloc.lower(), []).append(feed)
        try:
            async with asyncio.TaskGroup() as group:
                for feeds in hosts.values():
                    group.create_task(self._visit_host(feeds))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return early

    async def _visit_host(self, feeds: list[FeedState]) -> None:
        async with self._slots:
            for number, feed in enumerate(feeds):
                if number:
                    await self._clock.sleep(HOST_PAUSE_S)
                await self._visit(feed)

    async def _visit(self, feed: FeedState) -> None:
        answer, found = await self._read(feed)
        if isinstance(found, NotFeed) and found.feeds and not feed.last_success:
            # A page was given instead of a feed: go to the first feed that it names.
            await self._clock.sleep(HOST_PAUSE_S)
            feed.url = found.feeds[0]
            answer, found = await self._read(feed)
        outcome = Outcome(found.reason) if isinstance(found, NotFeed) else answer.outcome
        visit = Visit(feed.address, outcome, moved_to=answer.moved_to, detail=answer.detail)
        now = int(self._clock.now())
        entries: dict[bytes, Entry] = {}
        if isinstance(found, Feed):
            entries = self._write(feed, found, visit, now)
        self._note(feed, answer, visit, found, now)
        self._state.commit(feed, entries, now)
        self._report(visit)

    async def _read(self, feed: FeedState) -> tuple[Answer, Feed | NotFeed | None]:
        """What a feed answers. A hostile answer can raise anything in the libraries."""
        try:
            return await self._fetch(feed)
        except MemoryError:
            raise
        except Exception as error:
            return Answer(Outcome.BUG, feed.url, detail=repr(error)[:200]), None

    async def _fetch(self, feed: FeedState) -> tuple[Answer, Feed | NotFeed | None]:
        answer = await self._fetcher.fetch(feed.url, feed.etag, feed.last_modified)
        if answer.outcome not in (Outcome.READ, Outcome.TOO_LARGE):
            return answer, None
        return answer, read_document(answer.body, answer.url, answer.content_type)

    def _write(self, feed: FeedState, found: Feed, visit: Visit, now: int) -> dict[bytes, Entry]:
        """Writes what is new, oldest first; returns the entries of the document."""
        known = self._state.entries(feed.address)

        def first_seen(key: bytes) -> int | None:
            return known[key].first_seen if key in known else None

        reports = make_reports(found, source_name(feed.address), now, first_seen)
        entries: dict[bytes, Entry] = {}
        events = []
        for report in reports:
            if not isinstance(report, Report):
                visit.faults[report] += 1
                continue
            before = entries.get(report.key) or known.get(report.key)
            seen = before.first_seen if before else now
            entries[report.key] = Entry(report.digest, seen)
            if before is None or before.digest != report.digest:
                events.append(report.event)
        visit.entries, visit.new = len(reports), len(events)
        visit.detail = found.damage
        self._output.write(sorted(events, key=lambda event: str(event["publishedDateTime"])))
        return entries

    def _note(
        self,
        feed: FeedState,
        answer: Answer,
        visit: Visit,
        found: Feed | NotFeed | None,
        now: int,
    ) -> None:
        """Brings the row of a feed up to date."""
        feed.visits += 1
        feed.outcome = visit.outcome
        if visit.outcome.is_success:
            feed.failures, feed.last_success = 0, now
            feed.url = answer.moved_to or feed.url
            if isinstance(found, Feed):
                feed.etag, feed.last_modified = answer.etag, answer.last_modified
                times = [i.published for i in found.items if i.published is not None]
                feed.interval_s = interval_s(times, now, answer, found.ttl_s)
            wait_s = max(feed.interval_s, answer.retry_after_s or 0)
        else:
            feed.failures += 1
            wait_s = retry_s(feed.failures, answer)
        feed.next_visit = now + spread_s(wait_s, feed.address, feed.visits)
