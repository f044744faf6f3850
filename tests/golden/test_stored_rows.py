"""Rows that an earlier build stored are read, and its lanes go on.

`stored_rows.jsonl` holds the rows after the fortnight, as the build of form 1 encoded them. It is
never refreshed: folders and lane-state topics in the field hold such rows.
"""

from pathlib import Path

import orjson

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import FORMER_FORM, decode_row, encode_row
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from tests.golden.examples import ARRIVED_AT, new_pipeline
from tests.golden.fortnight import fortnight_inputs
from tests.support import form_1

STORED_ROWS = Path(__file__).with_name("stored_rows.jsonl")


def _stored() -> dict[str, bytes]:
    lines = map(orjson.loads, STORED_ROWS.read_bytes().splitlines())
    return {line["key"]: line["value"].encode() for line in lines}


def _restored() -> State:
    return restore(decode_row(key, value) for key, value in _stored().items())


def test_rows_of_form_1_stay_as_they_are() -> None:
    assert {key: encode_row(row) for key, row in _restored().rows()} == _stored()


def test_a_lane_of_form_1_is_written_as_the_build_of_form_1_did() -> None:
    pipeline = new_pipeline()
    pipeline.state.lane.form = FORMER_FORM
    for _, record in fortnight_inputs():
        pipeline.take(record.raw.parse(record.payload), ARRIVED_AT)
    rows = {key: encode_row(row) for key, row in pipeline.state.rows()}
    assert rows.keys() == _stored().keys()
    form_1.check_lane(rows)
    form_1.check_lane(_stored())


def test_a_lane_of_form_1_holds_what_the_same_inputs_make_now() -> None:
    pipeline = new_pipeline()
    for _, record in fortnight_inputs():
        pipeline.take(record.raw.parse(record.payload), ARRIVED_AT)
    now, then = pipeline.state, _restored()
    assert set(then.articles) == set(now.articles)
    assert then.lane.outcomes == now.lane.outcomes
    counted = [Changeset(state, Outcome.UNCHANGED).stories for state in (then, now)]
    for story_id in now.stories:
        count, current_count = [stories.provider_count(story_id) for stories in counted]
        assert count == current_count
        providers, current_providers = [stories.providers(story_id) for stories in counted]
        assert providers == current_providers
