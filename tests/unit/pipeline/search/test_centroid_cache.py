"""Sums of stories, in memory and on the shelf."""

from newsloom.pipeline.search.centroid_cache import CentroidCache
from tests.support.spill_store import FakeSpillStore


def test_what_was_not_asked_for_lately_comes_back_from_the_shelf() -> None:
    spill_store = FakeSpillStore()
    sums = CentroidCache(spill_store, max_in_memory=2)
    for number in (7, 3, 5):
        sums.keep(number, {"ferry": number})
    assert sums.at_hand(7) is None
    assert len(spill_store.rows) == 1
    assert sums.get(7) == {"ferry": 7}
    assert sums.at_hand(7) == {"ferry": 7}
    assert sums.at_hand(3) is None, "it was asked for before 5"


def test_what_changed_is_laid_aside_as_it_is_then() -> None:
    sums = CentroidCache(FakeSpillStore(), max_in_memory=1)
    for number in (1, 2):
        sums.keep(number, {"ferry": number})
    for step in range(3):
        first, second = sums.get(1), sums.get(2)
        assert first is not None
        assert second == {"ferry": 2}
        assert first["ferry"] == 1 + step
        total = sums.get(1)
        assert total is not None
        total["ferry"] += 1


def test_what_is_forgotten_lies_nowhere() -> None:
    spill_store = FakeSpillStore()
    sums = CentroidCache(spill_store, max_in_memory=1)
    for number in (1, 2):
        sums.keep(number, {"ferry": number})
    for number in (1, 2, 99):
        sums.forget(number)
        assert sums.get(number) is None
    assert not spill_store.rows


def test_without_a_shelf_it_is_to_be_added_up_anew() -> None:
    sums = CentroidCache(None, max_in_memory=1)
    for number in (1, 2):
        sums.keep(number, {"ferry": number})
    assert sums.get(1) is None
    assert sums.get(2) == {"ferry": 2}
