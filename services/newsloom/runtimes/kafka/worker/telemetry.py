"""What a worker reports about itself: metrics and health.

In: calls from the worker. Out: metric samples and health. The worker does not depend on them.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

from prometheus_client import Gauge

from newsloom.observability import definitions
from newsloom.observability.health import BEAT_S, Health
from newsloom.observability.metrics import Metrics
from newsloom.runtimes.kafka.clients.messages import Incoming
from newsloom.runtimes.kafka.worker.shared_memory import AbortCounter


class Telemetry:
    """The metrics and health of one worker."""

    def __init__(self, metrics: Metrics, health: Health, aborts: AbortCounter) -> None:
        self.metrics = metrics
        self._health = health
        self._aborts = aborts
        self._stage = metrics.stage
        self._in_flight = metrics.of_stage(definitions.RECORDS_IN_FLIGHT)
        self._busy_seconds = metrics.of_stage(definitions.BACKPRESSURE_SECONDS)
        self._batch_seconds = metrics.of_stage(definitions.BATCH_SECONDS)
        self._transaction_seconds = metrics.of_stage(definitions.TRANSACTION_SECONDS)
        self._assigned = metrics.of_stage(definitions.ASSIGNED_PARTITIONS)
        self._halted = metrics.of_stage(definitions.HALTED_PARTITIONS)
        metrics.of_stage(definitions.TRANSACTIONS_ABORTED).inc(aborts.settle())
        metrics.of_stage(definitions.LOOP_LAG).set_function(lambda: health.loop_lag_s)
        # By partition, in Unix seconds:
        self._assigned_at = 0.0
        self._caught_up_at: dict[int, float] = {}
        self._committed_to: dict[int, float] = {}

    async def beat(self) -> NoReturn:
        """Reports every BEAT_S seconds that the event loop runs, for ever."""
        while True:
            self._health.beat()
            await asyncio.sleep(BEAT_S)

    def note_unready(self, why: str) -> None:
        """Reports that no partition is processed, and why."""
        self._health.note_unready(why)
        self._assigned.set(0)

    def note_restoring(self) -> None:
        """Reports that the assigned partitions are being restored, and no others are owned."""
        self.note_unready("the partitions assigned are being restored")
        self._halted.set(0)
        self.metrics.forget_partitions()
        self._caught_up_at, self._committed_to = {}, {}

    def note_assigned(self, partitions: Iterable[int]) -> None:
        """Reports that these partitions are ready, and no others are owned."""
        self._assigned_at = time.time()
        partitions = list(partitions)
        for partition in partitions:
            self._set(definitions.LAST_COMMIT, partition, self._assigned_at)
            self._set(definitions.LAG_RECORDS, partition, 0)
            self._set(definitions.LAG_SECONDS, partition, 0)
        self._assigned.set(len(partitions))
        self.metrics.of_stage(definitions.REBALANCES).inc()
        self._health.note_ready()

    def note_halted(self, partitions: int, why: str) -> None:
        """Reports that none is processed until an operator acts on these, and why."""
        self._halted.set(partitions)
        self._assigned.set(0)
        self._health.note_halted(why)

    def note_resumed(self, partitions: Collection[int]) -> None:
        """Reports that the assigned partitions are processed again."""
        self._halted.set(0)
        self._assigned.set(len(partitions))
        self._health.note_ready()

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
        began = time.perf_counter()
        with self._aborts.open():
            yield
        self._transaction_seconds.observe(time.perf_counter() - began)

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

    def note_lags(self, lags: Mapping[int, int]) -> None:
        """Reports the number of waiting records by partition."""
        now = time.time()
        for partition, records in lags.items():
            if not records:
                self._caught_up_at[partition] = now
            self._set(definitions.LAG_RECORDS, partition, records)
            self._set(definitions.LAG_SECONDS, partition, now - self._oldest_at(partition, now))
            self._health.note_lag(partition, records)

    def _oldest_at(self, partition: int, now: float) -> float:
        """The latest time before which no waiting record of a partition arrived."""
        times = (self._caught_up_at, self._committed_to)
        known = [by_partition[partition] for by_partition in times if partition in by_partition]
        return min(now, max(known, default=self._assigned_at))

    def _set(self, one: definitions.MetricDefinition[Gauge], partition: int, value: float) -> None:
        self.metrics[one].labels(self._stage, str(partition)).set(value)
