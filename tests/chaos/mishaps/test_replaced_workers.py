"""Workers that are frozen, slow or replaced during work publish what undisturbed ones would."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.kafka.brokers import Cluster
from tests.support.kafka import Kafka
from tests.support.processes import memory_kib, status
from tests.support.undisturbed import (
    INTERVAL_S,
    LEAST_EVENTS,
    PARTITIONS,
    assert_exact,
    feed,
    started,
)
from tests.support.workers import (
    CURATED,
    ENRICHED,
    Event,
    await_all,
    await_more,
    create_topics,
    end_of,
    send,
    sending,
    start_worker,
    wait_for,
    working,
)


def test_workers_that_join_and_leave_lose_and_repeat_nothing(kafka: Kafka, tmp_path: Path) -> None:
    """Each worker that joins or leaves causes a rebalance of its group during work."""
    kafka = replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "es=1,ar=2"})
    create_topics(kafka, PARTITIONS)
    with (
        sending(kafka, feed(), INTERVAL_S, LEAST_EVENTS) as sender,
        working(kafka, "enrich", "curate", "enrich", "curate") as workers,
    ):
        await_more(kafka, CURATED)
        for stage in ("enrich", "curate"):
            workers.append(start_worker(kafka, stage))
            await_more(kafka, CURATED)
        for _ in range(3):
            leaving = workers.pop(0)
            leaving.send_signal(signal.SIGTERM)
            assert end_of(leaving) == (0, [])
            await_more(kafka, CURATED)
        inputs = sender.stop()
        await_all(kafka, inputs, lanes=3)
    assert_exact(kafka, inputs, tmp_path / "embedded")


@pytest.mark.parametrize(
    ("stage", "other", "topic"), [("enrich", "curate", ENRICHED), ("curate", "enrich", CURATED)]
)
def test_a_worker_frozen_before_a_commit_is_replaced_and_fails_when_it_resumes(
    kafka: Kafka, tmp_path: Path, stage: str, other: str, topic: str
) -> None:
    """Its transaction must not be committed, because its successor processes the same inputs."""
    create_topics(kafka, PARTITIONS)
    with (
        sending(kafka, feed(), INTERVAL_S, LEAST_EVENTS) as sender,
        working(kafka, other) as workers,
        started(kafka, stage, struck=["freeze", "before commit", 4]) as frozen,
    ):
        wait_for(lambda: status(frozen.pid)["State"].startswith("T"), "a frozen worker")
        workers.append(start_worker(kafka, stage))
        await_more(kafka, topic)
        frozen.send_signal(signal.SIGCONT)
        _, log = frozen.communicate(timeout=30)
        assert frozen.returncode == 1
        assert len(log.splitlines()) == 1
        inputs = sender.stop()
        await_all(kafka, inputs)
    assert_exact(kafka, inputs, tmp_path / "embedded")


def test_workers_survive_a_restart_of_the_broker(tmp_path: Path) -> None:
    """Workers wait for the broker, or end and are restarted by their parent."""
    with Cluster(tmp_path / "broker", 1) as cluster:
        kafka = Kafka(cluster.bootstrap_servers, "restart.")
        create_topics(kafka, PARTITIONS)
        with (
            sending(kafka, feed(), INTERVAL_S, LEAST_EVENTS) as sender,
            started(kafka, "all", "--restart", is_fresh=True) as workers,
        ):
            await_more(kafka, CURATED)
            cluster.restart(1)
            await_more(kafka, CURATED)
            inputs = sender.stop()
            await_all(kafka, inputs)
            workers.send_signal(signal.SIGTERM)
            workers.communicate(timeout=30)
            assert workers.returncode == 0
        assert_exact(kafka, inputs, tmp_path / "embedded")


def test_a_slow_worker_leaves_its_backlog_on_the_broker(kafka: Kafka, tmp_path: Path) -> None:
    """The memory of a worker grows by less than 24 MB, although about 80 MiB of inputs wait."""
    padding = "x" * 65_536
    events: list[Event] = [
        (key, json.dumps(json.loads(value) | {"padding": padding}).encode())
        for key, value in feed(1_250)
        if value not in (None, b"{")
    ]
    create_topics(kafka)
    send(kafka, events)
    with started(kafka, "enrich", struck=["slow", "in a batch", 2], is_fresh=True) as slow:
        await_more(kafka, ENRICHED)
        before_kb = memory_kib(slow.pid, "VmRSS")
        for _ in range(4):
            await_more(kafka, ENRICHED)
        peak_kb = memory_kib(slow.pid, "VmHWM")
        assert len(kafka.read(kafka.prefix + ENRICHED)) < len(events) / 2
        assert peak_kb - before_kb < 24_000
    with working(kafka, "all"):
        await_all(kafka, len(events))
    assert_exact(kafka, len(events), tmp_path / "embedded")
