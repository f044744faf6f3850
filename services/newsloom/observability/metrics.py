"""Every metric of the service, declared in one place with what to infer from it.

Counts are of this process alone; what outlives it stands in the lane's own row.
"""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from newsloom.pipeline.recipe import Result
from newsloom.records.faults import Outcome
from newsloom.records.image_check import ImageCheck
from newsloom.rules.images import NONE_GIVEN, Verdict


class Metrics:
    """The metrics of one process, under a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.inputs = Counter(
            "newsloom_inputs_total",
            "Inputs by how they ended; the four outcomes together are all inputs.",
            ["outcome"],
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "newsloom_dead_letters_total",
            "Inputs that could not be curated. A rise of one reason points at one crawler's bug.",
            ["reason", "stage"],
            registry=self.registry,
        )
        self.faulty_fields = Counter(
            "newsloom_faulty_fields_total",
            "Optional fields dropped because of a fault; the article was curated without them.",
            ["field"],
            registry=self.registry,
        )
        self.private_dropped = Counter(
            "newsloom_private_dropped_total",
            "Events whose private object was dropped, because there was no key to seal it with.",
            registry=self.registry,
        )
        self.publications = Counter(
            "newsloom_publications_total",
            "Records published, by kind. Many more than inputs means that stories are in flux.",
            ["kind"],
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            "newsloom_batch_seconds",
            "Time from reading a batch's first input to its commit.",
            registry=self.registry,
        )
        self.image_verdicts = Counter(
            "newsloom_image_verdicts_total",
            "Images of articles by what became of them, each as often as an article came with it.",
            ["verdict"],
            registry=self.registry,
        )
        self.imageless = Counter(
            "newsloom_imageless_articles_total",
            "Articles curated without a good image, by the verdict on their first.",
            ["verdict"],
            registry=self.registry,
        )
        # A look-up by label costs more than the count itself; these three come with every input.
        self._outcomes = {outcome: self.inputs.labels(outcome.value) for outcome in Outcome}
        self._curated = self.publications.labels("curated")
        self._stories = self.publications.labels("story")
        self.live_articles = Gauge(
            "newsloom_live_articles", "Articles in the window.", registry=self.registry
        )
        self.live_stories = Gauge(
            "newsloom_live_stories",
            "Stories with an article in the window.",
            registry=self.registry,
        )

    def count(self, result: Result) -> None:
        """Counts what became of one input."""
        self._outcomes[result.outcome].inc()
        if result.fault is not None:
            self.dead_letters.labels(result.fault.reason.value, result.fault.stage.value).inc()
        for name in result.faulty_fields:
            self.faulty_fields.labels(name).inc()
        if result.has_dropped_private:
            self.private_dropped.inc()
        if result.curated:
            self._curated.inc(len(result.curated))
        if result.stories:
            self._stories.inc(len(result.stories))
        if result.image_checks is not None:
            self._count_images(result.outcome, result.image_checks)

    def _count_images(self, outcome: Outcome, checks: Sequence[ImageCheck]) -> None:
        verdicts = [check["verdict"] for check in checks]
        for verdict in verdicts:
            self.image_verdicts.labels(verdict).inc()
        if outcome is Outcome.CURATED and Verdict.OK not in verdicts:
            self.imageless.labels(verdicts[0] if verdicts else NONE_GIVEN).inc()


def totals(counter: Counter) -> Tally[str]:
    """The counts of a counter by its first label, over all its other labels."""
    sums: Tally[str] = Tally()
    for metric in counter.collect():
        first = counter._labelnames[0]
        for sample in metric.samples:
            if sample.name.endswith("_total"):
                sums[sample.labels[first]] += int(sample.value)
    return sums
