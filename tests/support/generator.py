"""A stream of invented article events, for tests and benchmarks that need thousands of events.

In: a seed and a count. Out: events in arrival order; `gold` gives the subject of an event. It never
imports newsloom, so that a wrong rule of newsloom cannot confirm itself. Its pool of articles is
bounded, so that a million events need no more memory than ten thousand.
"""

import argparse
import heapq
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from tests.support.generator_articles import (
    Event,
    Subject,
    index,
    open_subject,
    write_article,
    write_copy,
    write_update,
)

DEFAULT_START = datetime(2026, 3, 2, tzinfo=UTC)
POOL_SIZE = 4_000
MAX_OPEN_SUBJECTS = 5_000
DAY_S = 86_400

# An article arrives at most this long after it appeared, unless it is late.
_MAX_LAG_S = 30 * 60
# The average gap between two articles on a subject is a quarter of this.
_MAX_GAP_S = 6 * 3600


@dataclass(frozen=True, slots=True)
class _Shares:
    """The share of each kind among all events; the rest are new articles that are not late."""

    update: float
    copy: float
    withdrawal: float
    late: float
    repeat: float

    def __post_init__(self) -> None:
        parts = (self.update, self.copy, self.withdrawal, self.late, self.repeat)
        if min(parts) < 0 or sum(parts) > 1:
            raise ValueError(f"shares must be at least 0 and at most 1 together: {parts}")


@dataclass(slots=True)
class _Newsroom:
    """The state: open subjects, and a pool with the latest versions of articles."""

    rng: Random
    shares: _Shares
    subjects: int = 0
    queue: list[tuple[int, int, Subject]] = field(default_factory=list)
    latest: dict[str, Subject] = field(default_factory=dict)
    pool: list[Event] = field(default_factory=list)


def generate(
    seed: int,
    count: int,
    *,
    start: datetime = DEFAULT_START,
    articles_per_day: int = 20_000,
    update_share: float = 0.04,
    copy_share: float = 0.08,
    withdrawal_share: float = 0.003,
    late_share: float = 0.02,
    repeat_share: float = 0.01,
) -> Iterator[Event]:
    """Yields `count` article events in arrival order, evenly spaced from `start`.

    The same arguments give the same events in every process. An update is not older than the
    version before it, and may spell the URL differently. A repeat equals the latest event of its
    article. A copy is a new article. A late article arrives one to six days after its publication.
    A withdrawal names an earlier article and is the last event of that article. Raises ValueError
    for a `start` without an offset, and for shares below 0 or above 1 together.
    """
    if start.tzinfo is None:
        raise ValueError("start must have an offset")
    newsroom = _Newsroom(
        Random(seed), _Shares(update_share, copy_share, withdrawal_share, late_share, repeat_share)
    )
    first = start.astimezone(UTC)
    return (_next_event(newsroom, first, n, n * DAY_S // articles_per_day) for n in range(count))


def gold(event: Event) -> str | None:
    """The label of the subject of a generated event; None for a withdrawal."""
    return None if "withdrawn" in event else str(event["eventId"]).partition(".")[0]


def _next_event(newsroom: _Newsroom, start: datetime, number: int, elapsed_s: int) -> Event:
    rng, shares, pool = newsroom.rng, newsroom.shares, newsroom.pool
    now = start + timedelta(seconds=elapsed_s)
    draw, at = rng.random(), index(rng, len(pool))
    if not pool:
        return _remember(newsroom, _new_article(newsroom, number, now, elapsed_s, is_late=False))
    if (draw := draw - shares.update) < 0:
        pool[at] = write_update(rng, pool[at], number, now)
        return pool[at]
    if (draw := draw - shares.copy) < 0:
        published = now - timedelta(seconds=index(rng, _MAX_LAG_S))
        return _remember(newsroom, write_copy(rng, pool[at], number, published))
    if (draw := draw - shares.withdrawal) < 0:
        return _withdraw(pool, at, number)
    if (draw := draw - shares.repeat) < 0:
        return dict(pool[at])
    is_late = draw < shares.late
    return _remember(newsroom, _new_article(newsroom, number, now, elapsed_s, is_late=is_late))


def _new_article(
    newsroom: _Newsroom, number: int, now: datetime, elapsed_s: int, *, is_late: bool
) -> Event:
    rng, queue = newsroom.rng, newsroom.queue
    if queue and (queue[0][0] <= elapsed_s or len(queue) >= MAX_OPEN_SUBJECTS):
        subject = heapq.heappop(queue)[2]
    else:
        newsroom.subjects += 1
        subject = open_subject(rng, newsroom.subjects, newsroom.latest)
    subject.left -= 1
    if subject.left:
        # The product of two even draws: most gaps are short, a few are long.
        due_s = elapsed_s + int(_MAX_GAP_S * rng.random() * rng.random())
        heapq.heappush(queue, (due_s, number, subject))
    age_s = DAY_S + index(rng, 5 * DAY_S) if is_late else index(rng, _MAX_LAG_S)
    return write_article(rng, subject, number, now, now - timedelta(seconds=age_s))


def _remember(newsroom: _Newsroom, event: Event) -> Event:
    if len(newsroom.pool) < POOL_SIZE:
        newsroom.pool.append(event)
    else:
        newsroom.pool[index(newsroom.rng, POOL_SIZE)] = event
    return event


def _withdraw(pool: list[Event], at: int, number: int) -> Event:
    old, last = pool[at], pool.pop()
    if at < len(pool):
        pool[at] = last
    kept = {name: old[name] for name in ("webUrl", "originalUrl", "source") if name in old}
    return kept | {"withdrawn": True, "eventId": f"{gold(old)}.{number}"}


def main() -> None:
    """Writes events as JSON Lines to standard output, and on request their subjects to a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.generator", description=__doc__)
    parser.add_argument("--count", type=int, required=True, help="how many events")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same events (1)"
    )
    parser.add_argument(
        "--articles-per-day",
        type=int,
        default=20_000,
        help="sets the time between arrivals (20000)",
    )
    parser.add_argument("--gold", metavar="FILE", help="also write webUrl<TAB>subject lines here")
    options = parser.parse_args()
    with ExitStack() as files:
        labels = options.gold and files.enter_context(open(options.gold, "w", encoding="utf-8"))
        for event in generate(
            options.seed, options.count, articles_per_day=options.articles_per_day
        ):
            sys.stdout.buffer.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")
            if labels and (subject := gold(event)):
                labels.write(f"{event['webUrl']}\t{subject}\n")


if __name__ == "__main__":
    main()
