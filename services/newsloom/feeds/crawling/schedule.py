"""When a feed is visited next.

In: what is known of a feed after a visit. Out: the seconds until the next visit. Pure functions.
"""

import hashlib
from collections.abc import Sequence

from newsloom.feeds.crawling.outcomes import Answer

SHORTEST_S = 10 * 60
LONGEST_S = 6 * 3600
"""Between these two, the rhythm of a feed decides. Its ttl and Cache-Control can ask for more."""
LONGEST_ASKED_S = 24 * 3600
FIRST_RETRY_S = 10 * 60
LONGEST_RETRY_S = 24 * 3600
"""After a failure, then twice as long after each further one, up to a day."""
RECENT = 10
"""Entries whose distances give the rhythm."""


def interval_s(times: Sequence[int], now: int, answer: Answer, ttl_s: int | None) -> int:
    """Seconds until the next visit of a feed that works, whose entries have these times.

    Half the mean distance of the latest entries, the distance to now included, so that a feed which
    falls silent is visited less often.
    """
    latest = sorted((time for time in times if time <= now), reverse=True)[:RECENT]
    mean_s = (now - latest[-1]) / len(latest) if latest else LONGEST_S
    own_s = min(max(mean_s / 2, SHORTEST_S), LONGEST_S)
    asked_s = max(ttl_s or 0, answer.max_age_s or 0)
    return int(max(own_s, min(asked_s, LONGEST_ASKED_S), answer.retry_after_s or 0))


def retry_s(failures: int, answer: Answer) -> int:
    """Seconds until a feed is tried again that failed so many times in a row, at least once."""
    own_s = min(FIRST_RETRY_S << min(failures - 1, 20), LONGEST_RETRY_S)
    return max(own_s, answer.retry_after_s or 0)


def spread_s(interval: int, address: str, visits: int) -> int:
    """`interval` with up to a tenth added, so that feeds are not all visited at the same time."""
    digest = hashlib.sha256(f"{visits} {address}".encode()).digest()
    return interval + interval * digest[0] // 2550
