"""A web of made feeds and a clock that jumps, for tests of the crawler."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from newsloom.feeds.crawling.crawler import Crawler, Visit
from newsloom.feeds.crawling.outcomes import Answer, Outcome
from newsloom.feeds.crawling.state import CrawlState

START = 1_772_618_400.0


class FakeClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


class KilledError(Exception):
    """Stands for a kill: nothing of the crawler catches it."""


class FakeOutput:
    """Keeps events; `fail_at` makes it fail at this write, before or after it kept the events."""

    def __init__(self, fail_at: int | None = None, is_kept: bool = False) -> None:
        self.events: list[dict[str, Any]] = []
        self._left = fail_at
        self._is_kept = is_kept

    def write(self, events: Sequence[dict[str, Any]]) -> None:
        is_last = self._left == 0
        if not is_last or self._is_kept:
            self.events += events
        if is_last:
            self._is_kept = False  # a process that was killed writes nothing more
            raise KilledError
        self._left = None if self._left is None else self._left - 1

    def links(self) -> list[str]:
        return [event["webUrl"] for event in self.events]


class FakeWeb:
    """Answers by URL, and notes each request with its time."""

    def __init__(self, clock: FakeClock, answers: dict[str, Callable[[str], Answer]]) -> None:
        self._clock = clock
        self.answers = answers
        self.requests: list[tuple[str, str, float]] = []

    async def fetch(self, url: str, etag: str, last_modified: str) -> Answer:
        self.requests.append((url, etag or last_modified, self._clock.now()))
        return self.answers[url](etag)

    def times_of(self, host: str) -> list[float]:
        return [time for url, _, time in self.requests if urlsplit(url).netloc == host]


def feed_bytes(host: str, numbers: Sequence[int], title: str = "Tide") -> bytes:
    items = "".join(
        f"<item><title>{title} {n}</title><link>https://{host}/{n}</link></item>" for n in numbers
    )
    return f"<rss version='2.0'><channel><title>H</title>{items}</channel></rss>".encode()


def read(url: str, body: bytes, **fields: Any) -> Callable[[str], Answer]:
    """A feed with an ETag: unchanged for whoever holds it."""

    def answer(etag: str) -> Answer:
        if etag and etag == fields.get("etag"):
            return Answer(Outcome.UNCHANGED, url)
        return Answer(Outcome.READ, url, body=body, **fields)

    return answer


def failing(url: str, outcome: Outcome, **fields: Any) -> Callable[[str], Answer]:
    return lambda _: Answer(outcome, url, **fields)


def crawler_of(
    state: CrawlState, web: FakeWeb, output: FakeOutput, clock: FakeClock, visits: list[Visit]
) -> Crawler:
    return Crawler(state, web, output, clock, visits.append)
