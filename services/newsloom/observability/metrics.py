"""The metrics of one process: what became of inputs goes in, samples for Prometheus come out.

What a batch counts is kept apart until the batch is committed, so that no count runs ahead of what
lasts, and a record costs a few increments of plain numbers.
"""

import re
import time
from collections import Counter as Tally
from collections.abc import Sequence
from typing import cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from newsloom import __version__
from newsloom.observability import definitions
from newsloom.observability.definitions import ALL, AnyMetricDefinition, M, MetricDefinition
from newsloom.pipeline.process import Enriched, Result
from newsloom.records.faults import Fault, Outcome
from newsloom.records.image_check import ImageCheck
from newsloom.rules.images import NONE_GIVEN, Verdict

_SOURCE = re.compile(r"[a-z0-9._-]{1,64}")
_OUTCOMES = {outcome: (definitions.INPUTS, (outcome.value,)) for outcome in Outcome}
_CURATED = definitions.PUBLICATIONS, ("curated",)
_STORIES = definitions.PUBLICATIONS, ("story",)
_DUPLICATES = definitions.DUPLICATES, ()
_MERGES = definitions.STORY_MERGES, ()
_PRIVATE_DROPPED = definitions.PRIVATE_DROPPED, ()

Count = tuple[MetricDefinition[Counter], tuple[str, ...]]
"""What is counted, and the values of its labels."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for


class Metrics:
    """The metrics of a process, under a registry of their own: those that `stage` sets."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.registry = CollectorRegistry()
        self._made = {one: _make(one, self.registry) for one in ALL if stage in one.set_by}
        self._counted: Tally[Count] = Tally()
        self._arrivals: list[int] = []
        self._sources: set[str] = set()
        self._records = definitions.RECORDS, (stage,)
        ProcessCollector(registry=self.registry)
        self[definitions.BUILD_INFO].labels(stage, __version__).set(1)
        self._begin_at_zero()

    def __getitem__(self, one: MetricDefinition[M]) -> M:
        """The metric that was declared. KeyError for one that this stage does not set."""
        return cast(M, self._made[one])

    def of_stage(self, one: MetricDefinition[M]) -> M:
        """A metric whose only label is the stage, for this one."""
        return self[one].labels(self.stage)

    def count_enriched(self, enriched: Enriched) -> None:
        """Counts what enrichment made of an input that is curated elsewhere."""
        self._counted[self._records] += 1
        self._count_faulty_fields(enriched)
        if isinstance(enriched.arrival, Fault):
            self._counted[_OUTCOMES[Outcome.DEAD_LETTERED]] += 1
            self._count_dead_letter(enriched.arrival, enriched.source)

    def count(self, result: Result, is_input: bool = True, arrived_at: int | None = None) -> None:
        """Counts what became of one input; what another lane counts is no input of this one.

        `arrived_at` (seconds since the epoch) is told where publication is to be held against it.
        """
        counted = self._counted
        counted[self._records] += 1
        if is_input:
            counted[_OUTCOMES[result.outcome]] += 1
        if result.curated:
            counted[_CURATED] += len(result.curated)
        if result.stories:
            counted[_STORIES] += len(result.stories)
        if result.duplicates:
            counted[_DUPLICATES] += result.duplicates
        if result.merges:
            counted[_MERGES] += result.merges
        if result.image_checks is not None:
            self._count_images(result.outcome, result.image_checks)
        if arrived_at is not None and result.outcome is Outcome.CURATED:
            self._arrivals.append(arrived_at)
        if result.fault is not None:
            self._count_dead_letter(result.fault, result.source)
        self._count_faulty_fields(result)

    def commit(self) -> None:
        """Makes visible what was counted since the last time: its batch is committed."""
        for (one, labels), count in self._counted.items():
            metric = self[one]
            (metric.labels(*labels) if labels else metric).inc(count)
        self._counted.clear()
        if self._arrivals:
            histogram, now = self[definitions.ARRIVAL_TO_PUBLICATION], time.time()
            for arrived_at in self._arrivals:
                histogram.observe(max(0.0, now - arrived_at))
            self._arrivals.clear()

    def name_catalogue(self, version: str) -> None:
        """Tells which catalogue is at work from now on."""
        self[definitions.CATALOGUE_INFO].clear()
        self[definitions.CATALOGUE_INFO].labels(version).set(1)

    def forget_partitions(self) -> None:
        """Drops the samples of every partition and lane: they may be another's from now on."""
        for one, metric in self._made.items():
            if one.kind is Gauge and {"partition", "lane"}.intersection(one.labels):
                metric.clear()

    def _count_faulty_fields(self, of: Enriched | Result) -> None:
        for name in of.faulty_fields:
            self._counted[definitions.FAULTY_FIELDS, (name,)] += 1
        if of.has_dropped_private:
            self._counted[_PRIVATE_DROPPED] += 1

    def _count_dead_letter(self, fault: Fault, source: str | None) -> None:
        labels = fault.reason.value, fault.stage.value, self._bounded(source)
        self._counted[definitions.DEAD_LETTERS, labels] += 1

    def _bounded(self, source: str | None) -> str:
        if source is None:
            return definitions.NO_SOURCE
        if source not in self._sources:
            if len(self._sources) >= definitions.MAX_SOURCES or not _SOURCE.fullmatch(source):
                return definitions.OTHER_SOURCE
            self._sources.add(source)
        return source

    def _count_images(self, outcome: Outcome, checks: Sequence[ImageCheck]) -> None:
        verdicts = [check["verdict"] for check in checks]
        for verdict in verdicts:
            self._counted[definitions.IMAGE_VERDICTS, (verdict,)] += 1
        if outcome is Outcome.CURATED and Verdict.OK not in verdicts:
            first = verdicts[0] if verdicts else NONE_GIVEN
            self._counted[definitions.IMAGELESS_ARTICLES, (first,)] += 1

    def _begin_at_zero(self) -> None:
        """Shows closed lists whole from the start, so that a first rise is one."""
        closed: dict[MetricDefinition[Counter], list[str]] = {
            definitions.RECORDS: [self.stage],
            definitions.INPUTS: [outcome.value for outcome in Outcome],
            definitions.PUBLICATIONS: ["curated", "story"],
            definitions.IMAGE_VERDICTS: [verdict.value for verdict in Verdict],
            definitions.TRANSACTIONS_ABORTED: [self.stage],
            definitions.REBALANCES: [self.stage],
            definitions.BACKPRESSURE_SECONDS: [self.stage],
        }
        for one, values in closed.items():
            for value in values if one in self._made else ():
                self[one].labels(value)


def _make(one: AnyMetricDefinition, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    if one.kind is Histogram:
        return Histogram(one.name, one.meaning, one.labels, registry=registry, buckets=one.buckets)
    return one.kind(one.name, one.meaning, one.labels, registry=registry)


def totals(counter: Counter) -> Tally[str]:
    """The counts of a counter by its first label, over all its other labels."""
    sums: Tally[str] = Tally()
    for metric in counter.collect():
        for sample in metric.samples:
            (first, *_) = sample.labels.values()
            sums[first] += int(sample.value)
    return +sums
