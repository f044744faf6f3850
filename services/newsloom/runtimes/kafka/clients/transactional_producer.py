"""The producer of one input partition: it commits a batch's records and input offset together.

Its transactional id names the group and the input partition, so that the next owner of the
partition fences it. That is needed because aiokafka commits offsets in a transaction without the
generation of the group.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS
from newsloom.runtimes.kafka.clients.messages import Outgoing
from newsloom.runtimes.stops import StopError, StopReason

TRANSACTION_TIMEOUT_MS = 30_000
"""After this time the broker aborts the open transaction of a dead worker. A transaction spans only
the sends of a batch, not its processing."""
MAX_BATCH_BYTES = 512 * 1024
"""The limit for the records sent as one batch. A larger record is sent alone."""


class PartitionProducer:
    """Sends the records made from one input partition. Do not use it after an error."""

    def __init__(
        self,
        servers: str,
        group: str,
        source: TopicPartition,
        name: str | None = None,
        timeout_ms: int = TRANSACTION_TIMEOUT_MS,
        rows_topic: str = "",
    ) -> None:
        """`name` is the transactional id, if not that of the owner of the partition.

        `timeout_ms` is the most that one transaction takes. Only this producer writes its partition
        of the `rows_topic`, so its offsets there must rise.
        """
        self._group = group
        self._source = source
        self._rows_topic = rows_topic
        self._last_row = -1
        self._producer = AIOKafkaProducer(
            bootstrap_servers=servers.split(","),
            transactional_id=name or f"{group}.{source.partition}",
            transaction_timeout_ms=timeout_ms,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_batch_size=MAX_BATCH_BYTES,
            acks="all",
        )

    async def fence(self) -> None:
        """Fences any former owner. When it returns, that owner's last transaction has ended."""
        await self._producer.start()

    async def stop(self) -> None:
        """Closes the connection."""
        await self._producer.stop()

    async def commit(
        self, records: Iterable[Outgoing], next_offset: int, attempts: Attempts
    ) -> None:
        """Commits a batch: its records, in order for each target partition, and `next_offset`.

        `attempts` is what is known about the inputs from `next_offset` on.

        Raises KafkaError or TimeoutError if it is unknown whether the batch was committed. Only the
        `fence` of a new owner settles that. Raises StopError if former rows are not on their topic
        any more; then nothing is committed.
        """
        await self.commit_parts([records], next_offset, attempts)

    async def commit_parts(
        self, parts: Iterable[Iterable[Outgoing]], next_offset: int, attempts: Attempts
    ) -> None:
        """Commits several parts in one transaction, as `commit` does; each is sent before the next.

        So the parts need not be in memory together.
        """
        async with self._producer.transaction():
            try:
                for part in parts:
                    await self._send_part(part)
                offsets = {self._source: (next_offset, attempts.encode())}
                await self._producer.send_offsets_to_transaction(offsets, self._group)
            except Exception as error:
                cause = self._failure()
                if cause is None:
                    raise
                raise cause from error

    def _failure(self) -> BaseException | None:
        """Why the transaction failed: after that, the client says only that its state is wrong."""
        ended: asyncio.Future[None] = self._producer._txn_manager.wait_for_transaction_end()
        return ended.exception() if ended.done() else None

    async def _send_part(self, records: Iterable[Outgoing]) -> None:
        targets: dict[tuple[str, int], list[Outgoing]] = {}
        for record in records:
            targets.setdefault((record.topic, record.partition), []).append(record)
        await asyncio.gather(*[self._send(*target, batch) for target, batch in targets.items()])

    async def _send(self, topic: str, partition: int, records: list[Outgoing]) -> None:
        delivered = []
        batch = self._producer.create_batch()
        for record in records:
            fields = {"key": record.key, "value": record.value, "headers": list(record.headers)}
            if batch.append(timestamp=None, **fields) is None:
                delivered.append(await self._send_batch(batch, topic, partition))
                batch = self._producer.create_batch()
                batch.append(timestamp=None, **fields)
        delivered.append(await self._send_batch(batch, topic, partition))
        written = await asyncio.gather(*delivered)
        if topic == self._rows_topic:
            self._require_rows(partition, written[0].offset)
            self._last_row = written[-1].offset

    async def _send_batch(
        self, batch: BatchBuilder, topic: str, partition: int
    ) -> asyncio.Future[Any]:
        sent: asyncio.Future[Any] = await self._producer.send_batch(
            batch, topic, partition=partition
        )
        # If the next batch cannot be sent, nobody waits for this one.
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())
        return sent

    def _require_rows(self, partition: int, offset: int) -> None:
        if offset <= self._last_row:
            raise StopError(
                StopReason.ROWS_BEHIND,
                f"{self._rows_topic} partition {partition} has lost the rows that were written to "
                f"it: their last offset was {self._last_row}, and the next one is {offset}. Stop "
                "all curate workers and run `newsloom lanes rebuild`",
            )
