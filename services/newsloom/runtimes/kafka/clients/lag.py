"""The lag of a worker: how many records wait on the brokers, queried every two seconds.

It uses a separate client without a subscription, so the lag is right even if the consumer of the
group has stopped fetching without an error.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import NoReturn

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS, describe_error

EVERY_S = 2.0

log = logging.getLogger(__name__)

Positions = Mapping[TopicPartition, int]


async def watch_lag(
    servers: str, positions: Callable[[], Positions], report: Callable[[Mapping[int, int]], None]
) -> NoReturn:
    """Calls `report` with the lag in records of each partition in `positions`, for ever.

    While no broker answers, it reports nothing and tries again.
    """
    while True:
        try:
            async with AIOKafkaConsumer(
                bootstrap_servers=servers.split(","),
                enable_auto_commit=False,
                isolation_level="read_committed",
                request_timeout_ms=REQUEST_TIMEOUT_MS,
            ) as reader:
                while True:
                    if partitions := set(positions()):
                        ends = await _end_offsets(reader, partitions)
                        now = positions()  # they may have changed during the query
                        lags = {
                            tp.partition: max(0, ends[tp] - now[tp]) for tp in ends if tp in now
                        }
                        report(lags)
                    await asyncio.sleep(EVERY_S)
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("the lag is unknown: %s", describe_error(error))
            await asyncio.sleep(EVERY_S)


async def _end_offsets(
    reader: AIOKafkaConsumer, partitions: set[TopicPartition]
) -> dict[TopicPartition, int]:
    if partitions != reader.assignment():
        reader.assign(partitions)  # so that the client learns their leaders
        reader.pause(*partitions)
    ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
    return ends
