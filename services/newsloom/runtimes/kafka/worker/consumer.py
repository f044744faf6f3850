"""The hook into Faust: batches of raw records from its consumer, instead of one event at a time.

Faust owns membership, assignment and lifecycle. `Consumer._drain_messages` is private to Faust: its
version is pinned, and tests/integration/test_faust_contract.py checks what this module relies on.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Protocol, cast

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from yarl import URL

from newsloom.runtimes.kafka.batches.reading import install, split_unreadable
from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS
from newsloom.runtimes.stops import StopError, StopReason

POLL_S = 1.0
HOLDING_POLL_S = 0.05
"""How long a poll waits for records while others are held until their images are checked."""
SEEK_PAUSE_S = 0.1
ASK_S = 2.0
BATCH_RECORDS = 1_000
METADATA_AGE_S = 10.0
"""How soon a consumer learns of a topic that was created again, and of added partitions."""
SESSION_TIMEOUT_S = 6.0
"""How long after a worker is killed or frozen its partitions are reassigned: the least that brokers
accept by default (`group.min.session.timeout.ms`)."""
HEARTBEAT_S = 1.0
"""A member learns of a rebalance at its next heartbeat. A rebalance waits for all members."""


class BatchHandler(Protocol):
    """Processes batches, and is informed of each rebalance."""

    epoch: int
    """The assignment epoch: rises when partitions are revoked, again when those assigned are ready,
    and whenever one of them stops or goes on."""

    @property
    def is_holding(self) -> bool:
        """Whether it holds records of earlier batches, so that the next one must not be late."""

    def is_open(self) -> bool:
        """Whether it accepts another batch."""

    def positions(self) -> dict[TopicPartition, int]:
        """The next input offset of each partition that is processed. No other one is fetched."""

    def handle_batch(
        self, consumer: "BatchConsumer", epoch: int, records: dict[Any, list[Any]]
    ) -> Awaitable[bool]:
        """Processes the records of one poll that began in `epoch`; False if some were dropped."""

    async def check_positions(self, epoch: int) -> None:
        """Compares the positions with the logs: a poll in `epoch` found one outside of its log."""

    async def stop(self, epoch: int, partition: int, error: StopError) -> None:
        """Stops a partition that a poll in `epoch` cannot read."""

    async def revoke(self) -> None:
        """Returns when no batch is being processed."""

    async def assign(self, partitions: set[int]) -> None:
        """Prepares to process these input partitions, and no others."""

    def fail(self, what: str, error: BaseException) -> None:
        """Ends the process."""


class BatchConsumer(driver.Consumer):
    """Faust's consumer, which passes the records of a poll to the handler as one batch."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        handler = cast(BatchApp, self.app).handler
        sought_epoch = -1
        try:
            while handler.is_open() and not (self._stopped.is_set() or fetcher._stopped.is_set()):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
                epoch = handler.epoch
                if epoch != sought_epoch:
                    if not await self._go_to(handler.positions()):
                        continue
                    sought_epoch = epoch
                # Faust does not check this: a member that was expelled would wait for ever.
                self._thread._ensure_consumer()._coordinator.check_errors()
                try:
                    poll_s = HOLDING_POLL_S if handler.is_holding else POLL_S
                    polled, _ = await self._wait_next_records(poll_s)
                except NoOffsetForPartitionError:  # of a new assignment: nothing is sought yet
                    sought_epoch = -1
                    continue
                except OffsetOutOfRangeError:
                    await handler.check_positions(epoch)
                    await self.sleep(SEEK_PAUSE_S)
                    sought_epoch = -1
                    continue
                fetched, unreadable = split_unreadable(polled or {})
                if not await handler.handle_batch(self, epoch, fetched):
                    sought_epoch = -1
                for error in unreadable:
                    stop = StopError(StopReason.UNREADABLE_BATCH, str(error))
                    await handler.stop(epoch, error.partition.partition, stop)
        except asyncio.CancelledError:
            # During a rebalance Faust would log the end of the worker as a crash of its fetcher.
            if handler.is_open():
                raise
        except Exception as error:
            # Faust would log the exception and stop fetching.
            if not self.should_stop:
                handler.fail("fetch", error)

    async def perform_seek(self) -> None:
        """Does nothing: `_go_to` seeks. Faust's seek resumes nothing if brokers answer late."""

    async def _go_to(self, positions: dict[TopicPartition, int]) -> bool:
        """Seeks to where the next poll must begin; False if another rebalance came first.

        Partitions without a position are not fetched.

        Faust would seek to the committed offsets after a rebalance. But a poll that waits during a
        rebalance may return records of the new assignment, which are dropped because the poll
        began in the former epoch. And Faust does not seek where no offset is committed.
        """
        try:
            await self.seek_wait(positions)
            processed = {TP(*source) for source in positions}
            self.pause_partitions(self.assignment() - processed)
            self.resume_partitions(processed)
        except IllegalStateError:
            await self.sleep(SEEK_PAUSE_S)
            return False
        return True

    async def take_group_error(self) -> BaseException | None:
        """The error by which the group refused the worker, None if it did not; it tries again.

        The client keeps such an error, and does nothing until somebody asks for it. Raises the
        error if the client cannot go on.
        """
        thread = self._thread
        coordinator = getattr(thread._consumer, "_coordinator", None)
        if coordinator is None:
            return None

        async def take() -> BaseException | None:
            try:
                coordinator.check_errors()
            except KafkaError as error:
                if coordinator._coordination_task.done():
                    raise
                return cast(BaseException, error)
            return None

        # In the consumer's own thread: what the coordinator waits for belongs to its event loop.
        taken = asyncio.run_coroutine_threadsafe(take(), thread.thread_loop)
        async with asyncio.timeout(ASK_S):
            return await asyncio.wrap_future(taken)

    def fetched_to(self, tp: TopicPartition) -> int:
        """The offset after the last one fetched, transaction markers included; 0 if unknown.

        It reads the state of the consumer's thread without a lock, so any part may be missing.
        """
        subscription = self._thread._ensure_consumer()._subscription.subscription
        assignment = subscription and subscription.assignment
        state = assignment and assignment.state_value(tp)
        return (state and state._position) or 0

    def is_flowing(self) -> bool:
        """Whether a batch may start: there is no rebalance, and the consumer is not stopping."""
        return self.flow_active and not self.should_stop


class _CommittedThread(driver.AIOKafkaConsumerThread):
    """Reads only committed records. Faust does so only if it uses its own transactions."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        # Not two of them: the client would join the group once for each (aiokafka #1168), each time
        # with another rebalance, and under load the workers would never stop rebalancing.
        consumer._partition_assignment_strategy = (even_assignor(consumer),)
        return consumer


def even_assignor(consumer: AIOKafkaConsumer) -> type[StickyPartitionAssignor]:
    """Shares out partitions evenly, and leaves them with their owners as far as that goes.

    Faust's own gives each member as many as fit, rounded up, so some may get none.
    """

    class EvenAssignor(StickyPartitionAssignor):  # type: ignore[misc]
        """The client's assignor, whose state belongs to its class."""

        @classmethod
        def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
            # The client never sets it. Without it, a member that was expelled would claim its
            # former partitions as if they were its own.
            cls.generation = consumer._coordinator.generation
            return super().metadata(topics)

    return EvenAssignor


class BatchTransport(driver.Transport):
    """Faust's transport with BatchConsumer."""

    Consumer = BatchConsumer


class BatchApp(faust.App):
    """A Faust app that subscribes to one topic, commits nothing and writes nothing to disk."""

    handler: BatchHandler

    def _create_directories(self) -> None:
        """Does nothing: there are no tables."""


def build_app(servers: str, group: str, topic: str, handler: BatchHandler) -> BatchApp:
    """The app of one consumer group, which passes its batches to `handler`."""
    install()
    app = BatchApp(
        group,
        broker=[URL(f"kafka://{server}") for server in servers.split(",")],
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        # An offset that the log does not have is an error, not passed over in silence.
        consumer_auto_offset_reset="none",
        broker_max_poll_records=BATCH_RECORDS,
        consumer_metadata_max_age_ms=int(1000 * METADATA_AGE_S),
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=REQUEST_TIMEOUT_MS / 1000,
    )
    app.handler = handler
    app.transport = BatchTransport(app.conf.broker_consumer, app)
    _connect(app, topic, handler)
    return app


def _connect(app: BatchApp, topic: str, handler: BatchHandler) -> None:
    """Subscribes to the topic, and passes each rebalance to the handler."""

    # Faust subscribes only for an agent. Without acks the agent has no offset to commit.
    @app.agent(app.topic(topic, value_type=bytes, acks=False))
    async def subscribe_only(stream: Any) -> None:
        async for _ in stream:
            handler.fail("subscribe", RuntimeError("a record bypassed the batch consumer"))

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]
    async def revoke(_: Any, *__: Any, **___: Any) -> None:
        await handler.revoke()

    # Unlike on_partitions_assigned, this signal is awaited before Faust seeks and resumes.
    @app.on_rebalance_complete.connect  # type: ignore[arg-type]
    async def assign(app: Any, *_: Any, **__: Any) -> None:
        await handler.assign(
            {tp.partition for tp in app.consumer.assignment() if tp.topic == topic}
        )
