"""Metric definitions follow the naming rules, and the counters match their definitions."""

import re
from collections import Counter as Tally

import pytest
from prometheus_client import Counter, Histogram

from newsloom.observability import definitions
from newsloom.observability.definitions import ALL, AnyMetricDefinition
from newsloom.observability.fetch_metrics import FetchMetrics
from newsloom.observability.labels import LABELS, MAX_SOURCES
from newsloom.observability.lane_metrics import LaneMetrics
from newsloom.observability.metrics import Metrics, totals
from newsloom.observability.metrics_page import metrics_page
from newsloom.pipeline.arrival import WithdrawalArrival
from newsloom.pipeline.build_records import Publication
from newsloom.pipeline.lane.rows import LaneRow
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Enriched, Result
from newsloom.records.faults import Fault, Outcome, Reason
from newsloom.rules.images import Verdict

BASE_UNITS = (
    *("_seconds", "_ratio", "_info"),
    *("_records", "_articles", "_stories", "_inputs", "_offsets"),
)
COUNTS = {"newsloom_assigned_partitions", "newsloom_stopped_partitions"} | {
    "newsloom_worker_waiting",
    "newsloom_records_in_flight",
    "newsloom_image_fetches_in_flight",
}


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_definition_follows_the_rules(one: AnyMetricDefinition) -> None:
    assert re.fullmatch(r"newsloom(_[a-z]+)+", one.name)
    assert (one.kind is Counter) == one.name.endswith("_total")
    if one.kind is not Counter and one.name not in COUNTS:
        assert one.name.endswith(BASE_UNITS)
    assert (one.kind is Histogram) == bool(one.buckets)
    assert list(one.buckets) == sorted(set(one.buckets))
    assert set(one.labels) <= set(LABELS)
    assert set(one.set_by) <= {"enrich", "curate", "run"}
    assert len(one.meaning) > 60, "the meaning must help an operator"
    assert one.meaning.endswith(".")
    assert f"| `{one.name}` |" in metrics_page()


def test_names_are_defined_once() -> None:
    assert len({one.name for one in ALL}) == len(ALL)


def test_a_batch_is_counted_when_it_is_committed() -> None:
    metrics = Metrics("curate")
    published = Publication("a", b"{}")
    result = Result(
        Outcome.CURATED,
        curated=(published,) * 3,
        duplicates=2,
        merges=1,
        image_checks=[{"url": "u", "verdict": "timeout"}, {"url": "v", "verdict": "too-small"}],
    )
    metrics.count(result, arrived_at=0)
    metrics.count(Result(Outcome.WITHDRAWN), is_input=False)
    assert totals(metrics[definitions.RECORDS]) == {}
    metrics.commit()
    metrics.commit()
    value = metrics.registry.get_sample_value
    assert totals(metrics[definitions.RECORDS]) == {"curate": 2}
    assert totals(metrics[definitions.INPUTS]) == {"curated": 1}, (
        "another lane counts the other input"
    )
    assert totals(metrics[definitions.PUBLICATIONS]) == {"curated": 3}
    assert totals(metrics[definitions.IMAGE_VERDICTS]) == {"timeout": 1, "too-small": 1}
    assert totals(metrics[definitions.IMAGELESS_ARTICLES]) == {"timeout": 1}
    assert value("newsloom_duplicates_total") == 2
    assert value("newsloom_story_merges_total") == 1
    assert value("newsloom_arrival_to_publication_seconds_count") == 1


def test_crawlers_cannot_create_unlimited_labels() -> None:
    metrics = Metrics("enrich")
    fault = Fault(Reason.BLANK, "title", "")
    names = [None, "No Name!", "x" * 65, *(f"spider-{n}" for n in range(200)), "spider-3"]
    for name in names:
        metrics.count_enriched(Enriched(fault, name))
    metrics.commit()
    counts = Tally[str]()
    for sample in next(iter(metrics[definitions.DEAD_LETTERS].collect())).samples:
        counts[sample.labels["source"]] += int(sample.value)
    assert len(counts) == MAX_SOURCES + 2
    assert counts["unknown"] == 1
    assert counts["spider-3"] == 2
    assert counts["other"] == 2 + 200 - MAX_SOURCES


def test_the_inputs_of_a_crawler_are_counted_from_its_first_dead_letter_on() -> None:
    metrics = Metrics("enrich")
    fault = Fault(Reason.BLANK, "title", "")
    good = WithdrawalArrival(("0" * 32,), True)
    for name in ("fine", "mixed", None, "No Name!"):
        metrics.count_enriched(Enriched(good, name))
    for name in ("mixed", None, "No Name!"):
        metrics.count_enriched(Enriched(fault, name))
    for name in ("fine", "mixed", None, "No Name!"):
        metrics.count_enriched(Enriched(good, name))
    metrics.commit()
    assert totals(metrics[definitions.SOURCE_INPUTS]) == {"mixed": 2, "unknown": 2}


@pytest.mark.parametrize(
    ("counted", "unaccounted"),
    [(2, 0), (1, 1), (3, -1)],
    ids=["all were counted", "one was lost", "one was counted twice"],
)
def test_a_lane_compares_its_count_of_inputs_with_its_row(counted: int, unaccounted: int) -> None:
    metrics, state = Metrics("curate"), State()
    state.lane = LaneRow(outcomes={"curated": 40, "unchanged": 2})
    lane = LaneMetrics(metrics, 3, state)
    for _ in range(2):
        lane.count(Result(Outcome.CURATED))
    lane.count(Result(Outcome.WITHDRAWN), is_input=False)
    state.lane = LaneRow(outcomes={"curated": 40 + counted, "unchanged": 1, "withdrawn": 1})
    lane.commit()
    value = metrics.registry.get_sample_value
    assert value("newsloom_unaccounted_inputs", {"lane": "3"}) == unaccounted
    committed = {"lane": "3", "outcome": "curated"}
    assert value("newsloom_committed_inputs", committed) == 40 + counted


def test_samples_of_revoked_partitions_are_removed() -> None:
    metrics = Metrics("curate")
    LaneMetrics(metrics, 5, State()).update_gauges()
    metrics[definitions.LAG_RECORDS].labels("curate", "5").set(3)
    metrics.forget_partitions()
    samples = [s for family in metrics.registry.collect() for s in family.samples]
    assert not [s for s in samples if {"lane", "partition"} & s.labels.keys()]
    assert [s for s in samples if s.name == "newsloom_build_info"]


def test_fetches_are_counted_immediately() -> None:
    metrics = Metrics("enrich")
    fetches = FetchMetrics(metrics)
    value = metrics.registry.get_sample_value
    fetches.note_lookup("cached")
    fetches.note_blocked()
    with fetches.fetching():
        assert value("newsloom_image_fetches_in_flight") == 1
    assert value("newsloom_image_fetches_in_flight") == 0
    fetches.note_fetch(0.3)
    assert value("newsloom_image_fetch_seconds_sum") == 0.3
    assert value("newsloom_blocked_requests_total") == 1
    assert totals(metrics[definitions.IMAGE_LOOKUPS]) == {"cached": 1}


def test_the_page_names_each_verdict_of_a_fetch() -> None:
    web = ("unreachable", "timeout", "http-error", "too-many-redirects")
    assert all(Verdict(word) and f"`{word}`" in LABELS["verdict"] for word in web)
