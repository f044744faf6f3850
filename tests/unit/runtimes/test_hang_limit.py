"""The alarm that ends a process: each start replaces it, and a drain cannot be put off."""

import signal
from collections.abc import Iterator

import pytest

from newsloom.runtimes.hang_limit import HangLimit


@pytest.fixture(autouse=True)
def no_alarm_remains() -> Iterator[None]:
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


def _remaining_s() -> int:
    return round(signal.getitimer(signal.ITIMER_REAL)[0])


def test_each_start_begins_anew_and_stop_ends_it() -> None:
    limit = HangLimit()
    limit.start(600)
    limit.start(700)
    assert _remaining_s() == 700
    limit.stop()
    assert _remaining_s() == 0


def test_work_that_ends_or_begins_does_not_put_off_a_drain() -> None:
    limit = HangLimit()
    limit.start(600)
    limit.drain(300)
    limit.stop()
    limit.start(600)
    assert _remaining_s() == 300


def test_the_signal_keeps_its_default_action() -> None:
    HangLimit().start(600)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
