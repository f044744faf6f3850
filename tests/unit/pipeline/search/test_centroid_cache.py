"""The centroid cache: centroids in memory and in the spill store."""

from newsloom.pipeline.search.centroid_cache import CentroidCache
from tests.support.spill_store import FakeSpillStore


def test_the_least_recently_used_centroid_is_read_back_from_the_spill_store() -> None:
    spill_store = FakeSpillStore()
    cache = CentroidCache(spill_store, max_in_memory=2)
    for number in (7, 3, 5):
        cache.put(number, {"ferry": number})
    assert cache.peek(7) is None
    assert len(spill_store.rows) == 1
    assert cache.get(7) == {"ferry": 7}
    assert cache.peek(7) == {"ferry": 7}
    assert cache.peek(3) is None, "3 was used before 5"


def test_a_changed_centroid_is_spilled_with_its_changes() -> None:
    cache = CentroidCache(FakeSpillStore(), max_in_memory=1)
    for number in (1, 2):
        cache.put(number, {"ferry": number})
    for step in range(3):
        first, second = cache.get(1), cache.get(2)
        assert first is not None
        assert second == {"ferry": 2}
        assert first["ferry"] == 1 + step
        total = cache.get(1)
        assert total is not None
        total["ferry"] += 1


def test_a_forgotten_centroid_is_neither_in_memory_nor_spilled() -> None:
    spill_store = FakeSpillStore()
    cache = CentroidCache(spill_store, max_in_memory=1)
    for number in (1, 2):
        cache.put(number, {"ferry": number})
    for number in (1, 2, 99):
        cache.discard(number)
        assert cache.get(number) is None
    assert not spill_store.rows


def test_without_a_spill_store_an_evicted_centroid_is_lost() -> None:
    cache = CentroidCache(None, max_in_memory=1)
    for number in (1, 2):
        cache.put(number, {"ferry": number})
    assert cache.get(1) is None
    assert cache.get(2) == {"ferry": 2}
