"""`newsloom topics` on real brokers: it creates missing topics, and reports differences."""

import time
from dataclasses import replace

import pytest

from newsloom.runtimes.kafka.topics.definitions import TOPICS
from tests.support.kafka import Kafka
from tests.support.workers import EVENTS, LANE_STATE, STORIES, create_topics, refused_to

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
    assert (again.code, again.out, again.err) == (0, "all topics are as defined\n", "")


def test_check_reports_every_missing_topic(kafka: Kafka) -> None:
    checked = kafka.newsloom("topics", "check")
    assert checked.code == 1
    assert checked.err.splitlines() == [
        f"{kafka.prefix}{t.suffix}: missing: run `newsloom topics create`" for t in TOPICS
    ]


def test_create_mends_what_can_be_mended_in_place(kafka: Kafka) -> None:
    events, stories, state = (f"{kafka.prefix}{name}" for name in (EVENTS, STORIES, LANE_STATE))
    kafka.create(events, 2, {"cleanup.policy": "delete"})
    kafka.create(stories, 2, {"retention.ms": "1000", "segment.ms": "7200000"})
    kafka.create(state, 1, {"cleanup.policy": "delete"})
    checked = kafka.newsloom("topics", "check", "--partitions", 3)
    assert checked.code == 1

    tried = kafka.newsloom("topics", "create", "--partitions", 3, "--dry-run")
    assert kafka.newsloom("topics", "check", "--partitions", 3) == checked, "nothing is changed"
    done = kafka.newsloom("topics", "create", "--partitions", 3)
    assert tried.out.replace("would create", "created").replace("would set", "set") == done.out
    assert tried.err == done.err
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [stories]
    assert "partitions: 2, not 1: lanes cannot change in place" in done.err
    created = [t.suffix for t in TOPICS if t.suffix not in (EVENTS, STORIES, LANE_STATE)]
    assert done.out.splitlines() == [
        *(f"created {kafka.prefix}{suffix}" for suffix in created),
        *(f"set {events}: 3 partitions", f"set {events}: retention.ms=1209600000"),
        *(f"set {events}: max.message.bytes=2097152",),
        f"set {events}: message.timestamp.type=LogAppendTime",
        *(
            f"set {stories}: cleanup.policy=compact,delete",
            f"set {stories}: retention.ms=2592000000",
        ),
        *(f"set {stories}: max.message.bytes=4194304",),
        f"set {stories}: delete.retention.ms=604800000",
        *(f"set {state}: cleanup.policy=compact", f"set {state}: max.message.bytes=4194304"),
    ]
    assert kafka.newsloom("topics", "check", "--partitions", 3).err == done.err
    assert kafka.setting(stories, "segment.ms") == "7200000", "what is not defined stays as it was"


def test_workers_refuse_topics_that_lose_state_as_check_does(kafka: Kafka) -> None:
    unbounded = {"message.timestamp.after.max.ms": "9223372036854775807"}
    kafka.create(kafka.prefix + EVENTS, 1, unbounded)
    kafka.create(kafka.prefix + LANE_STATE, 1, {"cleanup.policy": "delete"})
    create_topics(kafka)
    checked = kafka.newsloom("topics", "check").err.splitlines()
    for stage, wrong in (("enrich", "message.timestamp.type"), ("curate", "cleanup.policy")):
        line = refused_to(kafka, stage).strip().removesuffix(" reason=wrong-topics")
        refused = line.removeprefix(f"newsloom: worker {kafka.prefix}{stage} waits: ").split("; ")
        assert [one for one in refused if f": {wrong}: " in one]
        assert set(refused) <= set(checked)


def test_check_compares_with_the_requested_lanes_and_partitions(kafka: Kafka) -> None:
    kafka.newsloom("topics", "create", "--partitions", 2)
    kafka = replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "de=1,fr=2"})
    checked = kafka.newsloom("topics", "check", "--partitions", 4)
    assert checked.code == 1
    assert [line.split(": ")[2] for line in checked.err.splitlines()] == [
        "2, not 4",
        *["1, not 3"] * 4,
    ]
    assert "`newsloom topics create --partitions 4`, which adds" in checked.err.splitlines()[0]


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
