"""Reads what is committed in one partition, from its beginning to an offset."""

from collections.abc import AsyncIterator

from aiokafka import TopicPartition

from newsloom.runtimes.kafka.batches.reading import require_readable
from newsloom.runtimes.kafka.clients.messages import Incoming
from newsloom.runtimes.kafka.clients.reader import LONG_FETCH_BYTES, new_reader

_POLL_MS = 500
_MEND = (
    "make a replica the leader that is not damaged, or delete the records before offset {next} "
    "and run this again"
)


async def read_partition(
    servers: str, source: TopicPartition, end: int | None = None
) -> AsyncIterator[Incoming]:
    """The committed records before the offset `end`, or before the present end of the partition.

    Raises UnreadableBatchError.
    """
    async with new_reader(servers, LONG_FETCH_BYTES) as reader:
        reader.assign([source])
        last = (await reader.end_offsets([source]))[source]
        end = last if end is None else min(end, last)
        # Without an explicit seek, a reader of committed records can start at the end.
        reader.seek(source, (await reader.beginning_offsets([source]))[source])
        # By position, not by record: the last offsets may be transaction markers.
        while await reader.position(source) < end:
            fetched = await reader.getmany(source, timeout_ms=_POLL_MS)
            for record in require_readable(fetched.get(source, ()), _MEND):
                if record.offset < end:
                    yield record
