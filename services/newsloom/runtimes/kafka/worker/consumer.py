"""The hook into Faust: batches of raw records from its consumer, instead of one event at a time.

Faust owns membership, assignment and lifecycle. `Consumer._drain_messages` is private to it: the
version is pinned, and tests/integration holds a contract test of all that is relied on here.
"""

from collections.abc import Awaitable
from typing import Any, Protocol, cast

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from yarl import URL

from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS

POLL_S = 1.0
SEEK_PAUSE_S = 0.1
BATCH_RECORDS = 1_000
SESSION_TIMEOUT_S = 6.0
"""A worker that is killed or frozen is replaced after so long. The shortest that brokers grant."""
HEARTBEAT_S = 1.0
"""A member learns of a rebalance by its next heartbeat, and all wait for the last to learn."""


class BatchHandler(Protocol):
    """Whoever works on the batches."""

    epoch: int
    """Rises when partitions are taken away, and again when those assigned are ready."""

    def is_open(self) -> bool:
        """Whether it takes any more."""

    def positions(self) -> dict[TopicPartition, int]:
        """The offset that comes next, of each partition that is ready."""

    def handle_batch(
        self, consumer: "BatchConsumer", epoch: int, records: dict[Any, list[Any]]
    ) -> Awaitable[bool]:
        """Works on what one poll fetched, begun in that tenure; False if not on all of it."""

    async def revoke(self) -> None:
        """Returns when no batch is in flight."""

    async def assign(self, partitions: set[int]) -> None:
        """Gets ready for these partitions of the input, and no others."""

    def fail(self, what: str, error: BaseException) -> None:
        """Ends the process."""


class BatchConsumer(driver.Consumer):
    """Faust's consumer, but that it hands on what a poll fetched as it is."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        handler = cast(BatchApp, self.app).handler
        sought = -1
        try:
            while handler.is_open() and not (self._stopped.is_set() or fetcher._stopped.is_set()):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
                epoch = handler.epoch
                if epoch != sought:
                    if not await self._go_to(handler.positions()):
                        continue
                    sought = epoch
                # Faust never asks, and a member that has dropped out would wait for ever.
                self._thread._ensure_consumer()._coordinator.check_errors()
                polled, _ = await self._wait_next_records(POLL_S)
                fetched = {tp: records for tp, records in (polled or {}).items() if records}
                if fetched and not await handler.handle_batch(self, epoch, fetched):
                    sought = -1
        except Exception as error:
            # Faust would log it and fetch no more.
            if not self.should_stop:
                handler.fail("fetch", error)

    async def perform_seek(self) -> None:
        """Nothing: `_go_to` does it.

        Were brokers to answer Faust late here, it would resume no partition any more, in silence.
        """

    async def _go_to(self, positions: dict[TopicPartition, int]) -> bool:
        """Goes to where the next poll is to begin; False if another rebalance came before.

        Faust would go to the committed offsets after a rebalance. But a poll that waits through
        one may then take records of the new assignment, and be dropped for having begun in the
        old; and where nothing is committed it would not go back to the beginning.
        """
        try:
            await self.seek_wait(positions)
        except IllegalStateError:
            await self.sleep(SEEK_PAUSE_S)
            return False
        return True

    def fetched_to(self, tp: TopicPartition) -> int:
        """The offset to which a partition was fetched, marks of transactions passed; 0 if unknown.

        Read as it stands in the consumer's thread, which is not asked: any part may be gone by now.
        """
        subscription = self._thread._ensure_consumer()._subscription.subscription
        assignment = subscription and subscription.assignment
        state = assignment and assignment.state_value(tp)
        return (state and state._position) or 0

    def is_flowing(self) -> bool:
        """Whether a batch may begin: no rebalance has begun, and no end."""
        return self.flow_active and not self.should_stop


class _CommittedThread(driver.AIOKafkaConsumerThread):
    """Reads what is committed only; Faust would, if transactions were its own."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class BatchTransport(driver.Transport):
    """Faust's transport with the consumer above."""

    Consumer = BatchConsumer


class BatchApp(faust.App):
    """A Faust app that subscribes to one topic, commits nothing and leaves nothing on disk."""

    handler: BatchHandler

    def _create_directories(self) -> None:
        """There are no tables."""


def build_app(servers: str, group: str, topic: str, handler: BatchHandler) -> BatchApp:
    """The app of one group, which gives its batches to `taker`."""
    app = BatchApp(
        group,
        broker=[URL(f"kafka://{server}") for server in servers.split(",")],
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=BATCH_RECORDS,
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=REQUEST_TIMEOUT_MS / 1000,
    )
    app.handler = handler
    app.transport = BatchTransport(app.conf.broker_consumer, app)

    # Faust subscribes for the sake of an agent; without acks it has no offset to commit.
    @app.agent(app.topic(topic, value_type=bytes, acks=False))
    async def subscribe_only(stream: Any) -> None:
        async for _ in stream:
            handler.fail("subscribe", RuntimeError("a record got past the batch consumer"))

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]
    async def revoke(_: Any, *__: Any, **___: Any) -> None:
        await handler.revoke()

    # Unlike on_partitions_assigned, this one is awaited before Faust seeks and resumes.
    @app.on_rebalance_complete.connect  # type: ignore[arg-type]
    async def assign(app: Any, *_: Any, **__: Any) -> None:
        await handler.assign(
            {tp.partition for tp in app.consumer.assignment() if tp.topic == topic}
        )

    return app
