"""What the worker relies on in Faust and aiokafka: another version fails here first.

In: the installed packages, and a broker. It covers versions, private names, and behaviour.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import (
    Assignment,
    Subscription,
    SubscriptionState,
    TopicPartitionState,
)
from aiokafka.errors import KafkaError
from aiokafka.producer.transaction_manager import TransactionManager
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver

from newsloom.runtimes.kafka.worker.consumer import BatchApp, BatchConsumer, build_app
from newsloom.runtimes.stops import StopError
from tests.support.kafka import Kafka


def test_installed_versions_are_the_supported_ones() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"


def test_private_names_that_the_worker_uses_exist() -> None:
    drain = inspect.signature(faust_consumer.Consumer._drain_messages)
    assert list(drain.parameters) == ["self", "fetcher"]
    poll = inspect.signature(faust_consumer.Consumer._wait_next_records)
    assert list(poll.parameters) == ["self", "timeout"]
    assert "_drain_messages(self)" in inspect.getsource(faust_consumer.Fetcher)
    assert "isolation_level=self._isolation_level" in inspect.getsource(AIOKafkaConsumer.start)
    assert callable(driver.AIOKafkaConsumerThread._create_worker_consumer)
    assert "self._position = position" in inspect.getsource(TopicPartitionState.consumed_to)
    assert list(inspect.signature(Assignment.state_value).parameters) == ["self", "tp"]
    assert "assignors=self._partition_assignment_strategy" in inspect.getsource(
        AIOKafkaConsumer.start
    )
    assert isinstance(Subscription.assignment, property)
    assert isinstance(SubscriptionState.subscription, property)
    coordinator = inspect.getsource(GroupCoordinator)
    assert "def check_errors(self)" in coordinator
    assert "self._coordination_task = " in coordinator
    assert "self._coordinator = GroupCoordinator(" in inspect.getsource(AIOKafkaConsumer.start)
    assert "self._txn_manager = " in inspect.getsource(AIOKafkaProducer.__init__)
    assert callable(TransactionManager.wait_for_transaction_end)
    assert "self._client = AIOKafkaClient(" in inspect.getsource(AIOKafkaAdminClient.__init__)


class Recorder:
    """A batch handler that accepts batches and records the order of its calls."""

    is_holding = False

    def __init__(self, topic: str) -> None:
        self.calls: list[Any] = []
        self.done = asyncio.Event()
        self.assigned = asyncio.Event()
        self.epoch = 0
        self._position = TopicPartition(topic, 0), 0

    def is_open(self) -> bool:
        return not self.done.is_set()

    def positions(self) -> dict[TopicPartition, int]:
        return dict([self._position])

    async def handle_batch(self, consumer: BatchConsumer, epoch: int, records: Any) -> bool:
        if epoch != self.epoch or not consumer.is_flowing():
            return False
        for batch in records.values():
            self.calls += [record.value for record in batch]
            self._position = self._position[0], batch[-1].offset + 1
        if b"last" in self.calls:
            self.done.set()
        return True

    async def check_positions(self, epoch: int) -> None:
        self.calls.append(("out of range", epoch))
        self.done.set()

    async def stop(self, epoch: int, partition: int, error: StopError) -> None:
        raise NotImplementedError

    async def revoke(self) -> None:
        self.epoch += 1
        self.calls.append("revoked")

    async def assign(self, partitions: set[int]) -> None:
        # If the caller did not await this, records would come first.
        await asyncio.sleep(0.5)
        self.calls.append(partitions)
        self.epoch += 1
        self.assigned.set()

    def fail(self, what: str, error: BaseException) -> None:
        self.calls.append((what, error))
        self.done.set()


@asynccontextmanager
async def served(app: BatchApp, limit_s: float) -> AsyncIterator[None]:
    """Runs the app for the block, at most `limit_s` seconds, and always stops it.

    A thread of the app that still runs would keep the process alive.
    """
    task = asyncio.create_task(app.start())
    try:
        async with asyncio.timeout(limit_s):
            yield
    finally:
        await app.stop()
        task.cancel()


def coordinator_of(app: BatchApp) -> Any:
    """The client's coordinator, which holds its membership of the group."""
    return cast(Any, app.consumer)._thread._consumer._coordinator


def test_batches_follow_the_assignment_skip_aborted_records_and_commit_no_offset(
    kafka: Kafka,
) -> None:
    """The assignment is awaited first, aborted records are skipped, and Faust commits no offset."""
    topic, group = f"{kafka.prefix}contract", f"{kafka.prefix}group"
    kafka.create(topic, 1, {})
    kafka.send(topic, [(None, b"first")])
    kafka.send(topic, [(None, b"aborted")], transaction="abort")
    kafka.send(topic, [(None, b"last")], transaction="commit")

    async def consume() -> tuple[list[Any], int | None]:
        recorder = Recorder(topic)
        app = build_app(kafka.servers, group, topic, recorder)
        async with served(app, 30):
            await recorder.done.wait()
        async with AIOKafkaConsumer(
            bootstrap_servers=kafka.servers, group_id=group, enable_auto_commit=False
        ) as reader:
            return recorder.calls, await reader.committed(TopicPartition(topic, 0))

    calls, committed = asyncio.run(consume())
    assert [call for call in calls if call != "revoked"] == [{0}, b"first", b"last"]
    assert committed is None


def test_records_sent_during_rebalances_are_each_handled_once(kafka: Kafka) -> None:
    """A poll that waits during a rebalance returns records of the epoch after it."""
    topic = f"{kafka.prefix}contract"
    kafka.create(topic, 1, {})
    values = [b"%d" % number for number in range(8)]

    async def consume() -> list[Any]:
        recorder = Recorder(topic)
        app = build_app(kafka.servers, f"{kafka.prefix}group", topic, recorder)
        async with (
            served(app, 60),
            AIOKafkaProducer(bootstrap_servers=kafka.servers) as producer,
        ):
            for value in values:
                await recorder.assigned.wait()
                recorder.assigned.clear()
                await asyncio.sleep(0.1)
                await producer.send_and_wait(topic, value)
                coordinator_of(app).request_rejoin()
            await producer.send_and_wait(topic, b"last")
            await recorder.done.wait()
        return recorder.calls

    calls = asyncio.run(consume())
    assert [call for call in calls if isinstance(call, bytes)] == [*values, b"last"]


def test_pending_error_of_the_group_is_reported(kafka: Kafka) -> None:
    """The client stores such an error and does nothing until a caller checks for it."""
    topic = f"{kafka.prefix}contract"
    kafka.create(topic, 1, {})

    async def consume() -> list[Any]:
        recorder = Recorder(topic)
        app = build_app(kafka.servers, f"{kafka.prefix}group", topic, recorder)
        async with served(app, 30):
            await recorder.assigned.wait()
            coordinator_of(app)._pending_exception = KafkaError("refused")
            await recorder.done.wait()
        return recorder.calls

    action, error = asyncio.run(consume())[-1]
    assert action == "fetch"
    assert "refused" in str(error)


def test_partitions_are_shared_out_evenly_and_stay_where_they_are(kafka: Kafka) -> None:
    """The client joins once for each assignor that it has: there must be one."""
    topic, partitions = f"{kafka.prefix}contract", 7
    kafka.create(topic, partitions, {})
    shares: dict[int, set[int]] = {}

    class Sharer(Recorder):
        async def assign(self, partitions: set[int]) -> None:
            shares[id(self)] = partitions
            self.epoch += 1
            self.assigned.set()

        async def revoke(self) -> None:
            self.epoch += 1
            shares.pop(id(self), None)

    @asynccontextmanager
    async def member() -> AsyncIterator[BatchApp]:
        sharer = Sharer(topic)
        app = build_app(kafka.servers, f"{kafka.prefix}group", topic, sharer)
        async with served(app, 60):
            yield app
        shares.pop(id(sharer), None)

    async def shared(*sizes: int) -> dict[int, set[int]]:
        while sorted(map(len, shares.values())) != list(sizes):
            await asyncio.sleep(0.1)
        assert set().union(*shares.values()) == set(range(partitions))
        return dict(shares)

    async def share() -> None:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(member())
            await shared(7)
            await stack.enter_async_context(member())
            before = await shared(3, 4)
            await stack.enter_async_context(member())
            after = await shared(2, 2, 3)
            assert all(after[one] <= before[one] for one in before), "they keep theirs"
            assert coordinator_of(first).generation == 3

    asyncio.run(share())
