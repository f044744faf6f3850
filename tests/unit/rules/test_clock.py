"""Reading and writing times, and the lane clock, which only distinct articles can move."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.clock import (
    ARRIVAL_TOLERANCE_S,
    WITNESSES,
    Witness,
    advance,
    bounded_time,
    format_time,
    parse_time,
)

MORNING_S = 1_772_445_600
"""2026-03-02T10:00:00Z"""
DAY_S = 24 * 3600

READ = [
    ("UTC", "2026-03-02T10:00:00Z", MORNING_S),
    ("UTC spelt as an offset", "2026-03-02T10:00:00+00:00", MORNING_S),
    ("UTC, the local offset unknown (RFC 3339, 4.3)", "2026-03-02T10:00:00-00:00", MORNING_S),
    ("east of Greenwich is ahead", "2026-03-02T15:30:00+05:30", MORNING_S),
    ("west of Greenwich is behind", "2026-03-02T02:00:00-08:00", MORNING_S),
    ("the offset crosses midnight", "2026-03-01T23:00:00-11:00", MORNING_S),
    ("the greatest offset", "2026-03-03T09:59:00+23:59", MORNING_S),
    ("lower-case t and z (RFC 3339, 5.6)", "2026-03-02t10:00:00z", MORNING_S),
    ("a space for the T (RFC 3339, 5.6)", "2026-03-02 10:00:00Z", MORNING_S),
    ("a fraction is dropped", "2026-03-02T10:00:00.5Z", MORNING_S),
    ("a fraction is dropped, never rounded", "2026-03-02T10:00:00.999999999999Z", MORNING_S),
    ("a fraction before an offset", "2026-03-02T12:00:00.25+02:00", MORNING_S),
    ("a fraction is dropped before 1970 too", "1969-12-31T23:59:59.9Z", -1),
    ("a leap second is the second before it", "2016-12-31T23:59:60Z", 1_483_228_799),
    ("a leap second elsewhere on Earth", "2017-01-01T00:59:60+01:00", 1_483_228_799),
    ("the epoch", "1970-01-01T00:00:00Z", 0),
    ("29 February of a leap year", "2024-02-29T00:00:00Z", 1_709_164_800),
    ("the first second of year 1", "0001-01-01T00:00:00Z", -62_135_596_800),
    ("the last second of year 9999", "9999-12-31T23:59:59Z", 253_402_300_799),
    ("year 1 in UTC by its offset", "0001-01-01T05:00:00+05:00", -62_135_596_800),
]
UNREADABLE = [
    ("nothing", ""),
    ("words", "yesterday"),
    ("a date only", "2026-03-02"),
    ("without an offset", "2026-03-02T10:00:00"),
    ("without seconds", "2026-03-02T10:00Z"),
    ("an offset without its colon", "2026-03-02T10:00:00+0100"),
    ("an offset of hours only", "2026-03-02T10:00:00+01"),
    ("an offset of 24 hours", "2026-03-02T10:00:00+24:00"),
    ("an offset of 60 minutes", "2026-03-02T10:00:00+01:60"),
    ("two offsets", "2026-03-02T10:00:00Z+01:00"),
    ("a zone by name", "2026-03-02T10:00:00 CET"),
    ("a fraction without digits", "2026-03-02T10:00:00.Z"),
    ("a comma for the point", "2026-03-02T10:00:00,5Z"),
    ("the basic form of ISO 8601", "20260302T100000Z"),
    ("a week date of ISO 8601", "2026-W10-1T10:00:00Z"),
    ("the form of HTTP", "Mon, 02 Mar 2026 10:00:00 GMT"),
    ("space before", " 2026-03-02T10:00:00Z"),
    ("a line end after", "2026-03-02T10:00:00Z\n"),
    ("month 13", "2026-13-02T10:00:00Z"),
    ("month 0", "2026-00-02T10:00:00Z"),
    ("30 February", "2026-02-30T10:00:00Z"),
    ("29 February of a common year", "2026-02-29T10:00:00Z"),
    ("24 o'clock, which RFC 3339 lacks and Python 3.14 reads", "2026-03-02T24:00:00Z"),
    ("25 o'clock", "2026-03-02T25:00:00Z"),
    ("minute 60", "2026-03-02T10:60:00Z"),
    ("second 61", "2026-03-02T10:00:61Z"),
    ("a year of five digits", "12026-03-02T10:00:00Z"),
    ("a year with a sign", "+2026-03-02T10:00:00Z"),
    ("year 0", "0000-12-31T23:59:59Z"),
    ("year 0 in UTC by its offset", "0001-01-01T00:59:59+01:00"),
    ("year 10000 in UTC by its offset", "9999-12-31T23:30:00-01:00"),
    ("digits of another script", "２０２６-03-02T10:00:00Z"),
]
SECONDS = st.integers(-62_135_596_800, 253_402_300_799)


@pytest.mark.parametrize(("reason", "text", "time"), READ, ids=[row[0] for row in READ])
def test_a_time_is_read(reason: str, text: str, time: int) -> None:
    assert parse_time(text) == time, reason


@pytest.mark.parametrize(("reason", "text"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_an_invalid_time_is_not_read(reason: str, text: str) -> None:
    assert parse_time(text) is None, reason


def test_a_time_is_written_in_utc_whole_seconds_with_z() -> None:
    assert format_time(MORNING_S) == "2026-03-02T10:00:00Z"
    assert format_time(-62_135_596_800) == "0001-01-01T00:00:00Z", "the year has four digits"
    assert format_time(253_402_300_799) == "9999-12-31T23:59:59Z"


@given(SECONDS)
def test_a_written_time_is_read_back(time: int) -> None:
    assert parse_time(format_time(time)) == time


@given(SECONDS, SECONDS)
def test_written_times_sort_as_times_do(a: int, b: int) -> None:
    assert (format_time(a) < format_time(b)) == (a < b)


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_any_offset_is_read_as_by_the_standard_library(local: datetime, minutes: int) -> None:
    when = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    seconds = (when.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    assert parse_time(when.isoformat()) == int(seconds)


def test_the_event_time_is_at_most_ten_minutes_after_the_arrival() -> None:
    assert bounded_time(MORNING_S - 900 * DAY_S, MORNING_S) == MORNING_S - 900 * DAY_S
    assert bounded_time(MORNING_S + 600, MORNING_S) == MORNING_S + 600
    assert bounded_time(MORNING_S + 601, MORNING_S) == MORNING_S + 600
    assert bounded_time(MORNING_S + 900 * DAY_S, MORNING_S) == MORNING_S + ARRIVAL_TOLERANCE_S


def _follow(seen: list[Witness]) -> list[int]:
    """The clock after each (event time, article id)."""
    clock, witnesses, clocks = None, list[Witness](), list[int]()
    for time, article_id in seen:
        clock, witnesses = advance(clock, witnesses, time, article_id)
        assert witnesses == sorted(witnesses, reverse=True)
        assert len(witnesses) <= WITNESSES
        clocks.append(clock)
    return clocks


CLOCKS = [
    ("the first article sets it", [(50, "a")], [50]),
    ("a second can only lower it", [(50, "a"), (90, "b")], [50, 50]),
    ("an earlier second does lower it", [(50, "a"), (20, "b")], [50, 20]),
    ("the least of three", [(50, "a"), (20, "b"), (70, "c")], [50, 20, 20]),
    ("the third can lower it too", [(50, "a"), (20, "b"), (10, "c")], [50, 20, 10]),
    (
        "then the third-greatest",
        [(50, "a"), (20, "b"), (70, "c"), (60, "d"), (65, "e")],
        [50, 20, 20, 50, 60],
    ),
    (
        "never lowered from then on",
        [(50, "a"), (60, "b"), (70, "c"), (1, "d"), (2, "e")],
        [50, 50, 50, 50, 50],
    ),
    (
        "one article twice counts once",
        [(50, "a"), (60, "a"), (70, "a"), (80, "a")],
        [50, 60, 70, 80],
    ),
    (
        "one article that arrives often has one vote",
        [(50, "a"), (60, "b"), (70, "c"), (90, "c"), (91, "c"), (92, "c")],
        [50] * 6,
    ),
    (
        "an earlier version of one does not count against it",
        [(50, "a"), (60, "b"), (70, "c"), (10, "c"), (65, "d")],
        [50, 50, 50, 50, 60],
    ),
    (
        "one date far ahead does not move it",
        [(50, "a"), (60, "b"), (70, "c"), (9_999, "d")],
        [50, 50, 50, 60],
    ),
    (
        "two dates far ahead do not move it",
        [(50, "a"), (60, "b"), (70, "c"), (9_999, "d"), (9_998, "e"), (71, "f")],
        [50, 50, 50, 60, 70, 71],
    ),
    ("times before 1970", [(-50, "a"), (-60, "b"), (-70, "c"), (-40, "d")], [-50, -60, -70, -60]),
]


@pytest.mark.parametrize(("reason", "seen", "clocks"), CLOCKS, ids=[row[0] for row in CLOCKS])
def test_the_lane_clock(reason: str, seen: list[Witness], clocks: list[int]) -> None:
    assert _follow(seen) == clocks, reason


@given(st.lists(st.tuples(st.integers(-50, 50), st.sampled_from("abcdefg"))))
def test_the_clock_is_the_third_greatest_time_of_distinct_articles(seen: list[Witness]) -> None:
    latest: dict[str, int] = {}
    for (time, article_id), clock in zip(seen, _follow(seen), strict=True):
        latest[article_id] = max(time, latest.get(article_id, time))
        assert clock == sorted(latest.values(), reverse=True)[:WITNESSES][-1]
