"""The committed offsets of a consumer group, with the text that is committed beside each.

In: a group and input partitions. Out: offsets, texts, and the ends of the logs. It commits nothing.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from newsloom.runtimes.attempts import Attempts, decode_attempts
from newsloom.runtimes.kafka.clients.admin import open_admin, retry
from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS, ConnectionOutageError

PAUSE_S = 0.1
PAUSES_S = (0.5, 1, 2, 4, 8)
"""Pauses between attempts to reach the brokers, of which one may be down."""
NO_OFFSET = OffsetAndMetadata(-1, "")

log = logging.getLogger(__name__)

Committed = dict[TopicPartition, tuple[int | None, Attempts]]


class Bounds(NamedTuple):
    """The log of a partition has the offsets from `begin` to before `end`."""

    begin: int
    end: int


async def read_committed(
    servers: str, group: str, sources: Collection[TopicPartition]
) -> Committed:
    """The committed offset of `group` on each partition, None if there is none, and its attempts.

    The text beside an offset is known only to the admin client, which takes some errors of brokers
    for missing offsets. So the offsets come from a consumer, and its answer must not be ahead of
    that of the admin client. If an owner of the partitions goes on meanwhile, it may be behind.
    """
    if not sources:
        return {}
    offsets = await _read_offsets(servers, group, sources)
    for pause_s in PAUSES_S:
        try:
            return await _read_attempts(servers, group, offsets)
        except ConnectionOutageError as error:
            log.info("%s; asking again in %g s", error, pause_s)
            await asyncio.sleep(pause_s)
    return await _read_attempts(servers, group, offsets)


async def _read_attempts(
    servers: str, group: str, offsets: Mapping[TopicPartition, int | None]
) -> Committed:
    wanted = {source: -1 if offset is None else offset for source, offset in offsets.items()}
    async with open_admin(servers) as admin:
        while True:
            found = await retry(
                lambda: admin.list_consumer_group_offsets(group, partitions=list(offsets))
            )
            texts = {source: found.get(source, NO_OFFSET) for source in offsets}
            if all(texts[source].offset >= wanted[source] for source in offsets):
                return {tp: (offsets[tp], decode_attempts(texts[tp].metadata)) for tp in offsets}
            await asyncio.sleep(PAUSE_S)


async def _read_offsets(
    servers: str, group: str, sources: Collection[TopicPartition]
) -> dict[TopicPartition, int | None]:
    async with AIOKafkaConsumer(
        bootstrap_servers=servers.split(","),
        group_id=group,
        enable_auto_commit=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    ) as reader:
        reader.assign(list(sources))
        return {source: await reader.committed(source) for source in sources}


async def read_bounds(
    servers: str, sources: Collection[TopicPartition]
) -> dict[TopicPartition, Bounds]:
    """The offsets that the logs of the partitions have now, uncommitted records included."""
    async with AIOKafkaConsumer(
        bootstrap_servers=servers.split(","),
        enable_auto_commit=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    ) as reader:
        reader.assign(list(sources))
        begins = await reader.beginning_offsets(sources)
        ends = await reader.end_offsets(sources)
    return {source: Bounds(begins[source], ends[source]) for source in sources}
