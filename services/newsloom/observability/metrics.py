"""The metrics of one process.

In: the result of each input. Out: samples for Prometheus. The counts of a batch are kept separate
and published when the batch is committed, so counters never include aborted batches, and a record
costs only a few integer increments.
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
from newsloom.observability.labels import CURATE, ENRICH, MAX_SOURCES, NO_SOURCE, OTHER_SOURCE
from newsloom.observability.waiting import WaitReason
from newsloom.pipeline.process import Enriched, Result
from newsloom.records.faults import Fault, Outcome, Reason, Stage
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
"""A counter and the values of its labels."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # an unused second series for each counter


class Metrics:
    """The metrics that a `stage` sets, in their own registry."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.registry = CollectorRegistry()
        self._metrics = {
            definition: _create(definition, self.registry)
            for definition in ALL
            if stage in definition.set_by
        }
        self._counted: Tally[Count] = Tally()
        self._arrivals: list[int] = []
        self._sources: set[str] = set()
        self._failing: set[str] = set()
        """The sources, as in labels, with a dead letter of this process."""
        self._records = definitions.RECORDS, (stage,)
        ProcessCollector(registry=self.registry)
        self[definitions.BUILD_INFO].labels(stage, __version__).set(1)
        self._begin_at_zero()

    def __getitem__(self, definition: MetricDefinition[M]) -> M:
        """The metric with this definition. Raises KeyError if this stage does not set it."""
        return cast(M, self._metrics[definition])

    def of_stage(self, definition: MetricDefinition[M]) -> M:
        """The metric with this definition, whose only label is the stage, for this stage."""
        return self[definition].labels(self.stage)

    def count_enriched(self, enriched: Enriched) -> None:
        """Counts the result of enriching an input that another process curates."""
        self._counted[self._records] += 1
        self._count_faulty_fields(enriched)
        if isinstance(enriched.arrival, Fault):
            self._counted[_OUTCOMES[Outcome.DEAD_LETTERED]] += 1
            self._failing.add(self._count_dead_letter(enriched.arrival, enriched.source))
        source = enriched.source or NO_SOURCE
        if source in self._failing:
            self._counted[definitions.SOURCE_INPUTS, (source,)] += 1

    def count_passed(self, offsets: int) -> None:
        """Counts input offsets that nobody reads."""
        self._counted[_OUTCOMES[Outcome.PASSED]] += offsets

    def count(self, result: Result, is_input: bool = True, arrived_at: int | None = None) -> None:
        """Counts a step of curation; an input is counted with the step that has its outcome.

        `is_input` is False for what another lane counts as an input: a withdrawal, or an article
        that it received. With `arrived_at` (seconds since the epoch) the time from arrival to
        publication is measured.
        """
        self._count_publications(result)
        if result.outcome is None:
            return
        self._counted[self._records] += 1
        if is_input:
            self._counted[_OUTCOMES[result.outcome]] += 1
        if result.image_checks is not None:
            self._count_images(result.outcome, result.image_checks)
        if arrived_at is not None and result.outcome is Outcome.CURATED:
            self._arrivals.append(arrived_at)
        if result.fault is not None:
            self._count_dead_letter(result.fault, result.source)
        self._count_faulty_fields(result)

    def commit(self) -> None:
        """Publishes the counts since the last call. Call it when the batch is committed."""
        for (definition, labels), count in self._counted.items():
            metric = self[definition]
            (metric.labels(*labels) if labels else metric).inc(count)
        self._counted.clear()
        if self._arrivals:
            histogram, now = self[definitions.ARRIVAL_TO_PUBLICATION], time.time()
            for arrived_at in self._arrivals:
                histogram.observe(max(0.0, now - arrived_at))
            self._arrivals.clear()

    def discard(self) -> None:
        """Forgets the counts since the last `commit`: the batch is not committed."""
        self._counted.clear()
        self._arrivals.clear()

    def set_catalogue_version(self, version: str) -> None:
        """Sets the version of the catalogue that is in use."""
        self[definitions.CATALOGUE_INFO].clear()
        self[definitions.CATALOGUE_INFO].labels(version).set(1)

    def set_waiting(self, reason: WaitReason | None) -> None:
        """Sets the reason why the worker waits; None if it does not wait."""
        for one in WaitReason:
            self[definitions.WORKER_WAITING].labels(self.stage, one.value).set(one is reason)

    def forget_partitions(self) -> None:
        """Drops the gauges of all partitions and lanes, which may move to another worker now."""
        for definition, metric in self._metrics.items():
            if definition.kind is Gauge and {"partition", "lane"}.intersection(definition.labels):
                metric.clear()

    def _count_publications(self, result: Result) -> None:
        if result.curated:
            self._counted[_CURATED] += len(result.curated)
        if result.stories:
            self._counted[_STORIES] += len(result.stories)
        if result.duplicates:
            self._counted[_DUPLICATES] += result.duplicates
        if result.merges:
            self._counted[_MERGES] += result.merges

    def _count_faulty_fields(self, result: Enriched | Result) -> None:
        for name in result.faulty_fields:
            self._counted[definitions.FAULTY_FIELDS, (name,)] += 1
        if result.has_dropped_private:
            self._counted[_PRIVATE_DROPPED] += 1

    def _count_dead_letter(self, fault: Fault, source: str | None) -> str:
        """Counts a dead letter, and returns its source as in the label."""
        label = self._bounded(source)
        self._counted[definitions.DEAD_LETTERS, (fault.reason.value, fault.stage.value, label)] += 1
        return label

    def _bounded(self, source: str | None) -> str:
        if source is None:
            return NO_SOURCE
        if source not in self._sources:
            if len(self._sources) >= MAX_SOURCES or not _SOURCE.fullmatch(source):
                return OTHER_SOURCE
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
        """Creates the samples of closed label lists at 0, so that the first increase is visible."""
        closed: dict[MetricDefinition[Counter], list[str]] = {
            definitions.RECORDS: [self.stage],
            definitions.INPUTS: [outcome.value for outcome in Outcome],
            definitions.PUBLICATIONS: ["curated", "story"],
            definitions.IMAGE_VERDICTS: [verdict.value for verdict in Verdict],
            definitions.TRANSACTIONS_ABORTED: [self.stage],
            definitions.REBALANCES: [self.stage],
            definitions.BACKPRESSURE_SECONDS: [self.stage],
        }
        for definition, values in closed.items():
            for value in values if definition in self._metrics else ():
                self[definition].labels(value)
        if definitions.WORKER_WAITING in self._metrics:
            self.set_waiting(None)
        stages = {ENRICH: Stage.ENRICH, CURATE: Stage.CURATE}
        if self.stage in stages:
            # An input is set aside once in a process: without this, no increase is visible.
            letter = Reason.POISON.value, stages[self.stage].value, NO_SOURCE
            self[definitions.DEAD_LETTERS].labels(*letter)


def _create(
    definition: AnyMetricDefinition, registry: CollectorRegistry
) -> Counter | Gauge | Histogram:
    name, meaning, labels = definition.name, definition.meaning, definition.labels
    if definition.kind is Histogram:
        return Histogram(name, meaning, labels, registry=registry, buckets=definition.buckets)
    return definition.kind(name, meaning, labels, registry=registry)


def totals(counter: Counter) -> Tally[str]:
    """The counts above 0 of a counter by its first label, summed over its other labels."""
    sums: Tally[str] = Tally()
    for sample in (sample for metric in counter.collect() for sample in metric.samples):
        sums[next(iter(sample.labels.values()))] += int(sample.value)
    return +sums
