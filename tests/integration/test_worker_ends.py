"""A worker that is killed at any point of its work loses and repeats nothing."""

import signal
from pathlib import Path

from tests.support.kafka import Kafka
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
    await_all,
    await_more,
    create_topics,
    sending,
    start_worker,
    working,
)

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
