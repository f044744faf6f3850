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
from collections.abc import Collection, Sequence
from types import FrameType
from typing import Any, NoReturn, cast

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from newsloom.adapters.failures import NewerFormError, OutageError
from newsloom.records.faults import Outcome
from newsloom.runtimes.hang_limit import HangLimit
from newsloom.runtimes.kafka.clients.admin import describe_topics, open_admin
from newsloom.runtimes.kafka.clients.connection import describe_error
from newsloom.runtimes.kafka.clients.group_offsets import read_bounds
from newsloom.runtimes.kafka.stages.processor import Processor
from newsloom.runtimes.kafka.watching.causes import Needs, Phase, Progress
from newsloom.runtimes.kafka.watching.watcher import Watcher
from newsloom.runtimes.kafka.worker.batch_runner import BatchRunner, HangError
from newsloom.runtimes.kafka.worker.consumer import (
    SESSION_TIMEOUT_S,
    BatchApp,
    BatchConsumer,
    build_app,
)
from newsloom.runtimes.kafka.worker.opening import Opened, PartitionOpener
from newsloom.runtimes.kafka.worker.partitions import Partitions
from newsloom.runtimes.kafka.worker.shared_memory import Batch, BatchInWork
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.stops import StopError

RESTORE_TIMEOUT_S = 600.0
DRAIN_S = 20
"""After SIGTERM a worker is killed by SIGALRM when it has not ended in this time."""
STOPPED_PAUSE_S = 2.0
"""How often a worker asks whether its stopped partitions may go on."""
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
        self._hang_limit = HangLimit()
        opener = PartitionOpener(servers, processor, telemetry, in_work, self._hang_limit, left)
        self._partitions = Partitions(servers, processor, telemetry, opener)
        self._resuming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._forgiving: list[asyncio.Task[None]] = []
        self.epoch = 0
        self._in_flight = asyncio.Lock()
        self._ending = asyncio.Event()
        self._app: BatchApp | None = None
        access, source = processor.access, processor.input_topic
        needs = Needs(servers, processor.group, source, access, SESSION_TIMEOUT_S)
        self._watcher = Watcher(needs, self._progress, telemetry, self._check_topics)

    async def run(self) -> None:
        """Works until SIGTERM or SIGINT; it waits for what Kafka does not have yet."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        beating = asyncio.create_task(self._telemetry.beat())
        ending = asyncio.create_task(self._ending.wait())
        self._telemetry.note_unready("waiting for an answer from Kafka", Phase.STARTING)
        starting = asyncio.create_task(self._watcher.await_start())
        await asyncio.wait([ending, starting], return_when=asyncio.FIRST_COMPLETED)
        if self._ending.is_set():
            return
        await starting
        await self._serve(ending, beating)

    async def _serve(self, ending: asyncio.Task[Any], beating: asyncio.Task[Any]) -> None:
        """Works until `ending` is done. If another task ends before, the process ends."""
        self._telemetry.note_unready("no partitions are assigned yet", Phase.JOINING)
        app = build_app(self._servers, self._processor.group, self._processor.input_topic, self)
        self._app = app
        serving = asyncio.create_task(_run_app(app))
        watching = asyncio.create_task(self._watcher.run())
        tasks = [ending, serving, watching, beating]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not self._ending.is_set():
            failures = [task.exception() for task in tasks if task.done()]
            failure = next(filter(None, failures), app.crash_reason)
            what = "topics" if isinstance(failure, OutageError) else "group"
            self.fail(what, failure or RuntimeError("Faust stopped"))
        async with self._in_flight:  # the last batch: no other one starts
            self._resuming.cancel()
        await app.stop()
        await self._partitions.release()
        self._log_end()

    def _log_end(self) -> None:
        """The closing line. An operator should look at it if inputs passed unread."""
        records, ends = self._telemetry.summary()
        parts = ", ".join(f"{count} {outcome}" for outcome, count in ends.items()) or "none"
        level = logging.WARNING if Outcome.PASSED in ends else logging.INFO
        group = self._processor.group
        log.log(level, "worker %s ends: %d records, inputs by outcome: %s", group, records, parts)

    def is_open(self) -> bool:
        """Whether another batch is accepted."""
        return not self._ending.is_set()

    def positions(self) -> dict[TopicPartition, int]:
        """The next input offset of each partition that is processed."""
        return self._partitions.positions()

    async def _progress(self) -> Progress:
        """What the watcher needs to know. It ends the process after an error that is final."""
        if self._app is not None:
            await self._ask_group(cast(BatchConsumer, self._app.consumer))
        return self._telemetry.progress(self._read_to())

    async def _ask_group(self, consumer: BatchConsumer) -> None:
        """Notes an error of the group, after which it is joined again.

        While batches are processed, the consumer itself asks before each poll.
        """
        phase = self._telemetry.phase
        if phase not in (Phase.JOINING, Phase.FENCING, Phase.RESTORING):
            return
        try:
            error = await consumer.take_group_error()
        except TimeoutError:
            return
        except KafkaError as failure:
            self.fail("group", failure)
        if error is not None and phase is not Phase.JOINING:
            self.fail("group", error)  # it is no member any more, and does not become one again
        if error is not None:
            self._telemetry.note_group_error(describe_error(error))

    def _read_to(self) -> dict[int, int]:
        """The offset from which records may wait, for each assigned partition.

        After the committed offset there may be only transaction markers. The consumer has read
        past them if no batch is being processed.
        """
        owned = self._partitions
        committed = {number: runner.committed for number, runner in owned.runners.items()}
        if not self._in_flight.locked() and self._app is not None:
            consumer = cast(BatchConsumer, self._app.consumer)
            for number, runner in owned.runners.items():
                if not runner.held:
                    committed[number] = max(runner.committed, consumer.fetched_to(runner.source))
        return committed | {number: one.offset for number, one in owned.stopped.items()}

    async def handle_batch(
        self, consumer: BatchConsumer, epoch: int, records: dict[Any, list[Any]]
    ) -> bool:
        """Processes a poll, one batch per partition. False if some records were dropped."""
        runners = list(self._partitions.runners.values())
        held: dict[Any, list[Any]] = {
            runner.source: [] for runner in runners if runner.held and runner.source not in records
        }
        known = sum(map(len, records.values())) + sum(runner.held for runner in runners)
        with self._telemetry.working(known):
            for tp, fetched in {**records, **held}.items():
                remaining: Sequence[Any] = fetched
                is_pending = tp in held
                while remaining or is_pending:
                    async with self._in_flight:
                        # Between two rebalances the client may have partitions that the next
                        # one assigns.
                        runner = self._partitions.runners.get(tp.partition)
                        if runner is None or not self._may_process(consumer, epoch):
                            return False
                        try:
                            remaining = await runner.process(remaining)
                        except (StopError, NewerFormError) as error:
                            await self._stop(tp.partition, error)
                            return False
                        except BaseException as error:  # also when cancelled: it is half done
                            self.fail("batch", error)
                    is_pending = runner.is_pending
        await self._skip_markers(consumer, epoch, records)
        return True

    @property
    def is_holding(self) -> bool:
        """Whether records are held whose work has begun, so that a poll should be short."""
        return any(runner.held for runner in self._partitions.runners.values())

    def _may_process(self, consumer: BatchConsumer, epoch: int) -> bool:
        return self.is_open() and epoch == self.epoch and consumer.is_flowing()

    async def _skip_markers(
        self, consumer: BatchConsumer, epoch: int, records: Collection[TopicPartition]
    ) -> None:
        """Commits that the partitions without `records` hold none before where the poll ended."""
        for runner in list(self._partitions.runners.values()):
            if runner.source in records:
                continue
            async with self._in_flight:
                if self._may_process(consumer, epoch):
                    try:
                        await runner.skip_to(consumer.fetched_to(runner.source))
                    except BaseException as error:
                        self.fail("batch", error)

    async def check_positions(self, epoch: int) -> None:
        """Stops the partitions whose next offset their log does not have."""
        try:
            bounds = await read_bounds(self._servers, self.positions())
            async with self._in_flight:
                if epoch == self.epoch:
                    await self._partitions.stop_outside(bounds)
                    self.epoch += 1
        except BaseException as error:
            self.fail("fetch", error)

    async def stop(self, epoch: int, partition: int, error: StopError) -> None:
        """Stops a partition that a poll in `epoch` cannot read."""
        async with self._in_flight:
            if epoch == self.epoch:
                await self._stop(partition, error)

    async def _stop(self, partition: int, error: StopError | NewerFormError) -> None:
        try:
            await self._partitions.stop(partition, error)
        except BaseException as failure:
            self.fail("stop", failure)
        self.epoch += 1

    async def revoke(self) -> None:
        """Returns when no batch is in flight. The partition processors are kept, parked."""
        self.epoch += 1
        self._telemetry.note_unready("the group is sharing out its partitions", Phase.JOINING)
        async with self._in_flight:
            self._resuming.cancel()  # it commits nothing now
        await asyncio.wait([self._resuming])

    async def assign(self, partitions: set[int]) -> None:
        """Opens the partitions: fences their former owners and restores what they committed."""
        if not self.is_open():
            return
        self._telemetry.note_restoring()
        try:
            async with asyncio.timeout(RESTORE_TIMEOUT_S):
                await self._partitions.assign(partitions)
        except BaseException as error:
            if self.is_open():
                self.fail("restore", error)
            raise
        self._resuming = asyncio.create_task(self._await_resume())
        self.epoch += 1
        # Restored state lives long: keep the garbage collector from scanning it again.
        gc.collect()
        gc.freeze()

    async def _await_resume(self) -> None:
        """Goes on with the stopped partitions whose stop an operator has ended, for ever."""
        while True:
            await asyncio.sleep(STOPPED_PAUSE_S)
            try:
                opened = await self._partitions.reopen()
            except (OutageError, KafkaError, OSError, TimeoutError) as error:
                log.info("it is unknown whether to go on: %s", error)
            except Exception as error:
                self.fail("resume", error)
            else:
                await self._go_on(opened)

    async def _go_on(self, opened: list[Opened]) -> None:
        try:
            while opened:
                async with self._in_flight:
                    if not self.is_open():
                        return
                    try:
                        await self._partitions.go_on(opened.pop())
                    except BaseException as error:
                        self.fail("resume", error)
                    self.epoch += 1
        finally:
            for left in opened:
                if isinstance(left, BatchRunner):
                    await left.release()

    async def _check_topics(self) -> None:
        """Raises OutageError if the topics are not as the processor needs them."""
        names = [self._processor.topics.name(topic) for topic in self._processor.topics]
        async with open_admin(self._servers) as admin:
            found = await describe_topics(admin, names)
        self._processor.check(found)

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
        self._telemetry.note_unready("received a signal to end", Phase.ENDING)
        self._ending.set()
        runners = self._partitions.runners.values()
        self._forgiving = [asyncio.create_task(_forgive(runner)) for runner in runners]


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

    asyncio.run(work())
    os._exit(EXIT_FAILED)
