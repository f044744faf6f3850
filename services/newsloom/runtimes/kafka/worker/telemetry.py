"""What a worker tells of itself while it works: metrics, and signs of life for its health.

In: what it does, as it does it. Out: samples and health. Nothing that the work depends on.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

from prometheus_client import Gauge

from newsloom.observability import definitions
from newsloom.observability.health import BEAT_S, Health
from newsloom.observability.metrics import Metrics
from newsloom.runtimes.kafka.clients.messages import Incoming
from newsloom.runtimes.kafka.worker.abort_counter import AbortCounter


class Telemetry:
    """Of one worker."""

    def __init__(self, metrics: Metrics, health: Health, mark: AbortCounter) -> None:
        self.metrics = metrics
        self._health = health
        self._mark = mark
        self._stage = metrics.stage
        self._in_flight = metrics.of_stage(definitions.RECORDS_IN_FLIGHT)
        self._busy_seconds = metrics.of_stage(definitions.BACKPRESSURE_SECONDS)
        self._batch_seconds = metrics.of_stage(definitions.BATCH_SECONDS)
        self._transaction_seconds = metrics.of_stage(definitions.TRANSACTION_SECONDS)
        self._assigned = metrics.of_stage(definitions.ASSIGNED_PARTITIONS)
        metrics.of_stage(definitions.TRANSACTIONS_ABORTED).inc(mark.settle())
        metrics.of_stage(definitions.LOOP_LAG).set_function(lambda: health.loop_lag_s)
        # By partition, in seconds since the epoch:
        self._assigned_at = 0.0
        self._caught_up_at: dict[int, float] = {}
        self._committed_to: dict[int, float] = {}

    async def beat(self) -> NoReturn:
        """Gives signs of life from now on."""
        while True:
            self._health.beat()
            await asyncio.sleep(BEAT_S)

    def note_unready(self, why: str) -> None:
        """No partition is worked on, for this reason."""
        self._health.note_unready(why)
        self._assigned.set(0)

    def note_restoring(self) -> None:
        """The partitions that were assigned are being made ready; those of before are gone."""
        self.note_unready("the partitions assigned are being restored")
        self.metrics.forget_partitions()
        self._caught_up_at, self._committed_to = {}, {}

    def note_assigned(self, partitions: Iterable[int]) -> None:
        """These partitions are ready, and no others are this worker's."""
        self._assigned_at = time.time()
        partitions = list(partitions)
        for partition in partitions:
            self._set(definitions.LAST_COMMIT, partition, self._assigned_at)
            self._set(definitions.LAG_RECORDS, partition, 0)
            self._set(definitions.LAG_SECONDS, partition, 0)
        self._assigned.set(len(partitions))
        self.metrics.of_stage(definitions.REBALANCES).inc()
        self._health.note_ready()

    @contextmanager
    def working(self, records: int) -> Iterator[None]:
        """So many records were fetched; nothing else is until the block ends."""
        began = time.perf_counter()
        self._in_flight.set(records)
        try:
            yield
        finally:
            self._in_flight.set(0)
            self._busy_seconds.inc(time.perf_counter() - began)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction, which lasts if the block ends well."""
        began = time.perf_counter()
        with self._mark.open():
            yield
        self._transaction_seconds.observe(time.perf_counter() - began)

    def note_commit(self, partition: int, records: Sequence[Incoming], seconds: float) -> None:
        """A batch was committed; `seconds` is how long it took."""
        self._in_flight.dec(len(records))
        self._batch_seconds.observe(seconds)
        self._committed_to[partition] = records[-1].timestamp / 1000
        self._set(definitions.LAST_COMMIT, partition, time.time())
        self._health.note_commit(partition)

    def note_lags(self, lags: Mapping[int, int]) -> None:
        """So many records wait in each partition."""
        now = time.time()
        for partition, records in lags.items():
            if not records:
                self._caught_up_at[partition] = now
            self._set(definitions.LAG_RECORDS, partition, records)
            self._set(definitions.LAG_SECONDS, partition, now - self._oldest_at(partition, now))
            self._health.note_lag(partition, records)

    def _oldest_at(self, partition: int, now: float) -> float:
        """When what waits in a partition came, as far as can be told without reading it."""
        known = [
            at[partition] for at in (self._caught_up_at, self._committed_to) if partition in at
        ]
        return min(now, max(known, default=self._assigned_at))

    def _set(self, one: definitions.MetricDefinition[Gauge], partition: int, value: float) -> None:
        self.metrics[one].labels(self._stage, str(partition)).set(value)
