"""Lanes by language: the lane of an article, and which tables are refused."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from newsloom.pipeline.arrival import WithdrawalArrival
from newsloom.pipeline.process import Curator, Enriched
from newsloom.rules.lanes import LaneTable
from newsloom.settings import Settings
from tests.support.lanes import event, new_pipeline, take

TABLE = LaneTable({"de": 1, "fr": 2, "nl": 1})


@pytest.mark.parametrize(
    ("reason", "locale", "lane"),
    [
        ("a language of the table", "de", 1),
        ("its region does not matter", "de-AT", 1),
        ("its script does not matter", "de-Latn-CH", 1),
        ("two languages can share a lane", "nl-BE", 1),
        ("another lane", "fr-CA", 2),
        ("a language that is not in the table", "en-GB", 0),
        ("an undetermined language", "und", 0),
        ("a longer code with the same beginning", "deu", 0),
    ],
)
def test_the_lane_of_an_article(reason: str, locale: str, lane: int) -> None:
    assert TABLE.lane_of(locale) == lane, reason


def test_without_a_table_there_is_one_lane() -> None:
    assert LaneTable().count == 1
    assert LaneTable().lane_of("de") == 0
    assert TABLE.count == 3


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("de=2", "no language is named for lane 1"),
        ("de=1,fr=3", "no language is named for lane 2"),
        ("de", "'de' is not language=lane"),
        ("de=1;fr=2", "'de=1;fr=2' is not language=lane"),
        ("DE=1", "'DE' is not a language"),
        ("de=999", "from 0 to at most 255"),
        ("=1", "'=1' is not language=lane"),
    ],
)
def test_an_unusable_table_is_refused(table: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(kafka_lanes=table)


def test_a_table_may_contain_spaces_and_a_last_comma() -> None:
    written: Any = " de=1, fr = 2,"
    assert Settings(kafka_lanes=written).kafka_lanes == {"de": 1, "fr": 2}
    assert Settings(kafka_lanes={}).kafka_lanes == {}


@settings(deadline=None)
@given(
    holders=st.sets(st.integers(0, 2)),
    withdrawals=st.integers(1, 3),
)
def test_a_withdrawal_that_every_lane_reads_is_counted_once(
    holders: set[int], withdrawals: int
) -> None:
    lanes = [new_pipeline() for _ in range(3)]
    ident = None
    for number in holders:
        take(lanes[number], event("ledger.example/1", "Ferry aground"))
        (ident,) = lanes[number].state.articles
    for _ in range(withdrawals):
        for number, lane in enumerate(lanes):
            arrival = WithdrawalArrival((ident or "0" * 32,), is_counted=number == 0)
            list(Curator(lane.state).curate(Enriched(arrival)))
    counts = [lane.state.lane.outcomes for lane in lanes]
    totals = {
        outcome: sum(count.get(outcome, 0) for count in counts)
        for outcome in ("curated", "withdrawn", "unchanged")
    }
    assert sum(totals.values()) == len(holders) + withdrawals
    assert totals["curated"] == len(holders)
    if len(holders) <= 1:
        assert totals["withdrawn"] == len(holders)
    assert not any(lane.state.articles for lane in lanes)
