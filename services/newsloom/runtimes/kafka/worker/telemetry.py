"""What a worker reports about itself: metrics and health.

In: calls from the worker. Out: metric samples and health. The worker does not depend on them.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from prometheus_client import Gauge

from newsloom.observability import definitions
from newsloom.observability.health import BEAT_S, Health
from newsloom.observability.metrics import Metrics, totals
from newsloom.observability.waiting import WaitReason
from newsloom.runtimes.kafka.clients.messages import Incoming
from newsloom.runtimes.kafka.watching.causes import Phase, Progress
from newsloom.runtimes.kafka.worker.shared_memory import AbortCounter
from newsloom.runtimes.stops import StopReason


class Telemetry:
    """The metrics and health of one worker."""

    def __init__(self, metrics: Metrics, health: Health, aborts: AbortCounter) -> None:
        self.metrics = metrics
        self._health = health
        self._aborts = aborts
        self.stage = metrics.stage
        self._in_flight = metrics.of_stage(definitions.RECORDS_IN_FLIGHT)
        self._busy_seconds = metrics.of_stage(definitions.BACKPRESSURE_SECONDS)
        self._batch_seconds = metrics.of_stage(definitions.BATCH_SECONDS)
        self._transaction_seconds = metrics.of_stage(definitions.TRANSACTION_SECONDS)
        self._assigned = metrics.of_stage(definitions.ASSIGNED_PARTITIONS)
        self._stopped = metrics[definitions.STOPPED_PARTITIONS]
        metrics.of_stage(definitions.TRANSACTIONS_ABORTED).inc(aborts.settle())
        metrics.of_stage(definitions.LOOP_LAG).set_function(lambda: health.loop_lag_s)
        # By partition, in Unix seconds:
        self._assigned_at = 0.0
        self._caught_up_at: dict[int, float] = {}
        self._committed_to: dict[int, float] = {}
        # By a monotonic clock:
        self._progress = Progress(Phase.STARTING, time.monotonic())
        self._transactions: list[float] = []

    @property
    def phase(self) -> Phase:
        """What the worker does."""
        return self._progress.phase

    def progress(self, read_to: Mapping[int, int]) -> Progress:
        """What the worker does. `read_to` is from where records may wait, by ready partition."""
        committing_since = min(self._transactions, default=None)
        return replace(self._progress, committing_since=committing_since, read_to=read_to)

    async def beat(self) -> NoReturn:
        """Reports every BEAT_S seconds that the event loop runs, for ever."""
        while True:
            self._health.beat()
            await asyncio.sleep(BEAT_S)

    def note_unready(self, why: str, phase: Phase) -> None:
        """Reports that no partition is processed, and why."""
        self._health.note_unready(why)
        self._assigned.set(0)
        self._note_phase(phase)

    def note_fenced(self) -> None:
        """Reports that no former owner of the assigned partitions can write any more."""
        if self.phase is Phase.FENCING:
            self._note_phase(Phase.RESTORING)

    def note_group_error(self, error: str) -> None:
        """Reports by which error the group refused the worker; it tries again."""
        self._progress = replace(self._progress, group_error=error)

    def _note_phase(self, phase: Phase) -> None:
        self._progress = Progress(phase, time.monotonic())

    def note_restoring(self) -> None:
        """Reports that the assigned partitions are being restored, and no others are owned."""
        self.note_unready("the partitions assigned are being restored", Phase.FENCING)
        self.metrics.forget_partitions()
        self._caught_up_at, self._committed_to = {}, {}

    def note_assigned(self, partitions: Iterable[int], processed: Collection[int]) -> None:
        """Reports that these partitions are owned, and which of them are processed."""
        self._assigned_at = time.time()
        for partition in partitions:
            self._set(definitions.LAST_COMMIT, partition, self._assigned_at)
            self._set(definitions.LAG_RECORDS, partition, 0)
            self._set(definitions.HELD_RECORDS, partition, 0)
            self._set(definitions.LAG_SECONDS, partition, 0)
        for partition in processed:
            self._set_not_stopped(partition)
        self._assigned.set(len(processed))
        self.metrics.of_stage(definitions.REBALANCES).inc()
        self._health.note_ready(stands_by=not partitions)
        self._note_phase(Phase.WORKING)

    def note_stopped(self, partition: int, reason: StopReason, why: str) -> None:
        """Reports that an assigned partition is not processed, and why."""
        self._set_not_stopped(partition)
        self._stopped.labels(self.stage, str(partition), reason.value).set(1)
        self._health.note_stopped(partition, why)

    def note_going_on(self, partition: int) -> None:
        """Reports that a partition which was stopped is processed again."""
        self._set_not_stopped(partition)
        self._health.note_going_on(partition)

    def _set_not_stopped(self, partition: int) -> None:
        for reason in StopReason:
            self._stopped.labels(self.stage, str(partition), reason.value).set(0)

    def note_processed(self, partitions: int) -> None:
        """Reports how many of the assigned partitions are processed."""
        self._assigned.set(partitions)

    def note_passed(self, partition: int, offsets: int) -> None:
        """Reports the offsets of a partition that ended as passed, as they are committed."""
        self._set(definitions.PASSED_OFFSETS, partition, offsets)

    @contextmanager
    def working(self, records: int) -> Iterator[None]:
        """Reports a fetch of `records`; no other fetch takes place until the block ends."""
        began = time.perf_counter()
        self._in_flight.set(records)
        try:
            yield
        finally:
            self._in_flight.set(0)
            self._busy_seconds.inc(time.perf_counter() - began)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Measures a transaction. It counts as aborted if the block raises an exception."""
        began = time.monotonic()
        self._transactions.append(began)
        try:
            with self._aborts.open():
                yield
        finally:
            self._transactions.remove(began)
        self._transaction_seconds.observe(time.monotonic() - began)

    def note_commit(self, partition: int, records: Sequence[Incoming], seconds: float) -> None:
        """Reports that a batch was committed, `seconds` after it was fetched.

        A transaction that only goes on with the work of a former one has no `records`.
        """
        self._in_flight.dec(len(records))
        self._batch_seconds.observe(seconds)
        if records:
            self._committed_to[partition] = records[-1].timestamp / 1000
        self._set(definitions.LAST_COMMIT, partition, time.time())
        self._health.note_commit(partition)

    def note_waiting(self, reason: WaitReason | None, text: str) -> None:
        """Reports what the worker waits for; None if for nothing."""
        self.metrics.set_waiting(reason)
        self._health.note_waiting(f"{reason.value}: {text}" if reason else None)

    def note_lags_unknown(self) -> None:
        """Reports that no broker says how many records wait."""
        measured = definitions.LAG_RECORDS, definitions.LAG_SECONDS, definitions.HELD_RECORDS
        for definition in measured:
            self.metrics[definition].clear()
        self._health.note_lags_unknown()

    def note_lags(self, lags: Mapping[int, int], held: Mapping[int, int]) -> None:
        """Reports the number of waiting records by partition, and of those held back."""
        now = time.time()
        for partition, records in held.items():
            self._set(definitions.HELD_RECORDS, partition, records)
        for partition, records in lags.items():
            if not records:
                self._caught_up_at[partition] = now
            self._set(definitions.LAG_RECORDS, partition, records)
            self._set(definitions.LAG_SECONDS, partition, now - self._oldest_at(partition, now))
            self._health.note_lag(partition, records)

    def summary(self) -> tuple[int, Mapping[str, int]]:
        """The records that the worker has read, and its inputs by outcome."""
        read = totals(self.metrics[definitions.RECORDS])
        return read[self.stage], totals(self.metrics[definitions.INPUTS])

    def _oldest_at(self, partition: int, now: float) -> float:
        """The latest time before which no waiting record of a partition arrived."""
        times = (self._caught_up_at, self._committed_to)
        known = [by_partition[partition] for by_partition in times if partition in by_partition]
        return min(now, max(known, default=self._assigned_at))

    def _set(self, one: definitions.MetricDefinition[Gauge], partition: int, value: float) -> None:
        self.metrics[one].labels(self.stage, str(partition)).set(value)
