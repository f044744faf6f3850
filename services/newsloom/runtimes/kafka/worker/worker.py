"""A worker: processes the partitions that its group assigns to it, one transaction a batch.

An error that leaves it unknown whether a batch was committed ends the process; a new process fences
the old one and restores the committed state. On SIGTERM the worker finishes the batch in flight
and leaves the group.
"""

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from types import FrameType
from typing import Any, NoReturn, cast

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from newsloom.adapters.failures import NewerFormError, OutageError
from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.hang_limit import HangLimit
from newsloom.runtimes.kafka.clients.admin import describe_topics, open_admin
from newsloom.runtimes.kafka.clients.connection import ConnectionOutageError, describe_error
from newsloom.runtimes.kafka.clients.group_offsets import read_committed
from newsloom.runtimes.kafka.clients.lag import watch_lag
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.kafka.stages.processor import PartitionProcessor, Processor
from newsloom.runtimes.kafka.worker.batch_runner import BatchRunner, HangError
from newsloom.runtimes.kafka.worker.consumer import BatchApp, BatchConsumer, build_app
from newsloom.runtimes.kafka.worker.shared_memory import Batch, BatchInWork
from newsloom.runtimes.kafka.worker.telemetry import Telemetry

RESTORE_TIMEOUT_S = 600.0
START_PAUSES_S = (0.5, 1, 2, 4, 8)
"""Pauses between attempts to reach the brokers at the start."""
DRAIN_S = 20
"""After SIGTERM a worker is killed by SIGALRM when it has not ended in this time."""
HALTED_PAUSE_S = 2.0
"""How often a halted worker asks whether it may go on."""
SAME_SIGNAL_S = 0.5
"""A second signal within this time is the same one, passed on by the parent process."""

EXIT_FAILED = 1

log = logging.getLogger(__name__)


class Worker:
    """One worker in this process: the batch handler of a Faust app."""

    def __init__(
        self,
        servers: str,
        processor: Processor,
        telemetry: Telemetry,
        in_work: BatchInWork,
        left: Batch | None,
    ) -> None:
        """`left` is the batch during which the former worker of the same parent ended."""
        self._servers = servers
        self._processor = processor
        self._telemetry = telemetry
        self._in_work = in_work
        self._left = left
        self._hang_limit = HangLimit()
        self._partitions: dict[int, BatchRunner] = {}
        self._producers: list[PartitionProducer] = []
        self._halt_watch: asyncio.Future[None] | None = None
        """While it is not done, no batch is processed."""
        self._forgiving: list[asyncio.Task[None]] = []
        self.epoch = 0
        self._in_flight = asyncio.Lock()
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Works until SIGTERM or SIGINT. Raises OutageError if it cannot start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        beating = asyncio.create_task(self._telemetry.beat())
        ending = asyncio.create_task(self._ending.wait())
        checking = asyncio.create_task(self._check_topics())
        await asyncio.wait([ending, checking], return_when=asyncio.FIRST_COMPLETED)
        if self._ending.is_set():
            return
        await checking
        await self._serve(ending, beating)

    async def _serve(self, ending: asyncio.Task[Any], beating: asyncio.Task[Any]) -> None:
        """Works until `ending` is done. If another task ends before, the process ends."""
        self._telemetry.note_unready("no partitions are assigned yet")
        app = build_app(self._servers, self._processor.group, self._processor.input_topic, self)
        serving = asyncio.create_task(_run_app(app))
        watching = asyncio.create_task(
            watch_lag(self._servers, lambda: self._read_to(app), self._telemetry.note_lags)
        )
        tasks = [ending, serving, watching, beating]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not self._ending.is_set():
            failures = [task.exception() for task in tasks if task.done()]
            failure = next(filter(None, failures), app.crash_reason)
            self.fail("group", failure or RuntimeError("Faust stopped"))
        async with self._in_flight:  # the last batch: no other one starts
            pass
        await app.stop()
        await self._release()

    def is_open(self) -> bool:
        """Whether another batch is accepted."""
        return not self._ending.is_set()

    def positions(self) -> dict[TopicPartition, int]:
        """The next input offset of each partition that is ready."""
        return {
            self._source(p): runner.processor.next_offset for p, runner in self._partitions.items()
        }

    def _source(self, partition: int) -> TopicPartition:
        return TopicPartition(self._processor.input_topic, partition)

    def _read_to(self, app: BatchApp) -> dict[TopicPartition, int]:
        """The offset from which records may wait, for each partition that is ready.

        After the committed offset there may be only transaction markers. The consumer has read
        past them if no batch is being processed.
        """
        committed = {self._source(p): b.committed for p, b in self._partitions.items()}
        if self._in_flight.locked():
            return committed
        consumer = cast(BatchConsumer, app.consumer)
        return {tp: max(at, consumer.fetched_to(tp)) for tp, at in committed.items()}

    async def handle_batch(
        self, consumer: BatchConsumer, epoch: int, records: dict[Any, list[Any]]
    ) -> bool:
        """Processes a poll, one batch per partition. False if some records were dropped.

        While a partition is halted, or waits for a newer release, returns after HALTED_PAUSE_S
        without processing any.
        """
        if self._halt_watch is not None:
            await asyncio.wait([self._halt_watch], timeout=HALTED_PAUSE_S)
            return False
        with self._telemetry.working(sum(map(len, records.values()))):
            return await self._handle_batch(consumer, epoch, records)

    async def _handle_batch(
        self, consumer: BatchConsumer, epoch: int, records: dict[Any, list[Any]]
    ) -> bool:
        for tp, fetched in records.items():
            remaining: Sequence[Any] = fetched
            is_pending = False
            while remaining or is_pending:
                async with self._in_flight:
                    is_owned = epoch == self.epoch and tp.partition in self._partitions
                    if not (self.is_open() and is_owned and consumer.is_flowing()):
                        return False
                    runner = self._partitions[tp.partition]
                    try:
                        remaining = await runner.process(remaining)
                    except NewerFormError as error:
                        self._await_update(error)
                        return False
                    except BaseException as error:  # also when cancelled: the batch is half done
                        self.fail("batch", error)
                is_pending = runner.is_pending
        return True

    async def revoke(self) -> None:
        """Returns when no batch is in flight. The partition processors are kept, parked."""
        self.epoch += 1
        self._stop_halt_watch()
        self._telemetry.note_unready("the group is sharing out its partitions")
        async with self._in_flight:
            pass

    async def assign(self, partitions: set[int]) -> None:
        """Fences the former owners, then opens a processor for each partition."""
        if not self.is_open():
            return
        self._telemetry.note_restoring()
        try:
            async with asyncio.timeout(RESTORE_TIMEOUT_S):
                halted = await self._open(partitions, await self._release())
                if not halted:
                    for runner in self._partitions.values():
                        await runner.finish_pending()
        except NewerFormError as error:
            return self._await_update(error)
        except BaseException as error:
            if self.is_open():
                self.fail("restore", error)
            raise
        for runner in self._partitions.values():
            runner.processor.note_commit()
        self._telemetry.note_assigned(partitions)
        if halted:
            self._telemetry.note_halted(len(halted), next(iter(halted.values())))
            self._halt_watch = asyncio.create_task(self._await_resume(halted))
        self.epoch += 1
        # Restored state lives long: keep the garbage collector from scanning it again.
        gc.collect()
        gc.freeze()

    async def _open(
        self, partitions: Collection[int], parked: Mapping[int, PartitionProcessor]
    ) -> dict[TopicPartition, str]:
        """Opens the partitions. Returns those that are halted, and why."""
        sources = [self._source(partition) for partition in partitions]
        servers, group = self._servers, self._processor.group
        producers = [PartitionProducer(servers, group, source) for source in sources]
        self._producers = producers  # to be stopped even if the worker ends during this
        await asyncio.gather(*[producer.fence() for producer in producers])
        committed = await read_committed(servers, group, sources)
        rebuilt = {tp.partition for tp, (_, attempts) in committed.items() if attempts.is_rebuilt}
        parked = {p: processor for p, processor in parked.items() if p not in rebuilt}
        opened = await asyncio.gather(
            *[
                self._processor.open(p, committed[self._source(p)][0], parked.get(p))
                for p in partitions
            ]
        )
        self._partitions = {
            source.partition: self._runner(source, processor, producer, committed[source][1])
            for source, processor, producer in zip(sources, opened, producers, strict=True)
        }
        return {tp: attempts.halted for tp, (_, attempts) in committed.items() if attempts.halted}

    def _runner(
        self,
        source: TopicPartition,
        processor: PartitionProcessor,
        producer: PartitionProducer,
        attempts: Attempts,
    ) -> BatchRunner:
        """The runner of a partition, with what a former process of the same parent left."""
        left = self._left
        if left is not None and left.is_at(source, processor.next_offset):
            self._left = None
            if not attempts.is_suspect:
                attempts = attempts.begin(left.inputs)
        return BatchRunner(
            source,
            processor,
            producer,
            attempts,
            self._in_work,
            self._hang_limit,
            self._telemetry,
        )

    async def _release(self) -> dict[int, PartitionProcessor]:
        owned, self._partitions = self._partitions, {}
        producers, self._producers = self._producers, []
        await asyncio.gather(*[producer.stop() for producer in producers])
        return {partition: runner.processor for partition, runner in owned.items()}

    async def _await_resume(self, halted: Collection[TopicPartition]) -> None:
        """Returns when no partition of `halted` is halted any more."""
        while True:
            try:
                committed = await read_committed(self._servers, self._processor.group, halted)
            except (OutageError, KafkaError, OSError) as error:
                log.info("it is unknown whether to go on: %s", error)
            except Exception as error:
                self.fail("halt", error)
            else:
                if not any(attempts.halted for _, attempts in committed.values()):
                    break
            await asyncio.sleep(HALTED_PAUSE_S)
        self._halt_watch = None
        self._processor.resume()
        self._telemetry.note_resumed(self._partitions)

    def _await_update(self, error: NewerFormError) -> None:
        """Stays up and processes nothing until the group shares out its partitions again."""
        log.error("worker %s: %s", self._processor.group, error)
        self._telemetry.note_halted(1, str(error))
        self._halt_watch = asyncio.get_running_loop().create_future()

    def _stop_halt_watch(self) -> None:
        watch, self._halt_watch = self._halt_watch, None
        if watch is not None:
            watch.cancel()

    async def _check_topics(self) -> None:
        """Checks the topics once brokers answer; they may start later than the worker."""
        self._telemetry.note_unready("waiting for an answer from Kafka")
        names = [self._processor.topics.name(topic) for topic in self._processor.topics]
        pauses_s = iter(START_PAUSES_S)
        while True:
            try:
                async with open_admin(self._servers) as admin:
                    found = await describe_topics(admin, names)
                return self._processor.check(found)
            except ConnectionOutageError as error:
                pause_s = next(pauses_s, None)
                if pause_s is None:
                    raise
                log.warning("%s; asking again in %g s", error, pause_s)
                await asyncio.sleep(pause_s)

    def fail(self, what: str, error: BaseException) -> NoReturn:
        """Logs the error and ends the process: its state may differ from the committed one."""
        is_said = isinstance(error, OutageError | HangError)
        message = str(error) if is_said else describe_error(error)
        log.error("worker %s: %s: %s", self._processor.group, what, message)
        log.debug("the process ends because of this error", exc_info=error)
        os._exit(EXIT_FAILED)

    def _end(self) -> None:
        """Starts to end the worker. A second signal, or DRAIN_S, ends the process at once."""
        received_at = time.monotonic()

        def end_at_once(number: int, _: FrameType | None) -> None:
            if time.monotonic() - received_at > SAME_SIGNAL_S:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, end_at_once)
        self._hang_limit.drain(DRAIN_S)
        self._telemetry.note_unready("received a signal to end")
        self._ending.set()
        self._forgiving = [asyncio.create_task(_forgive(b)) for b in self._partitions.values()]


async def _forgive(runner: BatchRunner) -> None:
    try:
        await runner.forgive()
    except (KafkaError, TimeoutError) as error:
        log.info("an attempt was not taken back: %s", describe_error(error))


async def _run_app(app: BatchApp) -> None:
    await app.start()
    await app.wait_until_stopped()


def run_worker(
    servers: str,
    processor: Processor,
    telemetry: Telemetry,
    in_work: BatchInWork,
    left: Batch | None,
) -> NoReturn:
    """Works in this process until SIGTERM or SIGINT (exit code 0) or a failure (exit code 1).

    It never returns: a thread of Faust could keep the process alive.
    """
    gc.set_threshold(50_000, 20, 50)

    async def work() -> None:
        await Worker(servers, processor, telemetry, in_work, left).run()
        # Here, before the loop cancels the other tasks: a client whose start is cancelled logs
        # that its connection is not closed.
        os._exit(0)

    try:
        asyncio.run(work())
    except OutageError as error:
        log.error("%s", error)
    os._exit(EXIT_FAILED)
