"""Opening partitions: the worker becomes their owner at what is committed, or finds them stopped.

In: assigned partitions. Out: a runner for each, or why it is stopped. The position is compared with
the log: offsets that are missing there must not be passed over in silence.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from newsloom.adapters.failures import NewerFormError
from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.hang_limit import HangLimit
from newsloom.runtimes.kafka.clients.former_group import take_over
from newsloom.runtimes.kafka.clients.group_offsets import Bounds, read_bounds
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.kafka.stages.processor import PartitionProcessor, Processor
from newsloom.runtimes.kafka.worker.batch_runner import BatchRunner
from newsloom.runtimes.kafka.worker.shared_memory import Batch, BatchInWork
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.stops import LASTING, Stop, StopError, StopReason, stop_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoppedPartition:
    """A partition that is assigned and not processed from `offset` on.

    `passed` is the number of offsets before that nobody has read.
    """

    source: TopicPartition
    offset: int
    stop: Stop
    passed: int

    def __str__(self) -> str:
        topic, partition = self.source
        return f"{topic} partition {partition} is stopped at offset {self.offset}: {self.stop.why}"


Opened = BatchRunner | StoppedPartition


class PartitionOpener:
    """Opens the partitions of one worker."""

    def __init__(
        self,
        servers: str,
        processor: Processor,
        telemetry: Telemetry,
        in_work: BatchInWork,
        hang_limit: HangLimit,
        left: Batch | None,
    ) -> None:
        """`left` is the batch during which the former worker of the same parent ended."""
        self._servers = servers
        self._processor = processor
        self._telemetry = telemetry
        self._in_work = in_work
        self._hang_limit = hang_limit
        self._left = left

    async def open(
        self,
        sources: Collection[TopicPartition],
        parked: Mapping[int, PartitionProcessor],
    ) -> list[Opened]:
        """Fences the former owners, then opens each partition."""
        if not sources:
            return []
        group, rows_topic = self._processor.group, self._processor.topics.lane_state
        producers = {
            source: PartitionProducer(self._servers, group, source, rows_topic=rows_topic)
            for source in sources
        }
        try:
            await asyncio.gather(*[producer.fence() for producer in producers.values()])
            self._telemetry.note_fenced()
            former = self._processor.former_group
            committed = await take_over(self._servers, group, former, producers)
            bounds = await read_bounds(self._servers, sources)
            return await asyncio.gather(
                *[
                    self._open(
                        source,
                        producers[source],
                        *committed[source],
                        bounds[source],
                        parked.get(source.partition),
                    )
                    for source in sources
                ]
            )
        except BaseException:
            stopping = [producer.stop() for producer in producers.values()]
            await asyncio.gather(*stopping, return_exceptions=True)
            raise

    async def _open(
        self,
        source: TopicPartition,
        producer: PartitionProducer,
        committed: int | None,
        attempts: Attempts,
        bounds: Bounds,
        parked: PartitionProcessor | None,
    ) -> Opened:
        offset = committed or 0
        try:
            if attempts.stop is not None and attempts.stop.reason in LASTING:
                await producer.stop()
                return StoppedPartition(source, offset, attempts.stop, attempts.passed)
            processor = await self._processor.open(
                source.partition,
                attempts.moved_from if attempts.is_moved else committed,
                None if attempts.is_rebuilt else parked,
            )
            if attempts.is_moved:
                processor.next_offset = offset
            elif committed is None and processor.next_offset == 0:
                processor.next_offset = bounds.begin
            offset = processor.next_offset
            check_position(self._telemetry.stage, source, offset, bounds)
        except (StopError, NewerFormError) as error:
            stop = stop_of(error)
            if stop != attempts.stop and stop.reason is not StopReason.NEWER_FORM:
                await producer.commit((), offset, attempts.stopped(stop))
            await producer.stop()
            return StoppedPartition(source, offset, stop, attempts.passed)
        if attempts.stop is not None:
            attempts = attempts.resumed()
            await producer.commit((), offset, attempts)
        return self._runner(source, processor, producer, attempts)

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


def check_position(stage: str, source: TopicPartition, offset: int, bounds: Bounds) -> None:
    """Raises StopError if the log does not go on at `offset`."""
    begin, end = bounds
    resume = f"newsloom resume --stage {stage} --partition {source.partition} --from {begin}"
    if offset > end:
        found = f"only has offsets {begin} to {end - 1}" if end > begin else f"ends at {end}"
        raise StopError(
            StopReason.LOG_BEHIND,
            f"the log {found}: records were lost, or the topic was created again. If it holds the "
            f"records that are to be processed, run `{resume}`: what is known already ends as "
            "`unchanged`",
        )
    if offset < begin:
        raise StopError(
            StopReason.MISSING_OFFSETS,
            f"the log begins at {begin}: offsets {offset} to {begin - 1} are gone unread, by "
            f"retention, or because somebody deleted records. Run `{resume}` to go on: they are "
            "counted as `passed`",
        )
