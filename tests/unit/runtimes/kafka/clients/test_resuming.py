"""Moves of a stopped partition: which are refused, and how many offsets nobody reads."""

import pytest
from aiokafka import TopicPartition

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.group_offsets import Bounds
from newsloom.runtimes.kafka.clients.resuming import passing_offsets
from newsloom.runtimes.stops import Stop, StopReason

SOURCE = TopicPartition("news.article-events.v1", 3)


def _passing(reason: StopReason, before: int, after: int, begin: int, end: int) -> int:
    stop = Stop(reason, f"{reason}: why")
    return passing_offsets(SOURCE, stop, before, after, Bounds(begin, end))


@pytest.mark.parametrize(
    ("reason", "before", "after", "begin", "end", "passing"),
    [
        (StopReason.HALTED, 100, 100, 0, 200, 0),
        (StopReason.HALTED, 100, 101, 0, 200, 1),
        (StopReason.UNREADABLE_BATCH, 100, 200, 0, 200, 100),
        (StopReason.MISSING_OFFSETS, 100, 150, 150, 200, 50),
        (StopReason.MISSING_OFFSETS, 100, 160, 150, 200, 60),
        (StopReason.MISSING_OFFSETS, 100, 150, 150, 150, 50),
        (StopReason.LOG_BEHIND, 100, 0, 0, 50, 0),
        (StopReason.LOG_BEHIND, 100, 50, 10, 50, 40),
        (StopReason.LOG_BEHIND, 100, 120, 0, 200, 120),
    ],
    ids=[
        "where it is",
        "over one record",
        "over all records",
        "over what is gone",
        "and over others",
        "everything is gone",
        "another log, from its beginning",
        "another log, from its end",
        "another log that has grown past the position",
    ],
)
def test_the_offsets_that_nobody_reads(
    reason: StopReason, before: int, after: int, begin: int, end: int, passing: int
) -> None:
    assert _passing(reason, before, after, begin, end) == passing


@pytest.mark.parametrize(
    ("reason", "after", "message"),
    [
        (StopReason.HALTED, 99, "is processed up to offset 100: what is before it"),
        (StopReason.HALTED, 201, "has no offset 201: its log goes from 20 to 200"),
        (StopReason.MISSING_OFFSETS, 19, "has no offset 19"),
        (StopReason.LOG_BEHIND, 19, "has no offset 19"),
        (StopReason.ROWS_BEHIND, 150, "does not help news.article-events.v1 partition 3"),
        (StopReason.NEWER_FORM, 150, "does not help news.article-events.v1 partition 3"),
    ],
    ids=["back", "beyond the end", "before the log", "before a new log", "rows", "newer"],
)
def test_a_move_is_refused(reason: StopReason, after: int, message: str) -> None:
    with pytest.raises(OutageError, match=message):
        _passing(reason, 100, after, 20, 200)
