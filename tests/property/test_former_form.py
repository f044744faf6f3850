"""A lane of form 1 stays readable by the former release, until it is upgraded."""

from random import Random
from typing import Any

import pytest

from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import (
    FORM,
    FORMER_FORM,
    LANE_KEY,
    LaneRow,
    decode_row,
    encode_row,
    form_of_lane,
    upgraded_lane,
)
from newsloom.pipeline.lane.state import State
from tests.support import form_1
from tests.support.lanes import DAY_S, HOUR_S, START_S, event, new_pipeline, take
from tests.support.pipeline import Pipeline, Taken

_TITLES = (
    "Harbour ferry Selkie runs aground off Northfield pier",
    "Northfield council approves tramway budget after stormy debate",
    "Selkie ferry operator faces inquiry over grounding at Northfield",
    "Comet Wrenfield brightens, observatory astronomers report",
)
_ENDINGS = ("", " - Harbour Ledger", ", officials say", " again on Tuesday")


def _record(random: Random, number: int) -> dict[str, Any]:
    """An article, an update or a withdrawal; the stream takes 25 days, so that articles leave."""
    name = f"outlet{random.randrange(5)}.example/{random.randrange(6)}"
    if random.random() < 0.15:
        return {"webUrl": f"https://{name}", "withdrawn": True}
    title = random.choice(_TITLES) + random.choice(_ENDINGS)
    fields: dict[str, Any] = {"quality": random.randint(40, 90)}
    if random.random() < 0.3:
        fields["originalUrl"] = f"https://wire.example/{random.randrange(9)}"
    return event(name, title, number * 6 * HOUR_S + random.randint(0, DAY_S), **fields)


def _of_form_1(max_step: int = 500) -> Pipeline:
    state = State()
    state.lane = LaneRow(form=FORMER_FORM)
    return new_pipeline(state, max_step)


def _take(pipeline: Pipeline, record: dict[str, Any]) -> Taken:
    """Processes an event, without the checks of `take`."""
    return pipeline.take(record, START_S + 400 * DAY_S)


def _rows(state: State) -> dict[str, bytes]:
    return {key: encode_row(row) for key, row in state.rows()}


def _restored(rows: dict[str, bytes], random: Random) -> State:
    shuffled = list(rows.items())
    random.shuffle(shuffled)
    return restore(decode_row(key, value) for key, value in shuffled)


@pytest.mark.parametrize("seed", range(2))
def test_a_lane_of_form_1_is_written_in_form_1(seed: int) -> None:
    random, pipeline = Random(seed), _of_form_1(max_step=20)
    committed: dict[str, bytes] = {}
    for number in range(100):
        for key, value in take(pipeline, _record(random, number)).result.rows.items():
            committed.pop(key, None)
            if value is not None:
                committed[key] = value
        form_1.check_lane(committed)
        assert committed == _rows(pipeline.state)
    assert pipeline.state.lane.sequence > len(pipeline.state.articles) + 15, "many have left"


@pytest.mark.parametrize("seed", range(2))
def test_records_of_a_lane_of_form_1_do_not_depend_on_restarts(seed: int) -> None:
    random, continuous, restarted = Random(seed), _of_form_1(), _of_form_1()
    for number in range(100):
        if random.random() < 0.3:
            restarted = new_pipeline(_restored(_rows(restarted.state), random))
        record = _record(random, number)
        assert _take(continuous, record) == _take(restarted, record)
    assert _rows(continuous.state) == _rows(restarted.state)


@pytest.mark.parametrize("seed", range(2))
def test_a_lane_that_is_upgraded_goes_on_from_its_rows(seed: int) -> None:
    random, former = Random(seed), _of_form_1()
    for number in range(60):
        _take(former, _record(random, number))
    rows = _rows(former.state)
    rows[LANE_KEY] = upgraded_lane(rows[LANE_KEY])
    assert form_of_lane(rows[LANE_KEY]) == FORM
    restored = new_pipeline(_restored(rows, random))
    former.state.upgrade()
    assert _rows(former.state) == rows, "the same lane, upgraded in memory and in its rows"
    for number in range(60, 110):
        record = _record(random, number)
        assert _take(former, record) == _take(restored, record)
    assert former.state.departed.count, "what leaves is remembered from now on"
    for key, value in _rows(former.state).items():
        assert key == LANE_KEY or b'"form"' not in value


def test_a_new_lane_has_the_newest_form() -> None:
    pipeline = new_pipeline()
    take(pipeline, event("ledger.example/1", _TITLES[0]))
    assert form_of_lane(_rows(pipeline.state)[LANE_KEY]) == FORM


def test_all_work_on_an_input_is_one_step_in_form_1() -> None:
    text = "The car ferry struck the disused coal pier on Monday evening with passengers aboard."
    pipeline = _of_form_1(max_step=20)
    for number in range(40):
        take(pipeline, event(f"outlet{number}.example/1", _TITLES[0], number, excerpt=text))
    taken = take(pipeline, {"webUrl": "https://outlet0.example/1", "withdrawn": True})
    assert len(taken.curated) >= 39, "all copies have another root"
    assert not pipeline.state.pending.tasks
    form_1.check_lane(_rows(pipeline.state))
