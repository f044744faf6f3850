"""Workers that end, freeze or take turns amid work: the outcome is that of undisturbed ones."""

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
from tests.support.verifier import verify
from tests.support.workers import (
    CURATED,
    ENRICHED,
    Event,
    await_all,
    await_more,
    create_topics,
    send,
    sending,
    start_worker,
    wait_for,
    working,
)

PARTITIONS = 3
EACH_S = 0.02
LEAST = 1_500
"""Events of each test, of which the last are sent at once on a fast machine."""
START = datetime(2024, 3, 4, tzinfo=UTC)
"""Long past on every machine: when an article arrives makes no difference."""

KILLS = [
    # of enrich, of curate: the point and the call of it
    (("after decode", 20), ("in curation", 20)),
    (("in enrichment", 20), ("between the sends of one transaction", 5)),
    (("between the sends of one transaction", 3), ("before offsets", 2)),
    (("before commit", 2), ("before the answer to a commit", 2)),
    (("after fencing", 1), ("during restore", 1)),
    (("after commit", 2), ("after assignment", 1)),
    (("while draining", 1), ("while draining", 1)),
]


def feed(most: int = 100_000) -> Iterator[Event]:
    """Events of all kinds, those of an article in one partition, with poison among them."""
    keys: deque[bytes] = deque(maxlen=100)
    for number, event in enumerate(generate(20240304, most, start=START)):
        keys.append(event["webUrl"].encode())
        yield keys[-1], json.dumps(event).encode()
        if number % 50 == 0:
            yield b"poison %d" % number, b"{"
        if number % 200 == 150:
            yield keys[0], None  # a tombstone


def assert_exact(kafka: Kafka, inputs: int, folder: Path) -> None:
    """Nothing lost, repeated or backward, and the records of an embedded run."""
    account = verify(kafka.servers, kafka.prefix, folder)
    assert account.inputs == inputs
    assert account.faults == [], str(account)


@contextmanager
def started(
    kafka: Kafka, *arguments: str, struck: Sequence[object] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that does not outlive the block."""
    worker = start_worker(kafka, *arguments, struck=struck)
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()


def test_killed_at_any_point_of_their_work(kafka: Kafka, tmp_path: Path) -> None:
    """Both stages, one kill after the other; the next finds what the last has left.

    Of enrich another shares the partitions and takes them over; of curate nobody does.
    """
    create_topics(kafka, PARTITIONS)
    with sending(kafka, feed(), EACH_S, LEAST) as sender, working(kafka, "enrich") as workers:
        for enriching, curating in KILLS:
            with (
                started(kafka, "enrich", struck=["kill", *enriching]) as enrich,
                started(kafka, "curate", struck=["kill", *curating]) as curate,
            ):
                if enriching[0] == "while draining":
                    await_more(kafka, CURATED)
                    enrich.send_signal(signal.SIGTERM)
                    curate.send_signal(signal.SIGTERM)
                for worker in (enrich, curate):
                    _, said = worker.communicate(timeout=60)
                    assert (worker.returncode, said) == (-signal.SIGKILL, b"")
        workers.append(start_worker(kafka, "curate"))
        inputs = sender.stop()
        await_all(kafka, inputs)
    assert_exact(kafka, inputs, tmp_path / "embedded")


def test_two_and_three_workers_take_turns(kafka: Kafka, tmp_path: Path) -> None:
    """Each that comes or goes moves the partitions and lanes of all, amid work."""
    kafka = replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "es=1,ar=2"})
    create_topics(kafka, PARTITIONS)
    with (
        sending(kafka, feed(), EACH_S, LEAST) as sender,
        working(kafka, "enrich", "curate", "enrich", "curate") as workers,
    ):
        await_more(kafka, CURATED)
        for stage in ("enrich", "curate"):
            workers.append(start_worker(kafka, stage))
            await_more(kafka, CURATED)
        for _ in range(3):
            gone = workers.pop(0)
            gone.send_signal(signal.SIGTERM)
            _, said = gone.communicate(timeout=30)
            assert (gone.returncode, said) == (0, b"")
            await_more(kafka, CURATED)
        inputs = sender.stop()
        await_all(kafka, inputs, lanes=3)
    assert_exact(kafka, inputs, tmp_path / "embedded")


@pytest.mark.parametrize(
    ("stage", "other", "topic"), [("enrich", "curate", ENRICHED), ("curate", "enrich", CURATED)]
)
def test_frozen_in_a_transaction_one_is_replaced_and_ends_when_it_wakes(
    kafka: Kafka, tmp_path: Path, stage: str, other: str, topic: str
) -> None:
    """What it would have committed is its successor's by then."""
    create_topics(kafka, PARTITIONS)
    with (
        sending(kafka, feed(), EACH_S, LEAST) as sender,
        working(kafka, other) as workers,
        started(kafka, stage, struck=["freeze", "before commit", 4]) as frozen,
    ):
        wait_for(lambda: _status(frozen)["State"].startswith("T"), "a frozen worker")
        workers.append(start_worker(kafka, stage))
        await_more(kafka, topic)
        frozen.send_signal(signal.SIGCONT)
        _, said = frozen.communicate(timeout=30)
        assert frozen.returncode == 1
        assert len(said.splitlines()) == 1
        inputs = sender.stop()
        await_all(kafka, inputs)
    assert_exact(kafka, inputs, tmp_path / "embedded")


def _status(worker: subprocess.Popen[bytes]) -> dict[str, str]:
    lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def test_a_broker_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    """Workers wait for it, or end and are started again."""
    with Cluster(tmp_path / "broker", 1) as cluster:
        kafka = Kafka(cluster.bootstrap_servers, "restart.")
        create_topics(kafka, PARTITIONS)
        with (
            sending(kafka, feed(), EACH_S, LEAST) as sender,
            started(kafka, "all", "--restart") as workers,
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


def test_what_waits_for_a_slow_stage_waits_on_the_broker(kafka: Kafka, tmp_path: Path) -> None:
    """A worker holds a few MiB of the eighty that are there for it."""
    padding = "x" * 65_536
    events: list[Event] = [
        (key, json.dumps(json.loads(value) | {"padding": padding}).encode())
        for key, value in feed(1_250)
        if value not in (None, b"{")
    ]
    create_topics(kafka)
    send(kafka, events)
    with started(kafka, "enrich", struck=["slow", "in a batch", 2]) as slow:
        await_more(kafka, ENRICHED)
        before_kb = int(_status(slow)["VmRSS"].split()[0])
        for _ in range(4):
            await_more(kafka, ENRICHED)
        peak_kb = int(_status(slow)["VmHWM"].split()[0])
        assert len(kafka.read(kafka.prefix + ENRICHED)) < len(events) / 2
        assert peak_kb - before_kb < 24_000
    with working(kafka, "all"):
        await_all(kafka, len(events))
    assert_exact(kafka, len(events), tmp_path / "embedded")
