"""Restoring a lane: the rows of one partition of lane-state in, its state out.

Reads what is committed, from the beginning to the end that stood when it began. The caller has
fenced whoever else might write there.
"""

import asyncio
from collections.abc import Callable

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from newsloom.pipeline.lane.restore import Restoration
from newsloom.pipeline.lane.row_cache import SpillStore
from newsloom.pipeline.lane.state import State
from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS

POSITION_KEY = b"position"
"""The row that says which input comes next: committed with the others, so it agrees with them."""
FETCH_BYTES = 8 * 1024 * 1024
POLL_MS = 500
READ_SHARE = 0.25
"""Of a restore's time goes to reading (a third at 5,000 articles, a fifth at 30,000)."""
CHUNK_ROWS = 200
"""Rows put between two pauses: heartbeats and signals are not to wait for a whole lane."""


def encode_position(next_offset: int) -> bytes:
    """The value of the position's row."""
    return orjson.dumps({"next_offset": next_offset})


async def committed_offset(servers: str, group: str, source: TopicPartition) -> int | None:
    """The offset from which `group` would go on, None if it never committed one."""
    async with _reader(servers, group) as reader:
        reader.assign([source])
        offset: int | None = await reader.committed(source)
        return offset


async def read_lane(
    servers: str, topic: str, partition: int, spill_store: SpillStore, tell: Callable[[float], None]
) -> tuple[State, int]:
    """The state that was last committed, and the offset of the input that comes next.

    `tell` hears now and then what share of the work is done.
    """
    restoration = Restoration(spill_store)
    rows, position = await _read_rows(servers, TopicPartition(topic, partition), restoration, tell)
    # In the order in which they were first written: stories are restored faster so.
    for count, (key, handle) in enumerate(rows.items()):
        restoration.take(key, handle)
        if count % CHUNK_ROWS == 0:
            tell(READ_SHARE + (1 - READ_SHARE) * count / len(rows))
            await asyncio.sleep(0)
    # Apart from the loop, for it can take a second: heartbeats are not to wait.
    state = await asyncio.to_thread(restoration.finish)
    return state, orjson.loads(position)["next_offset"] if position else 0


async def _read_rows(
    servers: str, source: TopicPartition, restoration: Restoration, tell: Callable[[float], None]
) -> tuple[dict[str, int], bytes | None]:
    """By key, the handles of the last rows, all of which are more than there is memory for; and
    the row of the position.
    """
    rows: dict[str, int] = {}
    position_row: bytes | None = None
    async with _reader(servers) as reader:
        reader.assign([source])
        end = (await reader.end_offsets([source]))[source]
        # Without an explicit seek a reader of committed records can start at the end.
        begin = (await reader.beginning_offsets([source]))[source]
        reader.seek(source, begin)
        # The last records may be marks of transactions, which are never handed out.
        while (position := await reader.position(source)) < end:
            tell(READ_SHARE * (position - begin) / (end - begin))
            fetched = await reader.getmany(timeout_ms=POLL_MS)
            for record in fetched.get(source, ()):
                if record.key == POSITION_KEY:
                    position_row = record.value
                    continue
                key, value = record.key.decode(), record.value
                superseded = rows.get(key)
                if superseded:
                    restoration.discard(superseded)
                if value is not None:
                    rows[key] = restoration.lay(key, value)
                elif superseded:
                    del rows[key]
    return rows, position_row


def _reader(servers: str, group: str | None = None) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=servers.split(","),
        group_id=group,
        enable_auto_commit=False,
        isolation_level="read_committed",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
