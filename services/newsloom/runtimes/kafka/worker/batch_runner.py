"""The batches of one input partition: each is processed, then committed in one transaction.

In: the records of a poll. Out: committed batches. It holds the records whose work has begun until
they can be committed. Before the first batch of an owner, and before each record that is suspected
of ending processes, it commits an attempt (`runtimes/attempts.py`).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from aiokafka import TopicPartition

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.attempts import MAX_ATTEMPTS, Attempts, poison
from newsloom.runtimes.hang_limit import MAX_WORK_S, HangLimit
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing
from newsloom.runtimes.kafka.stages.processor import PartitionProcessor
from newsloom.runtimes.kafka.worker.shared_memory import Batch, BatchInWork
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.stops import Stop, StopError, StopReason, stop_of

COMMIT_TIMEOUT_S = 60.0
SKIP_AFTER_S = 5.0
"""How long after a commit the position may stay before offsets that hold no record."""
FIRST_S = 20.0
"""How long the first batch of an owner, or a suspect record, is waited for. What is left then is
processed with later batches."""
FULL_S = 0.5
"""How long a batch is waited for if more work may not begin before."""
QUIET_S = 20.0
"""How long work that has begun may go on without a commit. Then the position is committed again: a
worker that commits nothing for a minute looks as if it hung."""
PAUSE_S = 0.05
"""The pause between two looks at work that has begun."""
SIGNAL_AFTER_S = 1.0
"""How much later than the event loop SIGALRM ends a batch that hangs. The event loop can say what
hangs, if it still runs."""

log = logging.getLogger(__name__)


class Producer(Protocol):
    """What commits the batches of a partition."""

    async def commit(
        self, records: Iterable[Outgoing], next_offset: int, attempts: Attempts
    ) -> None:
        """Commits records and position in one transaction."""

    async def stop(self) -> None:
        """Closes the connection."""


class HangError(Exception):
    """A batch took too long. The message is one line."""


class BatchRunner:
    """The batches of one partition while this process owns it."""

    def __init__(
        self,
        source: TopicPartition,
        processor: PartitionProcessor,
        producer: Producer,
        attempts: Attempts,
        in_work: BatchInWork,
        hang_limit: HangLimit,
        telemetry: Telemetry,
    ) -> None:
        """`attempts` is what was committed at the next offset of the processor.

        If an operator has moved the position, account for that with `finish_pending`.
        """
        self.processor = processor
        self.committed = processor.next_offset
        self.source = source
        self._producer = producer
        self._attempts = attempts
        self._in_work = in_work
        self._hang_limit = hang_limit
        self._telemetry = telemetry
        self._is_first = True
        self._is_attempting = False
        self._held: list[Incoming] = []
        # When records came: the last offset of each batch, and a monotonic time.
        self._came: deque[tuple[int, float]] = deque()
        self._committing = asyncio.Lock()
        self._committed_at = time.monotonic()
        if attempts.is_moved:
            processor.pass_over(attempts.passing)
        self._log_suspicion()

    async def process(self, records: Sequence[Incoming]) -> Sequence[Incoming]:
        """Processes and commits the next batch of `records`, and returns those that have not begun.

        Those that have begun are held: they go on with the next call, which needs no records.
        Raises StopError or NewerFormError when the next record cannot be processed: what precedes
        it is committed. After another exception it may be unknown what is committed: end the
        process.
        """
        known = self._held + self._not_held(records)
        if not known and not self.is_pending:
            return known
        batch = known[:1] if self._attempts.is_suspect else known
        began = self._note_came(known)
        outgoing = await self._work(batch)
        halted = self.processor.halted
        remaining = self._from_next_offset(known)
        done = len(known) - len(remaining)
        attempts = self._attempts.after(done)
        if isinstance(halted, StopError):
            attempts = attempts.stopped(stop_of(halted))
        self._held = [one for one in remaining if one.offset < self.processor.begun_to]
        is_early = bool(self._held) and time.monotonic() - self._committed_at < QUIET_S
        if done or outgoing or halted or attempts != self._attempts or not is_early:
            await self._commit(outgoing, attempts)
            self.processor.note_commit()
            seconds = time.perf_counter() - began
            self._telemetry.note_commit(self.source.partition, known[:done], seconds)
        self._is_first = False
        if halted:
            raise halted
        return remaining[len(self._held) :]

    @property
    def held(self) -> int:
        """The number of records whose work has begun and is not committed."""
        return len(self._held)

    @property
    def is_pending(self) -> bool:
        """Whether work of committed records, or a move of the position, is left to commit."""
        return self.processor.is_pending or self._attempts.is_moved

    @property
    def passed(self) -> int:
        """The offsets before the position that nobody has read, as they are committed."""
        return self._attempts.passed

    async def finish_pending(self) -> None:
        """Commits what is pending. Raises as `process` does."""
        while self.is_pending:
            await self.process(())

    async def skip_to(self, offset: int) -> None:
        """Commits that no record is before `offset`, if nothing was committed for a while.

        Markers of transactions and aborted records occupy offsets. When retention deletes them,
        they must not look like records that were never read.
        """
        is_idle = time.monotonic() - self._committed_at > SKIP_AFTER_S
        is_busy = self._held or self.is_pending
        if offset > self.processor.next_offset and is_idle and not is_busy:
            self.processor.next_offset = offset
            await self._commit(await self._process(()), self._attempts)

    async def stop(self, stop: Stop) -> None:
        """Commits that the partition is stopped, unless a later start finds that out by itself.

        Then the runner cannot be used any more.
        """
        if self._attempts.stop is None and stop.reason is not StopReason.NEWER_FORM:
            await self._note(self._attempts.stopped(stop))
        await self.release()

    async def release(self) -> PartitionProcessor:
        """Ends the work. Returns the processor, which may be parked."""
        self._held = []
        self.processor.abandon()
        await self._producer.stop()
        return self.processor

    def _from_next_offset(self, records: Sequence[Incoming]) -> list[Incoming]:
        return [record for record in records if record.offset >= self.processor.next_offset]

    def _not_held(self, records: Sequence[Incoming]) -> list[Incoming]:
        """The records that come after those held. A poll may give held ones again."""
        after = self._held[-1].offset + 1 if self._held else self.processor.next_offset
        return [record for record in records if record.offset >= after]

    def _note_came(self, known: Sequence[Incoming]) -> float:
        """When the first of the records came."""
        while self._came and self._came[0][0] < self.processor.next_offset:
            self._came.popleft()
        if known and (not self._came or self._came[-1][0] < known[-1].offset):
            self._came.append((known[-1].offset, time.perf_counter()))
        return self._came[0][1] if self._came else time.perf_counter()

    async def forgive(self) -> None:
        """Takes back the attempt in work, because the process may end for another reason."""
        if self._is_attempting:
            await self._note(self._attempts)

    async def _work(self, batch: Sequence[Incoming]) -> list[Outgoing]:
        """The records that a batch makes; a dead letter if it is one record too deadly to try."""
        if not batch:
            return await self._process(batch)
        if self._attempts.is_poison:
            fault = poison(self.processor.stage)
            log.warning("%s: %s; it becomes a dead letter", self._place(batch), fault.detail)
            return self.processor.set_aside(batch[0], fault)
        if self._attempts.is_suspect or self._is_first:
            return await self._attempt(batch)
        return await self._process(batch)

    async def _attempt(self, batch: Sequence[Incoming]) -> list[Outgoing]:
        """Processes a batch with an attempt committed, which is taken back after the work.

        So a transaction that fails later, or an outage, does not count against the inputs.
        """
        self._is_attempting = True
        await self._note(self._attempts.begin(len(batch)))
        try:
            outgoing = await self._process(batch, FIRST_S)
        except (asyncio.CancelledError, OSError, OutageError):
            await self._note(self._attempts)
            raise
        self._is_attempting = False
        self._attempts = self._attempts.end()
        await self._note(self._attempts)
        return outgoing

    async def _process(self, batch: Sequence[Incoming], patience_s: float = 0.0) -> list[Outgoing]:
        """The records that a batch makes. HangError after MAX_WORK_S, or SIGALRM soon after it."""
        place = self._place(batch)
        self._in_work.begin(place)
        self._hang_limit.start(MAX_WORK_S + SIGNAL_AFTER_S)
        try:
            async with asyncio.timeout(MAX_WORK_S) as limit:
                outgoing = await self._process_begun(batch, patience_s)
        except (asyncio.CancelledError, OSError, OutageError) as error:
            if limit.expired():
                raise HangError(f"{place} took longer than {MAX_WORK_S:g} s") from error
            self._in_work.end()
            raise
        finally:
            self._hang_limit.stop()
        self._in_work.end()
        return outgoing

    async def _process_begun(self, batch: Sequence[Incoming], patience_s: float) -> list[Outgoing]:
        """The records that a batch makes. Waits so long for work that has begun, or for FULL_S if
        more may not begin."""
        processor = self.processor
        outgoing = await processor.process(batch)
        is_full = bool(batch) and batch[-1].offset >= processor.begun_to
        ends_at = time.monotonic() + (patience_s or (FULL_S if is_full else 0.0))
        while processor.begun_to > processor.next_offset and not processor.halted:
            if time.monotonic() >= ends_at:
                break
            await asyncio.sleep(PAUSE_S)
            outgoing += await processor.process(batch)
        return outgoing

    async def _note(self, attempts: Attempts) -> None:
        """Commits the same position again, with `attempts`."""
        async with self._committing, asyncio.timeout(COMMIT_TIMEOUT_S):
            with self._telemetry.transaction():
                await self._producer.commit((), self.committed, self._with_form(attempts))

    async def _commit(self, outgoing: Iterable[Outgoing], attempts: Attempts) -> None:
        """Commits the records that a batch made, and the position after the batch.

        Raises StopError if the partition cannot go on; then nothing is committed.
        """
        position = self.processor.next_offset
        async with self._committing, asyncio.timeout(COMMIT_TIMEOUT_S):
            try:
                with self._telemetry.transaction():
                    await self._producer.commit(outgoing, position, self._with_form(attempts))
            except StopError:
                self._telemetry.metrics.discard()
                raise
        self.committed, self._committed_at = position, time.monotonic()
        self._attempts = attempts

    def _with_form(self, attempts: Attempts) -> Attempts:
        return replace(attempts, form=self.processor.form)

    def _place(self, batch: Sequence[Incoming]) -> Batch:
        topic, partition = self.source
        offset = batch[0].offset if batch else self.committed
        return Batch(topic, partition, offset, len(batch))

    def _log_suspicion(self) -> None:
        topic, partition = self.source
        place, attempts = Batch(topic, partition, self.committed, 1), self._attempts.attempts
        if 1 < attempts < MAX_ATTEMPTS:
            log.warning("%s: %d attempts to process it alone ended the process", place, attempts)
        elif self._attempts.is_suspect:
            many = self._attempts.inputs
            log.info("%s: a process ended here; %d records are processed singly", place, many)
