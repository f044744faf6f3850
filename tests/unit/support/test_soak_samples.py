"""What `make soak` reports as growth and what it does not."""

from collections.abc import Callable
from math import sin

import pytest

from tests.soak.samples import Line, judge

MIB_AN_HOUR = 1 / 3600
HALF_HOUR_S = 1800


def line(value: Callable[[int], float], start_s: int = 0, end_s: int = HALF_HOUR_S) -> Line:
    times = range(start_s, end_s, 3)
    return Line([float(at_s) for at_s in times], [value(at_s) for at_s in times])


@pytest.mark.parametrize(
    ("value", "grows", "why"),
    [
        (lambda _: 200.0, False, "it is level"),
        (lambda s: 200 + 60 * MIB_AN_HOUR * s, True, "a leak of a mebibyte a minute"),
        (lambda s: 200 + 20 * MIB_AN_HOUR * s, False, "a slow rise within the allowed rate"),
        (lambda s: 200 - 60 * MIB_AN_HOUR * s, False, "it shrinks"),
        (lambda s: 200 + 60 * (s % 200 < 40), False, "bursts that end"),
        (lambda s: 200 + 30 * sin(s / 10) + 80 * MIB_AN_HOUR * s, True, "a leak under a wave"),
        (lambda s: 100 + 200 * (s > 300), False, "a step during the warm-up"),
    ],
)
def test_whether_a_line_grows(value: Callable[[int], float], grows: bool, why: str) -> None:
    (verdict,) = judge("memory", {"enrich 1": line(value)}, 0, 540, 540)
    assert verdict.is_growth is grows, f"{why}: {verdict}"


def test_a_short_run_is_not_judged_only_by_its_slope() -> None:
    steep = line(lambda s: 200 + 300 * MIB_AN_HOUR * s, 0, 120)
    (verdict,) = judge("memory", {"enrich 1": steep}, 0, 36, 36)
    assert not verdict.is_growth, "300 MiB an hour, but seven MiB in all"


def test_a_process_is_judged_after_its_own_warm_up() -> None:
    late = line(lambda s: 100 + 200 * (s > 1300), 1000)
    assert judge("memory", {"enrich 2": late}, 0, 540, 540) == [], "the process lived too short"
    (verdict,) = judge("memory", {"enrich 2": late}, 0, 400, 300)
    assert not verdict.is_growth


def test_a_few_more_descriptors_are_growth() -> None:
    leaking = line(lambda s: 60 + s // 120)
    (verdict,) = judge("descriptors", {"enrich 1": leaking}, 0, 540, 540)
    assert verdict.is_growth
    assert str(verdict).endswith("GROWS")
