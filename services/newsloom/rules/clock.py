"""Times and the lane clock.

In: RFC 3339 date-times. Out: seconds since the epoch, RFC 3339 date-times, and the lane clock. It
never reads the system's clock: the lane clock is computed from event times only.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

ARRIVAL_TOLERANCE_S = 600
"""The event time is at most this much after the arrival time, in seconds."""

WITNESSES = 3
"""The lane clock is the third-greatest event time of distinct articles."""

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S = int((datetime(1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
_LAST_S = int((datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH).total_seconds())

Witness = tuple[int, str]
"""An event time, and the id of its article."""


@lru_cache(maxsize=4096)
def parse_time(text: str) -> int | None:
    """An RFC 3339 date-time in seconds since the epoch; None if `text` is not one.

    An offset is required, and the year must be 1 to 9999 in UTC. Fractions are cut. A leap second
    (`:60`) counts as the second before it.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    date, minutes, seconds, offset = match.groups()
    if seconds == "60":
        seconds = "59"
    try:
        local = datetime.fromisoformat(f"{date}T{minutes}:{seconds}+00:00")
        since_epoch = local - _EPOCH
        time = since_epoch.days * _DAY_S + since_epoch.seconds - _offset_s(offset)
    except ValueError:
        return None
    return time if _FIRST_S <= time <= _LAST_S else None


def _offset_s(offset: str) -> int:
    """An RFC 3339 offset in seconds. Raises ValueError if it is out of range."""
    if offset in "Zz":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(offset)
    return (hours * 3600 + minutes * 60) * (-1 if offset[0] == "-" else 1)


@lru_cache(maxsize=4096)
def format_time(time: int) -> str:
    """`time` (seconds since the epoch) as RFC 3339 in UTC, in whole seconds with `Z`."""
    day, second = divmod(time, _DAY_S)
    return f"{_format_day(day)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


@lru_cache(maxsize=64)
def _format_day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def bounded_time(event_time: int, arrival_time: int) -> int:
    """The event time, at most ten minutes after the arrival time: this limits a wrong date."""
    return min(event_time, arrival_time + ARRIVAL_TOLERANCE_S)


def advance(
    clock: int | None, witnesses: Sequence[Witness], event_time: int, article_id: str
) -> tuple[int, list[Witness]]:
    """The lane clock and its witnesses after one more article.

    The clock is the third-greatest event time of distinct articles, or the least of fewer than
    three. With three witnesses it is never lowered. Witnesses are sorted, the greatest first.
    """
    if clock is not None and len(witnesses) == WITNESSES and event_time < witnesses[-1][0]:
        return clock, list(witnesses)  # The usual case: an earlier event time changes nothing.
    times = {witness_id: time for time, witness_id in witnesses}
    times[article_id] = max(event_time, times.get(article_id, event_time))
    kept = sorted(((time, ident) for ident, time in times.items()), reverse=True)[:WITNESSES]
    least = kept[-1][0]
    if clock is None or len(witnesses) < WITNESSES:
        return least, kept
    return max(clock, least), kept
