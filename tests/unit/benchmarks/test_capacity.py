"""docs/capacity.md is what its figures give, and larger loads never need less."""

import pytest

from benchmarks.capacity import GIB, LOADS, MIB, PAGE, Plan, duration, page, size
from newsloom.rules.stories import LANE_CAP


def test_the_page_is_generated_from_its_figures() -> None:
    assert PAGE.read_text() == page(), "run python -m benchmarks.capacity"


@pytest.mark.parametrize("articles", LOADS)
def test_a_plan_stays_within_the_limits_of_its_parts(articles: int) -> None:
    plan = Plan(articles)
    assert plan.lane_live <= LANE_CAP
    assert plan.lanes * plan.lane_live == pytest.approx(plan.live, abs=plan.lanes)
    assert 2 <= plan.enrichers <= plan.partitions / 2
    assert plan.curate_share < 0.6
    assert plan.curators == plan.lanes + 1


def test_more_articles_never_need_less() -> None:
    plans = [Plan(articles) for articles in LOADS]
    for name in ("lanes", "enrichers", "partitions", "curators", "disk", "peak_write", "live"):
        needs = [getattr(plan, name) for plan in plans]
        assert needs == sorted(needs), name


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0.4 * MIB, "410 KiB"),
        (12.4 * MIB, "12 MiB"),
        (2 * GIB, "2.0 GiB"),
        (3_000 * GIB, "2.9 TiB"),
    ],
)
def test_sizes_have_two_significant_digits(count: float, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0.40 s"), (4, "4.0 s"), (89, "89 s"), (95, "1.6 min"), (9e3, "2.5 h")],
)
def test_durations_have_two_significant_digits(seconds: float, words: str) -> None:
    assert duration(seconds) == words
