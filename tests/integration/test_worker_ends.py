"""Workers that are killed, frozen or replaced during work publish what undisturbed ones would."""

import json
import signal
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.kafka.brokers import Cluster
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.processes import memory_kib, status
from tests.support.verifier import verify
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

PARTITIONS = 3
INTERVAL_S = 0.02
LEAST_EVENTS = 1_500
"""The least number of events of a test. When the test stops sending, the rest is sent at once."""
START = datetime(2024, 3, 4, tzinfo=UTC)
"""In the past on every machine, so that no event time depends on the arrival time."""

KILLS = [
    # For enrich and for curate: the point, and the number of the call at which it is killed. The
    # first batch has three commits: an attempt, its end, and the results.
    (("after decode", 20), ("in curation", 20)),
    (("in enrichment", 20), ("between the sends of one transaction", 5)),
    (("between the sends of one transaction", 3), ("before offsets", 4)),
    (("before commit", 4), ("before the answer to a commit", 4)),
    (("after fencing", 1), ("during restore", 1)),
    (("after commit", 4), ("after assignment", 1)),
    (("while draining", 1), ("while draining", 1)),
]


def feed(most: int = 100_000) -> Iterator[Event]:
    """Events of all kinds, with malformed ones and tombstones; an article's URL is the key."""
    keys: deque[bytes] = deque(maxlen=100)
    for number, event in enumerate(generate(20240304, most, start=START)):
        keys.append(event["webUrl"].encode())
        yield keys[-1], json.dumps(event).encode()
        if number % 50 == 0:
            yield b"poison %d" % number, b"{"
        if number % 200 == 150:
            yield keys[0], None


def assert_exact(kafka: Kafka, inputs: int, folder: Path) -> None:
    """Asserts that the verifier finds no fault, and the same records as in an embedded run."""
    account = verify(kafka.servers, kafka.prefix, folder)
    assert account.inputs == inputs
    assert account.faults == [], str(account)


@contextmanager
def started(
    kafka: Kafka, *arguments: str, struck: Sequence[object] = (), is_fresh: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a worker, and kills it when the block is left."""
    worker = start_worker(kafka, *arguments, struck=struck, is_fresh=is_fresh)
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()


def test_a_kill_at_any_point_of_the_work_loses_and_repeats_nothing(
    kafka: Kafka, tmp_path: Path
) -> None:
    """For each entry of KILLS, a new worker of each stage starts, and is killed at its point.

    A second enrich worker takes over the partitions of the killed one. No other curate worker
    runs, so the lane waits for the next one.
    """
    create_topics(kafka, PARTITIONS)
    with (
        sending(kafka, feed(), INTERVAL_S, LEAST_EVENTS) as sender,
        working(kafka, "enrich") as workers,
    ):
        for enrich_point, curate_point in KILLS:
            with (
                started(kafka, "enrich", struck=["kill", *enrich_point]) as enrich,
                started(kafka, "curate", struck=["kill", *curate_point]) as curate,
            ):
                if enrich_point[0] == "while draining":
                    await_more(kafka, CURATED)
                    enrich.send_signal(signal.SIGTERM)
                    curate.send_signal(signal.SIGTERM)
                for worker in (enrich, curate):
                    _, log = worker.communicate(timeout=60)
                    assert (worker.returncode, log) == (-signal.SIGKILL, b"")
        workers.append(start_worker(kafka, "curate"))
        inputs = sender.stop()
        await_all(kafka, inputs)
    assert_exact(kafka, inputs, tmp_path / "embedded")


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
