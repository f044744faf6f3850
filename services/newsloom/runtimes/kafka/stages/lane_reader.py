"""Restoring a lane from Kafka: the rows of one lane-state partition in, its state out.

It reads the committed rows up to the end offset at the start of the read. Fence the former owner
first, so that it writes nothing during the read.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import orjson
from aiokafka import TopicPartition

from newsloom.adapters.failures import NewerFormError
from newsloom.pipeline.lane.restore import Restoration
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM, LANE_KEY, form_of_lane
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.spill_store import SpillStore
from newsloom.runtimes.kafka.batches.reading import require_readable
from newsloom.runtimes.kafka.clients.reader import LONG_FETCH_BYTES, new_reader

POSITION_KEY = b"position"
"""The key of the row with the next input offset and the group that writes the lane. It is committed
with the other rows, so it always agrees with them."""
POLL_MS = 500
READ_SHARE = 0.25
"""The assumed share of reading in the time of a restore. It was a third with 5,000 articles, and a
fifth with 30,000."""
MEND = (
    "make a replica the leader that is not damaged, or delete the topic, then run `newsloom topics "
    "create` and `newsloom lanes rebuild`"
)
CHUNK_ROWS = 200
"""Rows added between two pauses. In a pause the event loop handles heartbeats and signals."""


class LanePosition(NamedTuple):
    """The next input offset of a lane, and the group that has written its rows.

    `group` is empty if the lane has no rows, or if a former release has written them.
    """

    next_offset: int = 0
    group: str = ""


def encode_position(position: LanePosition) -> bytes:
    """The value of the position row."""
    return orjson.dumps(position._asdict())


def _decode_position(value: bytes | None) -> LanePosition:
    row = orjson.loads(value or b"{}")
    return LanePosition(row.get("next_offset", 0), row.get("group", ""))


async def read_lane(
    servers: str,
    topic: str,
    partition: int,
    spill_store: SpillStore,
    report: Callable[[float], None],
) -> tuple[State, LanePosition]:
    """The state of the last commit, and its position. `report` gets the progress, 0 to 1.

    Raises NewerFormError if a newer release has written the rows, and UnreadableBatchError.
    """
    restoration = Restoration(spill_store)
    source = TopicPartition(topic, partition)
    rows, position = await _read_rows(servers, source, restoration, report)
    if LANE_KEY in rows:
        _require_form(source, form_of_lane(spill_store.read(rows[LANE_KEY])))
    # In the order in which the keys were first written: stories are restored faster that way.
    for count, (key, handle) in enumerate(rows.items()):
        restoration.add_spilled(key, handle)
        if count % CHUNK_ROWS == 0:
            report(READ_SHARE + (1 - READ_SHARE) * count / len(rows))
            await asyncio.sleep(0)
    # In a thread, because it can take a second and would block heartbeats.
    state = await asyncio.to_thread(restoration.finish)
    return state, _decode_position(position)


async def _read_rows(
    servers: str, source: TopicPartition, restoration: Restoration, report: Callable[[float], None]
) -> tuple[dict[str, int], bytes | None]:
    """The spill handles of the latest rows by key, and the value of the position row."""
    rows: dict[str, int] = {}
    position_row: bytes | None = None
    async with new_reader(servers, LONG_FETCH_BYTES) as reader:
        reader.assign([source])
        end = (await reader.end_offsets([source]))[source]
        # Without an explicit seek, a reader of committed records can start at the end.
        begin = (await reader.beginning_offsets([source]))[source]
        reader.seek(source, begin)
        # By position, not by record: the last offsets may be transaction markers, which a
        # consumer does not return.
        while (position := await reader.position(source)) < end:
            report(READ_SHARE * (position - begin) / (end - begin))
            fetched = await reader.getmany(timeout_ms=POLL_MS)
            for record in require_readable(fetched.get(source, ()), MEND):
                if record.key == POSITION_KEY:
                    position_row = record.value
                else:
                    _spill(restoration, rows, record.key.decode(), record.value)
    return rows, position_row


def _require_form(source: TopicPartition, form: int) -> None:
    """Raises NewerFormError if this release cannot read a lane of that form."""
    if form > FORM:
        raise NewerFormError(
            f"a newer release has written the rows in {source.topic} partition {source.partition} "
            f"(form {form}, this release knows {FORMER_FORM} and {FORM}): update this worker"
        )


def _spill(restoration: Restoration, rows: dict[str, int], key: str, value: bytes | None) -> None:
    """Replaces the spilled row under `key` by a newer one, or removes it if `value` is None."""
    superseded = rows.get(key)
    if superseded:
        restoration.discard(superseded)
    if value is not None:
        rows[key] = restoration.spill(key, value)
    elif superseded:
        del rows[key]
