"""The expiry queue compared with a simple model, a sorted list."""

from random import Random

import pytest

from newsloom.pipeline.lane.live.article_table import ArticleTable
from newsloom.pipeline.lane.live.expiry import ExpiryQueue


def _empty_queue() -> tuple[ArticleTable, ExpiryQueue]:
    table = ArticleTable()
    return table, ExpiryQueue(table)


def _add(table: ArticleTable, expiry: ExpiryQueue, number: int, leaves_at: int) -> None:
    slot = table.add(f"{number:032x}", number, 0, "2026-03-02T10:00:00Z")
    table.leaves_at[slot] = leaves_at
    expiry.add(number, leaves_at)


@pytest.mark.parametrize("seed", range(20))
def test_due_articles_are_ordered_by_time_then_number_until_they_are_removed(seed: int) -> None:
    random, (table, expiry) = Random(seed), _empty_queue()
    live: dict[int, int] = {}
    clock = 0
    for number in range(1, 400):
        leaves_at = clock + random.choice((-30, 0, 1, 59, 60, 61, random.randrange(5_000)))
        _add(table, expiry, number, leaves_at)
        live[number] = leaves_at
        clock += random.choice((0, 1, 59, 200))
        expected = [n for at, n in sorted((at, n) for n, at in live.items()) if at <= clock]
        assert expiry.due(clock, 10) == expected
        assert expiry.due(clock, 10) == expected, "they stay due while they are live"
        for due in expected[: random.randrange(len(expected) + 1)]:
            table.remove(f"{due:032x}")
            del live[due]
        assert expiry.canonical() == sorted((at, n) for n, at in live.items())


def test_an_article_that_was_removed_is_not_due() -> None:
    table, expiry = _empty_queue()
    _add(table, expiry, 1, 100)
    table.remove(f"{1:032x}")
    assert expiry.due(10_000, 10) == []
