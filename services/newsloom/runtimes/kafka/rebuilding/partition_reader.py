"""Reads what is committed in one partition, from its beginning to an offset."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition

from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS
from newsloom.runtimes.kafka.clients.messages import Incoming

_POLL_MS = 500
_FETCH_BYTES = 8 * 1024 * 1024


async def read_partition(
    servers: str, source: TopicPartition, end: int | None = None
) -> AsyncIterator[Incoming]:
    """The committed records before the offset `end`, or before the present end of the partition."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=servers.split(","),
        enable_auto_commit=False,
        isolation_level="read_committed",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    async with reader:
        reader.assign([source])
        last = (await reader.end_offsets([source]))[source]
        end = last if end is None else min(end, last)
        # Without an explicit seek, a reader of committed records can start at the end.
        reader.seek(source, (await reader.beginning_offsets([source]))[source])
        # By position, not by record: the last offsets may be transaction markers.
        while await reader.position(source) < end:
            fetched = await reader.getmany(source, timeout_ms=_POLL_MS)
            for record in fetched.get(source, ()):
                if record.offset < end:
                    yield record
