"""Rows that an earlier build stored are read, and are written again byte for byte.

`stored_rows.jsonl` holds the rows after the fortnight, as that build encoded them. It is never
refreshed: folders and lane-state topics in the field hold such rows.
"""

from pathlib import Path

import orjson

from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, Row, decode_row, encode_row
from newsloom.pipeline.lane.state import state_digest
from tests.golden.examples import ARRIVED_AT, new_pipeline
from tests.golden.fortnight import fortnight_inputs

STORED_ROWS = Path(__file__).with_name("stored_rows.jsonl")


def _stored() -> dict[str, bytes]:
    lines = map(orjson.loads, STORED_ROWS.read_bytes().splitlines())
    return {line["key"]: line["value"].encode() for line in lines}


def _copy(row: Row) -> Row:
    """A row without the encoding that it was decoded from."""
    return row.copy() if isinstance(row, LiveArticle | LiveStory) else row


def test_stored_rows_are_written_again_byte_for_byte() -> None:
    for key, value in _stored().items():
        assert encode_row(_copy(decode_row(key, value))) == value, key


def test_the_same_inputs_still_make_the_same_rows() -> None:
    pipeline = new_pipeline()
    for _, record in fortnight_inputs():
        pipeline.take(record.raw.parse(record.payload), ARRIVED_AT)
    assert {key: encode_row(row) for key, row in pipeline.state.rows()} == _stored()
    restored = restore(decode_row(key, value) for key, value in _stored().items())
    assert state_digest(restored) == state_digest(pipeline.state)
