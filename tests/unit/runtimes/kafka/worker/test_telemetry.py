"""What a worker tells of itself: lag in time, and transactions that its predecessor left open."""

import asyncio
import os
import time
from dataclasses import dataclass

import pytest

from newsloom.observability.definitions import INPUTS
from newsloom.observability.health import Health
from newsloom.observability.lane_metrics import LaneMetrics
from newsloom.observability.metrics import Metrics, totals
from newsloom.pipeline.arrival import WithdrawalArrival
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator
from newsloom.runtimes.kafka.clients.messages import Headers
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.kafka.worker.abort_counter import AbortCounter
from newsloom.runtimes.kafka.worker.curate import CurateLane
from newsloom.runtimes.kafka.worker.enriched_records import encode_arrival
from newsloom.runtimes.kafka.worker.processor import BugCounter
from newsloom.runtimes.kafka.worker.telemetry import Telemetry


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
    """The commit of a record of this age."""

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
        "nothing is known yet: none",
        "since it was assigned",
        "caught up",
        "a backlog is as old as what was committed last",
        "waiting since it last had caught up",
        "new after a quiet hour",
        "old times in new records: waiting since it last had caught up",
    ],
)
def test_lag_in_time(steps: list[int | Aged], lag_s: int) -> None:
    metrics = Metrics("curate")
    telemetry = Telemetry(metrics, Health(60), AbortCounter())
    telemetry.note_assigned({0})
    for step in steps:
        if isinstance(step, Aged):
            record = Record(int((time.time() - step.age_s) * 1000))
            telemetry.note_commit(0, [record], 0.1)
        else:
            telemetry.note_lags({0: step})
    labels = {"stage": "curate", "partition": "0"}
    told = metrics.registry.get_sample_value("newsloom_consumer_lag_seconds", labels)
    assert told == pytest.approx(lag_s, abs=2)


def test_a_withdrawal_that_another_lane_counts_is_no_input_of_this_one() -> None:
    metrics, state = Metrics("curate"), State()
    told = LaneMetrics(metrics, 1, state)
    lane = CurateLane(KafkaTopics("news."), 1, 0, Curator(state), 0, BugCounter(), told)
    records = []
    for offset, is_counted in enumerate((True, False)):
        key, value = encode_arrival(WithdrawalArrival("0" * 32, is_counted))
        records.append(Record(0, offset=offset, key=key, value=value))
    asyncio.run(lane.process(records))
    lane.note_commit()
    value_of = metrics.registry.get_sample_value
    assert value_of("newsloom_records_total", {"stage": "curate"}) == 2
    assert totals(metrics[INPUTS]) == {"unchanged": 1}
    assert value_of("newsloom_unaccounted_inputs", {"lane": "1"}) == 0


def _aborted(mark: AbortCounter) -> float | None:
    metrics = Metrics("curate")
    Telemetry(metrics, Health(60), mark)
    value = metrics.registry.get_sample_value
    return value("newsloom_transactions_aborted_total", {"stage": "curate"})


def test_the_next_worker_counts_the_transactions_in_which_others_ended() -> None:
    mark = AbortCounter()

    def work(is_amid: bool) -> None:
        """In a process of its own, which ends as if it were killed."""
        child = os.fork()
        if not child:
            try:
                Telemetry(Metrics("curate"), Health(60), mark)
                with mark.open():
                    if is_amid:
                        os._exit(0)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    assert _aborted(mark) == 0
    work(is_amid=False)
    assert _aborted(mark) == 0
    work(is_amid=True)
    work(is_amid=False)
    work(is_amid=True)
    assert _aborted(mark) == 2
    assert _aborted(mark) == 2, "each once"
