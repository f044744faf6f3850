"""A worker: one stage at work on the partitions that the group gives it, a transaction a batch.

It ends itself on any error that leaves open whether a batch lasts: a fresh process fences, and
restores from what is committed. SIGTERM lets it finish the batch in flight and leave the group.
"""

import asyncio
import gc
import logging
import os
import signal
import time
from types import FrameType
from typing import Any, NoReturn, cast

from aiokafka import TopicPartition

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.admin import describe_topics, open_admin
from newsloom.runtimes.kafka.clients.connection import ConnectionOutageError, describe_error
from newsloom.runtimes.kafka.clients.lag import watch_lag
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.kafka.worker.consumer import BatchApp, BatchConsumer, build_app
from newsloom.runtimes.kafka.worker.processor import PartitionProcessor, Processor
from newsloom.runtimes.kafka.worker.telemetry import Telemetry

BATCH_TIMEOUT_S = 60.0
RESTORE_TIMEOUT_S = 600.0
START_PAUSES_S = (0.5, 1, 2, 4, 8)
"""Between one attempt to reach brokers at the start and the next."""
DRAIN_S = 20
"""A worker that is told to end is gone after so long, come what may."""
SAME_WORD_S = 0.5
"""What tells a worker to end may reach it from its parent too, so much later at most."""

EXIT_FAILED = 1

log = logging.getLogger(__name__)


class Worker:
    """One stage in this process. Takes the batches of a Faust app."""

    def __init__(self, servers: str, stage: Processor, telemetry: Telemetry) -> None:
        self._servers = servers
        self._stage = stage
        self._telemetry = telemetry
        self._lanes: dict[int, tuple[PartitionProcessor, PartitionProducer]] = {}
        self._producers: list[PartitionProducer] = []
        self._committed: dict[int, int] = {}
        self.epoch = 0
        self._in_flight = asyncio.Lock()
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Works until it is told to end. Raises OutageError if it cannot begin."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        beating = asyncio.create_task(self._telemetry.beat())
        ending = asyncio.create_task(self._ending.wait())
        checking = asyncio.create_task(self._check_topics())
        await asyncio.wait([ending, checking], return_when=asyncio.FIRST_COMPLETED)
        if self._ending.is_set():
            return
        await checking
        self._telemetry.note_unready("no partitions are assigned yet")
        app = build_app(self._servers, self._stage.group, self._stage.input_topic, self)
        serving = asyncio.create_task(_serve(app))
        watching = asyncio.create_task(
            watch_lag(self._servers, lambda: self._read_to(app), self._telemetry.note_lags)
        )
        tasks = [ending, serving, watching, beating]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not self._ending.is_set():
            failures = [task.exception() for task in tasks if task.done()]
            failure = next(filter(None, failures), app.crash_reason)
            self.fail("group", failure or RuntimeError("Faust stopped"))
        async with self._in_flight:  # the last batch: no other begins
            pass
        await app.stop()
        await self._release()

    def is_open(self) -> bool:
        """Whether another batch is taken."""
        return not self._ending.is_set()

    def positions(self) -> dict[TopicPartition, int]:
        """The offset that comes next, of each partition that is ready."""
        topic = self._stage.input_topic
        return {TopicPartition(topic, p): lane.next_offset for p, (lane, _) in self._lanes.items()}

    def _read_to(self, app: BatchApp) -> dict[TopicPartition, int]:
        """The offset from which records may wait, of each partition that is ready.

        Behind what is committed there may be nothing but marks of transactions, which the consumer
        has passed while no batch is at hand.
        """
        topic = self._stage.input_topic
        committed = {TopicPartition(topic, p): at for p, at in self._committed.items()}
        if self._in_flight.locked():
            return committed
        consumer = cast(BatchConsumer, app.consumer)
        return {tp: max(at, consumer.fetched_to(tp)) for tp, at in committed.items()}

    async def handle_batch(
        self, consumer: BatchConsumer, epoch: int, records: dict[Any, list[Any]]
    ) -> bool:
        """Works on what a poll fetched, a transaction for each partition.

        False if some of it was not worked on, as the partitions are others' now.
        """
        with self._telemetry.working(sum(map(len, records.values()))):
            return await self._handle_batch(consumer, epoch, records)

    async def _handle_batch(
        self, consumer: BatchConsumer, epoch: int, records: dict[Any, list[Any]]
    ) -> bool:
        for tp, fetched in records.items():
            async with self._in_flight:
                is_ours = epoch == self.epoch and tp.partition in self._lanes
                if not (self.is_open() and is_ours and consumer.is_flowing()):
                    return False
                try:
                    async with asyncio.timeout(BATCH_TIMEOUT_S):
                        await self._process(tp.partition, fetched)
                except BaseException as error:  # cancelled, too, it is half done
                    self.fail("batch", error)
        return True

    async def _process(self, partition: int, records: list[Any]) -> None:
        lane, producer = self._lanes[partition]
        fresh = [record for record in records if record.offset >= lane.next_offset]
        if fresh:
            began = time.perf_counter()
            outgoing = await lane.process(fresh)
            with self._telemetry.transaction():
                await producer.commit(outgoing, lane.next_offset)
            self._committed[partition] = lane.next_offset
            lane.note_commit()
            self._telemetry.note_commit(partition, fresh, time.perf_counter() - began)

    async def revoke(self) -> None:
        """Returns when no batch is in flight; the lanes stay, parked."""
        self.epoch += 1
        self._telemetry.note_unready("the group is sharing out its partitions")
        async with self._in_flight:
            pass

    async def assign(self, partitions: set[int]) -> None:
        """Fences the former owners, then brings each lane up to what is committed."""
        if not self.is_open():
            return
        self._telemetry.note_restoring()
        try:
            async with asyncio.timeout(RESTORE_TIMEOUT_S):
                parked = await self._release()
                opened = await asyncio.gather(*[self._open(p, parked.get(p)) for p in partitions])
        except BaseException as error:
            if self.is_open():
                self.fail("restore", error)
            raise
        self._lanes = dict(zip(partitions, opened, strict=True))
        self._committed = {p: lane.next_offset for p, (lane, _) in self._lanes.items()}
        for lane, _ in opened:
            lane.note_commit()
        self._telemetry.note_assigned(partitions)
        self.epoch += 1
        # What is restored lives long: spare the collector from walking it again.
        gc.collect()
        gc.freeze()

    async def _open(
        self, partition: int, parked: PartitionProcessor | None
    ) -> tuple[PartitionProcessor, PartitionProducer]:
        source = TopicPartition(self._stage.input_topic, partition)
        producer = PartitionProducer(self._servers, self._stage.group, source)
        self._producers.append(producer)  # to be let go of, should the end come amid this
        await producer.fence()
        return await self._stage.open(partition, parked), producer

    async def _release(self) -> dict[int, PartitionProcessor]:
        held, self._lanes, self._committed = self._lanes, {}, {}
        producers, self._producers = self._producers, []
        await asyncio.gather(*[producer.stop() for producer in producers])
        return {partition: lane for partition, (lane, _) in held.items()}

    async def _check_topics(self) -> None:
        """Looks at the topics once brokers answer, which they may not at the start of a day."""
        self._telemetry.note_unready("waiting for an answer from Kafka")
        names = [self._stage.topics.name(topic) for topic in self._stage.topics]
        pauses_s = iter(START_PAUSES_S)
        while True:
            try:
                async with open_admin(self._servers) as admin:
                    found = await describe_topics(admin, names)
                return self._stage.check(found)
            except ConnectionOutageError as error:
                pause_s = next(pauses_s, None)
                if pause_s is None:
                    raise
                log.warning("%s; asking again in %g s", error, pause_s)
                await asyncio.sleep(pause_s)

    def fail(self, what: str, error: BaseException) -> NoReturn:
        """Says what went wrong and ends the process: nothing it holds can be relied on."""
        words = str(error) if isinstance(error, OutageError) else describe_error(error)
        log.error("worker %s: %s: %s", self._stage.group, what, words)
        log.debug("ended by", exc_info=error)
        os._exit(EXIT_FAILED)

    def _end(self, number: int) -> None:
        """Begins the end. A second signal, or too long a wait, ends the process at once."""
        told_at = time.monotonic()

        def end_at_once(number: int, _: FrameType | None) -> None:
            if time.monotonic() - told_at > SAME_WORD_S:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)

        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(each)
            signal.signal(each, end_at_once)
        signal.alarm(DRAIN_S)
        self._telemetry.note_unready("told to end")
        self._ending.set()


async def _serve(app: BatchApp) -> None:
    await app.start()
    await app.wait_until_stopped()


def run_worker(servers: str, stage: Processor, telemetry: Telemetry) -> NoReturn:
    """Works in this process until SIGTERM or SIGINT (exit code 0) or a failure (1).

    Never returns, so that no thread of Faust's can hold the process.
    """
    gc.set_threshold(50_000, 20, 50)

    async def work() -> None:
        await Worker(servers, stage, telemetry).run()

    try:
        asyncio.run(work())
    except OutageError as error:
        log.error("%s", error)
        os._exit(EXIT_FAILED)
    os._exit(0)
