"""`newsloom topics` on real brokers: it creates missing topics, and reports differences."""

import time
from dataclasses import replace

import pytest

from newsloom.runtimes.kafka.topics.definitions import TOPICS
from tests.support.kafka import Kafka

NOWHERE = "127.0.0.1:1"
BOUND_S = 20.0
"""The limit for a response that takes a few seconds, with a margin for a busy machine."""


def test_check_accepts_the_topics_that_create_created(kafka: Kafka) -> None:
    kafka = replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "de=1"})
    created = kafka.newsloom("topics", "create", "--partitions", 3)
    assert (created.code, created.err) == (0, "")
    assert created.out.splitlines() == [f"created {kafka.prefix}{t.suffix}" for t in TOPICS]
    checked = kafka.newsloom("topics", "check", "--partitions", 3)
    assert (checked.code, checked.err) == (0, "")
    assert kafka.newsloom("topics", "check").code == 0


def test_a_second_create_changes_nothing(kafka: Kafka) -> None:
    kafka.newsloom("topics", "create")
    again = kafka.newsloom("topics", "create")
    assert (again.code, again.out, again.err) == (0, "all topics exist\n", "")


def test_check_reports_every_missing_topic(kafka: Kafka) -> None:
    checked = kafka.newsloom("topics", "check")
    assert checked.code == 1
    assert checked.err.splitlines() == [
        f"{kafka.prefix}{t.suffix}: missing: run `newsloom topics create`" for t in TOPICS
    ]


def test_check_reports_every_difference_and_its_fix(kafka: Kafka) -> None:
    stories = f"{kafka.prefix}stories.v1"
    kafka.create(stories, 2, {"cleanup.policy": "delete", "retention.ms": "1000"})
    created = kafka.newsloom("topics", "create")
    assert (created.code, len(created.out.splitlines())) == (1, len(TOPICS) - 1)
    checked = kafka.newsloom("topics", "check")
    assert checked.code == 1
    lines = checked.err.splitlines()
    line_by_setting = {line.split(": ")[1]: line for line in lines}
    assert all(line.startswith(f"{stories}: ") for line in lines)
    assert list(line_by_setting) == [
        "partitions",
        "cleanup.policy",
        "retention.ms",
        "max.message.bytes",
        "delete.retention.ms",
    ]
    assert "2, not 1: lanes cannot change in place" in line_by_setting["partitions"]
    assert "delete, not compact,delete: run kafka-configs.sh" in line_by_setting["cleanup.policy"]
    assert "1000, not 2592000000" in line_by_setting["retention.ms"]


def test_check_compares_with_the_requested_lanes_and_partitions(kafka: Kafka) -> None:
    kafka.newsloom("topics", "create", "--partitions", 2)
    kafka = replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "de=1,fr=2"})
    checked = kafka.newsloom("topics", "check", "--partitions", 4)
    assert checked.code == 1
    assert [line.split(": ")[2] for line in checked.err.splitlines()] == [
        "2, not 4",
        *["1, not 3"] * 4,
    ]
    assert "kafka-topics.sh" in checked.err.splitlines()[0]


def test_more_replicas_than_brokers_are_refused_in_one_line(kafka: Kafka) -> None:
    refused = kafka.newsloom("topics", "create", "--replication", 9)
    assert refused.code == 1
    assert len(refused.err.splitlines()) == 1
    assert "InvalidReplicationFactor" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [("topics", "check"), ("topics", "create"), ("tail",), ("produce", "examples/events")],
    ids=lambda arguments: " ".join(arguments),
)
def test_a_missing_broker_is_reported_in_one_line_within_seconds(
    arguments: tuple[str, ...],
) -> None:
    started_at = time.monotonic()
    ended = Kafka(NOWHERE, "t.").newsloom(*arguments)
    assert time.monotonic() - started_at < BOUND_S
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"newsloom: no answer from Kafka at {NOWHERE}: ")
    assert len(ended.err.splitlines()) == 1
