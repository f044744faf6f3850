"""Metrics of a worker: lag in time, and aborted transactions of its predecessor."""

import asyncio
import os
import time
from dataclasses import dataclass

import pytest

from newsloom.observability.definitions import INPUTS
from newsloom.observability.health import Health
from newsloom.observability.metrics import Metrics, totals
from newsloom.pipeline.arrival import WithdrawalArrival
from newsloom.pipeline.curation.policy import DEFAULT_POLICY
from newsloom.pipeline.lane.state import State
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.kafka.clients.messages import Headers
from newsloom.runtimes.kafka.stages.curate import CurateLane
from newsloom.runtimes.kafka.stages.enriched_records import encode_arrival
from newsloom.runtimes.kafka.stages.lane_reader import LanePosition
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.kafka.worker.shared_memory import AbortCounter
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.lane import Lane


@dataclass
class Record:
    timestamp: int
    topic: str = "t"
    partition: int = 0
    offset: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()


@dataclass
class Aged:
    """A step: the commit of a record of this age."""

    age_s: float


@pytest.mark.parametrize(
    ("steps", "lag_s"),
    [
        ([], 0),
        ([5], 0),
        ([5, 0], 0),
        ([Aged(3600), 5], 3600),
        ([0, 5], 0),
        ([Aged(3600), 0, 5], 0),
        ([0, Aged(90), 5], 0),
    ],
    ids=[
        "no lag is known",
        "behind since the assignment",
        "caught up",
        "behind: the age of the last committed record",
        "behind since it last caught up",
        "a new record after a quiet hour",
        "new records with old times: behind since it last caught up",
    ],
)
def test_the_lag_in_time(steps: list[int | Aged], lag_s: int) -> None:
    metrics = Metrics("curate")
    telemetry = Telemetry(metrics, Health(60), AbortCounter())
    telemetry.note_assigned({0}, {0})
    for step in steps:
        if isinstance(step, Aged):
            record = Record(int((time.time() - step.age_s) * 1000))
            telemetry.note_commit(0, [record], 0.1)
        else:
            telemetry.note_lags({0: step}, {0: 0})
    labels = {"stage": "curate", "partition": "0"}
    measured = metrics.registry.get_sample_value("newsloom_consumer_lag_seconds", labels)
    assert measured == pytest.approx(lag_s, abs=2)


def test_a_withdrawal_that_another_lane_counts_is_not_an_input_of_this_lane() -> None:
    metrics, state = Metrics("curate"), State()
    lane = Lane(1, state, DEFAULT_POLICY, metrics)
    curating = CurateLane(KafkaTopics("news."), 1, 0, lane, LanePosition(), BugLimit())
    records = []
    for offset, is_counted in enumerate((True, False)):
        key, value = encode_arrival(WithdrawalArrival(("0" * 32,), is_counted))
        records.append(Record(0, offset=offset, key=key, value=value))
    asyncio.run(curating.process(records))
    curating.note_commit()
    value_of = metrics.registry.get_sample_value
    assert value_of("newsloom_records_total", {"stage": "curate"}) == 2
    assert totals(metrics[INPUTS]) == {"unchanged": 1}
    assert value_of("newsloom_unaccounted_inputs", {"lane": "1"}) == 0


def _aborted(aborts: AbortCounter) -> float | None:
    metrics = Metrics("curate")
    Telemetry(metrics, Health(60), aborts)
    value = metrics.registry.get_sample_value
    return value("newsloom_transactions_aborted_total", {"stage": "curate"})


def test_a_worker_counts_the_transactions_that_former_workers_left_open() -> None:
    aborts = AbortCounter()

    def work(is_killed: bool) -> None:
        """Opens a transaction in a child process; `is_killed` ends the process within it."""
        child = os.fork()
        if not child:
            try:
                Telemetry(Metrics("curate"), Health(60), aborts)
                with aborts.open():
                    if is_killed:
                        os._exit(0)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    assert _aborted(aborts) == 0
    work(is_killed=False)
    assert _aborted(aborts) == 0
    work(is_killed=True)
    work(is_killed=False)
    work(is_killed=True)
    assert _aborted(aborts) == 2
    assert _aborted(aborts) == 2, "each is counted once"
