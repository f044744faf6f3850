"""Runs the real `newsloom` against Kafka brokers; reads and writes records with a plain client.

In: bootstrap servers and a topic prefix. Out: how a command ended; records as a client that
shares no code with Newsloom reads them.
"""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.support.forked import COMMAND
from tests.support.processes import start_process
from tests.support.runs import Ended, finish

Message = tuple[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Kafka:
    """Brokers, the prefix of a test's Kafka topics, and further settings by variable name."""

    servers: str
    prefix: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The environment of `newsloom`: these settings, without any `NEWSLOOM_*` of the caller."""
        inherited = {name: v for name, v in os.environ.items() if not name.startswith("NEWSLOOM_")}
        return inherited | {
            "NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "NEWSLOOM_KAFKA_TOPIC_PREFIX": self.prefix,
            "NEWSLOOM_IMAGES": "trust",
            "NEWSLOOM_METRICS_PORT": "0",
            **self.settings,
        }

    def newsloom(self, *arguments: object, stdin: bytes = b"") -> Ended:
        """Runs a command until it ends."""
        process = start_process(
            [COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(),
        )
        return finish(process, stdin)

    def read(self, topic: str) -> list[ConsumerRecord]:
        """All committed records of a topic, ordered by partition and offset."""
        return asyncio.run(_read(self.servers, topic))

    def count(self, topic: str) -> int:
        """The sum of a topic's end offsets over all partitions; it grows with each commit."""
        return asyncio.run(_count(self.servers, topic))

    def reading(self, *topics: str) -> "Reader":
        """A reader of the topics under the prefix, from their first record; a context manager."""
        return Reader(self.servers, [self.prefix + topic for topic in topics])

    def send(
        self,
        topic: str,
        messages: Sequence[Message],
        *,
        transaction: str | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Writes keys and values.

        `transaction` is `commit` or `abort`, which ends the transaction that the records are
        written in, or None for no transaction.
        """
        asyncio.run(_send(self.servers, topic, messages, transaction, headers))

    def create(
        self, topic: str, partitions: int, configs: dict[str, str], replication: int = 1
    ) -> None:
        """Creates a topic with `configs`, without `newsloom topics create`."""
        created = NewTopic(topic, partitions, replication, topic_configs=configs)
        asyncio.run(_administer(self.servers, lambda admin: admin.create_topics([created])))

    def delete(self, topic: str) -> None:
        """Deletes a topic."""
        asyncio.run(_administer(self.servers, lambda admin: admin.delete_topics([topic])))

    def add_partitions(self, topic: str, count: int) -> None:
        """Adds partitions to a topic, until there are `count`."""
        added = {topic: NewPartitions(count)}
        asyncio.run(_administer(self.servers, lambda admin: admin.create_partitions(added)))

    def coordinator(self, group: str) -> int:
        """The number of the broker that coordinates a consumer group."""
        return int(
            asyncio.run(_administer(self.servers, lambda admin: admin.find_coordinator(group)))
        )

    def setting(self, topic: str, name: str) -> str:
        """The value of a setting of a topic."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        (response,) = asyncio.run(
            _administer(self.servers, lambda admin: admin.describe_configs([resource]))
        )
        (found,) = response.to_object()["resources"]
        entries = {one["config_names"]: one["config_value"] for one in found["config_entries"]}
        return str(entries[name])


class Reader:
    """One consumer that stays open, for a test that reads repeatedly until a condition holds."""

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
        """The records committed since the last call, in order within each partition.

        Waits 0.2 s if there are none.
        """
        records_by_partition = self._runner.run(self._consumer.getmany(timeout_ms=200))
        return [record for records in records_by_partition.values() for record in records]

    def count(self) -> int:
        """The sum of the end offsets over all topics and partitions; it grows with each commit."""
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
    # A consumer that is created with topic names fetches their metadata when it starts.
    async with AIOKafkaConsumer(topic, bootstrap_servers=servers) as consumer:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
    async with AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,  # no new records are expected at the end of a topic
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


async def _administer(servers: str, act: Callable[[AIOKafkaAdminClient], Awaitable[Any]]) -> Any:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return await act(admin)
    finally:
        await admin.close()
