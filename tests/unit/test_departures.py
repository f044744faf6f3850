"""Departures against a sorted list of the same."""

from random import Random

import pytest

from newsloom.pipeline.curation.departures import Departures
from newsloom.pipeline.curation.register import Register


def _stand() -> tuple[Register, Departures]:
    register = Register()
    return register, Departures(register)


def _add(register: Register, departures: Departures, number: int, leaves_at: int) -> None:
    slot = register.take(f"{number:032x}", number, 0, "2026-03-02T10:00:00Z")
    register.leaves_at[slot] = leaves_at
    departures.add(number, leaves_at)


@pytest.mark.parametrize("seed", range(20))
def test_they_are_due_by_time_then_number_until_they_are_gone(seed: int) -> None:
    random, (register, departures) = Random(seed), _stand()
    live: dict[int, int] = {}
    clock = 0
    for number in range(1, 400):
        leaves_at = clock + random.choice((-30, 0, 1, 59, 60, 61, random.randrange(5_000)))
        _add(register, departures, number, leaves_at)
        live[number] = leaves_at
        clock += random.choice((0, 1, 59, 200))
        expected = [n for at, n in sorted((at, n) for n, at in live.items()) if at <= clock]
        assert departures.due(clock) == expected
        assert departures.due(clock) == expected, "as long as they are live"
        for due in expected[: random.randrange(len(expected) + 1)]:
            register.release(f"{due:032x}")
            del live[due]
        assert departures.canonical() == sorted((at, n) for n, at in live.items())


def test_what_left_otherwise_is_not_due() -> None:
    register, departures = _stand()
    _add(register, departures, 1, 100)
    register.release(f"{1:032x}")
    assert departures.due(10_000) == []
