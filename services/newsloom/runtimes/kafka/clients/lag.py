"""The lag of a worker: how many records wait on the brokers, asked every few seconds.

By a client of its own, which subscribes to nothing: what the group's consumer believes, or does
not notice any more, makes no difference.
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
    servers: str, positions: Callable[[], Positions], tell: Callable[[Mapping[int, int]], None]
) -> NoReturn:
    """Tells the lag of each partition in `positions` from now on, in records.

    While brokers do not answer it tells nothing, and asks again.
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
                        if partitions != reader.assignment():
                            reader.assign(partitions)  # so that it knows who leads them
                            reader.pause(*partitions)
                        ends = await reader.end_offsets(partitions)
                        now = positions()  # some may have moved on meanwhile, or away
                        tell({tp.partition: max(0, ends[tp] - now[tp]) for tp in ends if tp in now})
                    await asyncio.sleep(EVERY_S)
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("the lag is not known: %s", describe_error(error))
            await asyncio.sleep(EVERY_S)
