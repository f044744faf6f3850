"""The real `newsloom` against brokers, and reading and writing there without it.

In: bootstrap servers and a prefix. Out: how a command ended; records as a plain client sees them.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.runs import DEADLINE_S, Ended

COMMAND = Path(sys.executable).with_name("newsloom")
Message = tuple[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Kafka:
    """Brokers, the prefix under which a test's topics are, and further settings by variable."""

    servers: str
    prefix: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What `newsloom` needs to find them, and nothing of the caller's own."""
        own = {name: v for name, v in os.environ.items() if not name.startswith("NEWSLOOM_")}
        return own | {
            "NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "NEWSLOOM_KAFKA_TOPIC_PREFIX": self.prefix,
            "NEWSLOOM_IMAGES": "trust",
            "NEWSLOOM_METRICS_PORT": "0",
            **self.settings,
        }

    def newsloom(self, *arguments: object, stdin: bytes = b"") -> Ended:
        """Runs a command to its end."""
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            input=stdin,
            env=self.environment(),
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def read(self, topic: str) -> list[ConsumerRecord]:
        """All committed records of a topic, by partition and offset."""
        return asyncio.run(_read(self.servers, topic))

    def count(self, topic: str) -> int:
        """How far a topic reaches, over all partitions: it grows with whatever is committed."""
        return asyncio.run(_count(self.servers, topic))

    def reading(self, *topics: str) -> "Reader":
        """A reader of topics under the prefix, from their beginnings; to be used as a context."""
        return Reader(self.servers, [self.prefix + topic for topic in topics])

    def send(
        self,
        topic: str,
        messages: Sequence[Message],
        *,
        transaction: str | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Writes keys and values; in a transaction it is `commit` or `abort` that ends it."""
        asyncio.run(_send(self.servers, topic, messages, transaction, headers))

    def create(
        self, topic: str, partitions: int, configs: dict[str, str], replication: int = 1
    ) -> None:
        """A topic as somebody else would make it."""
        made = NewTopic(topic, partitions, replication, topic_configs=configs)
        asyncio.run(_create(self.servers, made))


class Reader:
    """One consumer that stays open, for a test that looks again and again until something is so."""

    def __init__(self, servers: str, topics: Sequence[str]) -> None:
        self._servers, self._topics = servers, topics

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._consumer = self._runner.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._consumer.stop())
        self._runner.close()

    def more(self) -> list[ConsumerRecord]:
        """The records committed since the last call, those of a partition in order.

        Waits 0.2 s if there are none.
        """
        found = self._runner.run(self._consumer.getmany(timeout_ms=200))
        return [record for records in found.values() for record in records]

    def count(self) -> int:
        """How far the topics reach, over all partitions: it grows with whatever is committed."""
        return sum(
            self._runner.run(self._consumer.end_offsets(self._consumer.assignment())).values()
        )

    async def _open(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )
        await consumer.start()
        return consumer


async def _read(servers: str, topic: str) -> list[ConsumerRecord]:
    # One that is given its topics asks for them as it starts.
    async with AIOKafkaConsumer(topic, bootstrap_servers=servers) as consumer:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
    async with AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,  # at the end of a topic there is nothing to wait for
    ) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, begins[partition])
        records: list[ConsumerRecord] = []
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                records += batch
    return sorted(records, key=lambda record: (record.partition, record.offset))


async def _count(servers: str, topic: str) -> int:
    async with AIOKafkaConsumer(topic, bootstrap_servers=servers) as consumer:
        partitions = consumer.partitions_for_topic(topic) or ()
        ends = await consumer.end_offsets([TopicPartition(topic, p) for p in partitions])
        return sum(ends.values())


async def _send(
    servers: str,
    topic: str,
    messages: Sequence[Message],
    transaction: str | None,
    headers: Sequence[tuple[str, bytes]],
) -> None:
    name = f"{topic}.writer" if transaction else None
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name) as producer:
        if transaction:
            await producer.begin_transaction()
        for key, value in messages:
            await producer.send_and_wait(topic, value, key, headers=list(headers))
        if transaction == "commit":
            await producer.commit_transaction()
        elif transaction == "abort":
            await producer.abort_transaction()


async def _create(servers: str, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([topic])
    finally:
        await admin.close()
