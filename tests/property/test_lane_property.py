"""For any input, a lane stays sound: it can be restored from its rows, and revisions only rise."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsloom.pipeline.lane.restore import Restoration, restore
from newsloom.pipeline.lane.rows import decode_row, encode_row
from newsloom.pipeline.lane.state import State, state_digest
from newsloom.records.faults import Outcome
from tests.support.lanes import DAY_S, HOUR_S, START_S, event, new_pipeline, take
from tests.support.spill_store import FakeSpillStore

_SUBJECTS = (
    "Harbour ferry Selkie runs aground off Northfield pier",
    "Northfield council approves tramway budget after stormy debate",
    "Observatory spots comet Wrenfield near Saturn",
    "Selkie ferry operator faces inquiry over grounding at Northfield",
    "Comet Wrenfield brightens, observatory astronomers report",
)
_ENDINGS = (
    "",
    " - Harbour Ledger",
    ", officials say",
    " as 300 passengers wait",
    " again on Tuesday",
)


_OUTLETS, _NUMBERS = 4, 6
_WILD_S = 27_000 * DAY_S


def _article(random: Random, span_s: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"quality": random.randint(40, 90)}
    if random.random() < 0.5:
        fields["excerpt"] = f"{random.choice(_SUBJECTS)}. {random.choice(_SUBJECTS)}."
    if random.random() < 0.3:
        fields["updatedDateTime"] = f"2026-03-{random.randint(2, 30):02}T12:00:00Z"
    title = random.choice(_SUBJECTS) + random.choice(_ENDINGS)
    at_s = _WILD_S if random.random() < 0.02 else random.randint(0, span_s)
    return event(_name(random), title, at_s, **fields)


def _name(random: Random) -> str:
    return f"outlet{random.randrange(_OUTLETS)}.example/{random.randrange(_NUMBERS)}"


def _record(random: Random, at: float) -> dict[str, Any]:
    """An article, an update, a withdrawal or a bad record; `at` is the position, 0 to 1."""
    kind = random.random()
    if kind < 0.15:
        return {"webUrl": f"https://{_name(random)}", "withdrawn": True}
    if kind < 0.18:
        return {"webUrl": "https://outlet0.example/1"}
    # Most are in order of time, as news is; a few have any time.
    return _article(random, 30 * DAY_S if kind < 0.25 else int(at * 25 * DAY_S) + HOUR_S)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**32), max_size=25))
def test_a_lane_stays_sound_after_every_event(seeds: list[int]) -> None:
    _follow([_record(Random(seed), at=0.1) for seed in seeds])


@pytest.mark.parametrize("seed", range(12))
def test_a_lane_stays_sound_over_long_streams(seed: int) -> None:
    random = Random(seed)
    _follow([_record(random, at=n / 200) for n in range(200)])


@pytest.mark.parametrize("seed", range(6))
def test_a_lane_with_a_small_cache_publishes_the_same_records(seed: int) -> None:
    random, spill_store = Random(seed), FakeSpillStore()
    small = new_pipeline(State(spill_store, max_in_memory=3))
    large = new_pipeline()
    for n in range(200):
        record = _record(random, at=n / 200)
        from_small, from_large = take(small, record), take(large, record)
        assert from_small.curated == from_large.curated
        assert from_small.stories == from_large.stories
    assert spill_store.rows, "most rows are in the spill store"
    assert state_digest(small.state) == state_digest(large.state)


@pytest.mark.parametrize("seed", range(4))
def test_a_lane_has_at_most_as_many_articles_as_its_cap(seed: int) -> None:
    random = Random(seed)
    pipeline = new_pipeline(State(FakeSpillStore(), cap=8, max_in_memory=2))
    for n in range(200):
        take(pipeline, _record(random, at=n / 200))
        assert len(pipeline.state.articles) <= 8
        placed = [live.placed for live in pipeline.state.articles.values()]
        assert all(pipeline.state.lane.placed - number < 8 for number in placed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_spilled", [False, True], ids=["from rows", "from spilled rows"])
def test_publications_and_their_order_do_not_depend_on_restarts(
    seed: int, is_spilled: bool
) -> None:
    restored = _restored_from_spilled_rows if is_spilled else _restored
    random = Random(seed)
    continuous, restarted = new_pipeline(), new_pipeline()
    for number in range(150):
        record = _record(random, at=number / 150)
        if random.random() < 0.2:
            rows = [(key, encode_row(row)) for key, row in restarted.state.rows()]
            random.shuffle(rows)
            restarted = new_pipeline(restored(rows))
            assert state_digest(restarted.state) == state_digest(continuous.state)
        expected = continuous.take(record, START_S + 400 * DAY_S)
        assert restarted.take(record, START_S + 400 * DAY_S) == expected, number


def _restored(rows: list[tuple[str, bytes]]) -> State:
    return restore(decode_row(key, row) for key, row in rows)


def _restored_from_spilled_rows(rows: list[tuple[str, bytes]]) -> State:
    """A state restored from spilled rows, some of them written twice; it leaves them spilled."""
    spill_store = FakeSpillStore()
    restoration = Restoration(spill_store)
    handles: dict[str, int] = {}
    for key, value in [*rows[: len(rows) // 3], *rows]:
        if key in handles:
            restoration.discard(handles[key])
        handles[key] = restoration.spill(key, value)
    for key, handle in handles.items():
        restoration.add_spilled(key, handle)
    restored = restoration.finish()
    counted = [key for key, _ in rows if not key.startswith("lane")]
    assert len(spill_store.rows) == len(counted) - len(restored.aliases), "all rows are spilled"
    assert not any(map(restored.articles.in_memory, restored.articles)), "no row is in memory"
    assert not any(map(restored.stories.in_memory, restored.stories)), "no row is in memory"
    return restored


def _follow(stream: list[dict[str, Any]]) -> None:
    pipeline = new_pipeline()
    last_revision = 0
    latest: dict[str, dict[str, Any]] = {}
    committed: dict[str, bytes | None] = {}
    for count, record in enumerate(stream, start=1):
        result = take(pipeline, record)
        assert result.fault is None or result.outcome is Outcome.DEAD_LETTERED
        assert result.fault is None or result.fault.reason.value != "internal-error", result.fault
        assert sum(pipeline.state.lane.outcomes.values()) == count, "each input has one outcome"
        for published in (*result.curated, *result.stories):
            assert published["revision"] == last_revision + 1, (
                "each revision is used once, in rising order"
            )
            last_revision = published["revision"]
        for curated in result.curated:
            latest[curated["id"]] = dict(curated)
            if "webUrl" in curated:
                _assert_consistent(dict(curated))
        _assert_latest_matches_state(pipeline.state, latest)
        committed.update(result.result.rows)
        rows = {key: encode_row(row) for key, row in pipeline.state.rows()}
        assert rows == {key: row for key, row in committed.items() if row is not None}


def _assert_consistent(record: dict[str, Any]) -> None:
    assert record["published"] == (record["heat"] >= 70)
    related = record.get("related", [])
    assert len({item["id"] for item in related}) == len(related) <= 12
    assert record["id"] not in {item["id"] for item in related}
    order = [(-i["quality"], i["publishedDateTime"], i["id"]) for i in related]
    assert order == sorted(order)


def _assert_latest_matches_state(state: Any, latest: dict[str, dict[str, Any]]) -> None:
    """The last publication of each live article agrees with the state."""
    for article_id, live in state.articles.items():
        record = latest[article_id]
        assert record["revision"] == live.revision
        assert record["storyId"] == live.story_id
        assert record.get("duplicateOf") == live.duplicate_of
        assert "withdrawn" not in record
        assert [item["id"] for item in record.get("related", [])] == live.related
        is_published_lead = state.stories[live.story_id].published_lead == article_id
        assert (record["heat"] >= 0) == is_published_lead, "one article is published as the lead"
