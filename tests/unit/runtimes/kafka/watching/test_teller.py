"""A cause is told at once, and logged once a minute; its end is told too."""

import logging
from itertools import count

import pytest

from newsloom.observability.waiting import WaitReason
from newsloom.runtimes.kafka.watching.causes import Cause
from newsloom.runtimes.kafka.watching.watcher import REPEAT_S, Teller

DENIED = Cause(WaitReason.NOT_AUTHORIZED, "Kafka denies it")
GONE = Cause(WaitReason.NO_BROKER, "no answer")


class Reports:
    """The reason that was last reported, in a list."""

    def __init__(self) -> None:
        self.last: list[WaitReason | None] = []

    def note_waiting(self, reason: WaitReason | None, text: str) -> None:
        assert bool(reason) == bool(text)
        self.last = [reason]


def test_each_reason_is_logged_at_once_and_then_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "newsloom")
    clock, reports = count(0, 2), Reports()
    teller = Teller("g", reports, lambda: next(clock))
    teller.tell(None)
    assert caplog.messages == []
    for _ in range(0, 121, 2):
        teller.tell(DENIED)
    assert reports.last == [WaitReason.NOT_AUTHORIZED]
    assert caplog.messages == ["worker g waits: Kafka denies it"] * 3
    assert caplog.records[0].__dict__["fields"] == {"reason": "not-authorized"}
    caplog.clear()
    teller.tell(GONE)
    assert reports.last == [WaitReason.NO_BROKER]
    teller.tell(DENIED)
    teller.tell(None)
    teller.tell(None)
    assert reports.last == [None]
    assert caplog.messages == ["worker g waits: no answer", "worker g goes on"]


def test_a_cause_that_comes_and_goes_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "newsloom")
    clock = count()
    teller = Teller("g", Reports(), lambda: next(clock))
    for second in range(int(REPEAT_S)):
        teller.tell(DENIED if second % 2 else None)
    assert caplog.messages == ["worker g waits: Kafka denies it", "worker g goes on"]
