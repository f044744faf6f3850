"""The partitions of a worker: those that it processes, and those that are stopped.

In: what was assigned, errors that stop one partition, and the ends of stops. Out: a runner for each
partition that is processed; log lines, metrics and health for each that is stopped.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from newsloom.adapters.failures import NewerFormError
from newsloom.runtimes.kafka.clients.group_offsets import Bounds, read_committed
from newsloom.runtimes.kafka.stages.processor import PartitionProcessor, Processor
from newsloom.runtimes.kafka.worker.batch_runner import BatchRunner
from newsloom.runtimes.kafka.worker.opening import (
    Opened,
    PartitionOpener,
    StoppedPartition,
    check_position,
)
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.stops import StopError, StopReason, stop_of

log = logging.getLogger(__name__)


class Partitions:
    """The assigned partitions.

    No batch may be in flight during a call that changes them. After an exception it may be unknown
    what is committed: end the process.
    """

    def __init__(
        self, servers: str, processor: Processor, telemetry: Telemetry, opener: PartitionOpener
    ) -> None:
        self.runners: dict[int, BatchRunner] = {}
        self.stopped: dict[int, StoppedPartition] = {}
        self._servers = servers
        self._processor = processor
        self._telemetry = telemetry
        self._opener = opener
        self._logged: dict[int, StoppedPartition] = {}

    def positions(self) -> dict[TopicPartition, int]:
        """The next input offset of each partition that is processed."""
        return {runner.source: runner.processor.next_offset for runner in self.runners.values()}

    async def assign(self, numbers: Collection[int]) -> None:
        """Becomes the owner of these partitions, and of no others."""
        parked = await self.release()
        for opened in await self._opener.open([self._source(number) for number in numbers], parked):
            await self._add(opened)
        self._telemetry.note_assigned(numbers, self.runners)

    async def release(self) -> dict[int, PartitionProcessor]:
        """Ends the work on all partitions; returns the processors of those that are processed."""
        runners, self.runners, self.stopped = self.runners, {}, {}
        released = await asyncio.gather(*[runner.release() for runner in runners.values()])
        return dict(zip(runners, released, strict=True))

    async def stop(self, number: int, error: StopError | NewerFormError) -> None:
        """Stops one partition; what its last batch left undone must be committed."""
        runner, stop = self.runners.pop(number), stop_of(error)
        await runner.stop(stop)
        self._note_stopped(StoppedPartition(runner.source, runner.committed, stop, runner.passed))

    async def stop_outside(self, bounds: Mapping[TopicPartition, Bounds]) -> None:
        """Stops the partitions whose logs, which have these offsets, do not go on at the next."""
        for number, runner in list(self.runners.items()):
            source, offset = runner.source, runner.processor.next_offset
            try:
                check_position(self._telemetry.stage, source, offset, bounds[source])
            except StopError as error:
                await self.stop(number, error)

    async def reopen(self) -> list[Opened]:
        """Opens the stopped partitions again that are not marked as stopped any more.

        It changes nothing here, so a batch may be in flight; pass each to `go_on`.
        """
        stopped = self.stopped.values()
        marked = [one.source for one in stopped if one.stop.reason is not StopReason.NEWER_FORM]
        committed = await read_committed(self._servers, self._processor.group, marked)
        resumed = [source for source, (_, attempts) in committed.items() if attempts.stop is None]
        return await self._opener.open(resumed, {})

    async def go_on(self, opened: Opened) -> None:
        """Takes a partition that was opened again."""
        number = opened.source.partition
        if self.stopped.pop(number).stop.reason is StopReason.HALTED:
            self._processor.resume()
        del self._logged[number]
        self._telemetry.note_going_on(number)
        await self._add(opened)

    def _source(self, number: int) -> TopicPartition:
        return TopicPartition(self._processor.input_topic, number)

    async def _add(self, opened: Opened) -> None:
        """Adds a partition, and finishes the work that its former owner left."""
        if isinstance(opened, StoppedPartition):
            return self._note_stopped(opened)
        number = opened.source.partition
        self.runners[number] = opened
        try:
            await opened.finish_pending()
        except (StopError, NewerFormError) as error:
            return await self.stop(number, error)
        opened.processor.note_commit()
        self._telemetry.note_passed(number, opened.passed)
        self._telemetry.note_processed(len(self.runners))

    def _note_stopped(self, stopped: StoppedPartition) -> None:
        number = stopped.source.partition
        self.stopped[number] = stopped
        if self._logged.get(number) != stopped:  # it may be assigned again and again
            log.error("worker %s: %s", self._processor.group, stopped)
        self._logged[number] = stopped
        self._telemetry.note_stopped(number, stopped.stop.reason, str(stopped))
        self._telemetry.note_passed(number, stopped.passed)
        self._telemetry.note_processed(len(self.runners))
