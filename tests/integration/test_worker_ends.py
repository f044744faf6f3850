"""Workers that end, freeze or take turns amid work: the outcome is that of undisturbed ones."""

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.verifier import verify
from tests.support.workers import (
    CURATED,
    Event,
    await_all,
    create_topics,
    sending,
    start_worker,
    wait_for,
    working,
)

PARTITIONS = 3
EACH_S = 0.02
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


def feed(count: int) -> list[Event]:
    """Events of all kinds, those of an article in one partition, with poison among them."""
    events: list[Event] = []
    for number, event in enumerate(generate(20240304, count, start=START)):
        events.append((event["webUrl"].encode(), json.dumps(event).encode()))
        if number % 50 == 0:
            events.append((b"poison %d" % number, b"{"))
    return events


def assert_exact(kafka: Kafka, events: Sequence[Event], folder: Path) -> None:
    """Nothing lost, repeated or backward, and the records of an embedded run."""
    account = verify(kafka.servers, kafka.prefix, folder)
    assert account.inputs == len(events)
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


def await_more(kafka: Kafka, topic: str) -> None:
    """Waits until more of a topic is committed than now."""
    now = kafka.count(kafka.prefix + topic)
    wait_for(lambda: kafka.count(kafka.prefix + topic) > now, f"more in {topic}")


def test_killed_at_any_point_of_their_work(kafka: Kafka, tmp_path: Path) -> None:
    """Both stages, one kill after the other; the next finds what the last has left.

    Of enrich another shares the partitions and takes them over; of curate nobody does.
    """
    events = feed(3_500)
    create_topics(kafka, PARTITIONS)
    with sending(kafka, events, EACH_S), working(kafka, "enrich") as workers:
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
        await_all(kafka, len(events))
    assert_exact(kafka, events, tmp_path / "embedded")
