"""The producer of one input partition: what a batch makes and how far it read, together or not.

Its transactional id names the group and the input partition, so that whoever owns the partition
next fences it: aiokafka commits offsets in a transaction without the generation of the group.
"""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer, TopicPartition

from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS
from newsloom.runtimes.kafka.clients.messages import Outgoing

TRANSACTION_TIMEOUT_MS = 30_000
"""After so long the broker aborts what a dead worker left open. Longer than a batch may take."""
MAX_BATCH_BYTES = 512 * 1024
"""Of records sent as one; a greater record goes by itself."""


class PartitionProducer:
    """Sends what the records of one input partition make. Not to be used after an error."""

    def __init__(self, servers: str, group: str, source: TopicPartition) -> None:
        self._group = group
        self._source = source
        self._producer = AIOKafkaProducer(
            bootstrap_servers=servers.split(","),
            transactional_id=f"{group}.{source.partition}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_batch_size=MAX_BATCH_BYTES,
            acks="all",
        )

    async def fence(self) -> None:
        """Shuts out any former owner; when it returns, that one's last transaction has ended."""
        await self._producer.start()

    async def stop(self) -> None:
        """Lets go of the connection."""
        await self._producer.stop()

    async def commit(self, records: Iterable[Outgoing], next_offset: int) -> None:
        """Makes a batch last: its records, in their order for each target, and `next_offset`.

        Raises KafkaError and TimeoutError, when it is unknown whether the batch lasts: only a new
        owner's `fence` settles that.
        """
        targets: dict[tuple[str, int], list[Outgoing]] = {}
        for record in records:
            targets.setdefault((record.topic, record.partition), []).append(record)
        async with self._producer.transaction():
            await asyncio.gather(*[self._send(*target, made) for target, made in targets.items()])
            await self._producer.send_offsets_to_transaction(
                {self._source: next_offset}, self._group
            )

    async def _send(self, topic: str, partition: int, records: list[Outgoing]) -> None:
        delivered = []
        batch = self._producer.create_batch()
        for record in records:
            fields = {"key": record.key, "value": record.value, "headers": list(record.headers)}
            if batch.append(timestamp=None, **fields) is None:
                sent = await self._producer.send_batch(batch, topic, partition=partition)
                delivered.append(sent)
                batch = self._producer.create_batch()
                batch.append(timestamp=None, **fields)
        delivered.append(await self._producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*delivered)
