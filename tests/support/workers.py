"""Workers as processes, events for them, and what they have committed.

In: brokers with a prefix of a test's own, events. Out: processes, and committed records.
"""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from aiokafka import AIOKafkaProducer, ConsumerRecord

from tests.support.kafka import COMMAND, Kafka
from tests.support.processes import start_process

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90.0
EVENTS, ENRICHED = "article-events.v1", "enriched-articles.v1"
CURATED, STORIES, LANE_STATE = "curated-articles.v1", "stories.v1", "lane-state.v1"
LETTERS = "dead-letters.v1"
MAX_REQUEST_BYTES = 4 * 1024 * 1024
CREATE_TIME = {"message.timestamp.type": "CreateTime", "max.message.bytes": "4194304"}

Row = dict[str, Any]
Event = tuple[bytes | None, bytes | None]


def create_topics(kafka: Kafka, partitions: int = 1) -> None:
    """All topics; article events keep the times that they are sent with."""
    kafka.create(kafka.prefix + EVENTS, partitions, CREATE_TIME)
    assert kafka.newsloom("topics", "create", "--partitions", partitions).code in (0, 1)


def start_worker(
    kafka: Kafka,
    *arguments: str,
    struck: Sequence[object] = (),
    said: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """`newsloom worker` with groups of the test's own; `struck`: the deed, the point, the call.

    `said` is for what it logs, where that is more than a pipe holds.
    """
    environment = kafka.environment() | {"NEWSLOOM_KAFKA_GROUP_PREFIX": kafka.prefix}
    command = [sys.executable, "-m", "tests.support.saboteur", *map(str, struck)]
    return start_process(
        [*(command if struck else [COMMAND]), "worker", *arguments],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE if said is None else said,
    )


@contextmanager
def working(kafka: Kafka, *stages: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A worker for each of `stages`, drained at the end. The list is the caller's to change."""
    workers = [start_worker(kafka, stage) for stage in stages]
    yield workers
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    ends = []
    for worker in workers:
        _, said = worker.communicate(timeout=30)
        ends.append((worker.returncode, said.decode()))
    assert ends == [(0, "")] * len(workers)


def send(
    kafka: Kafka,
    events: Sequence[Event],
    timestamp_ms: int | None = None,
    pause: Callable[[], object] = lambda: None,
) -> None:
    """Writes article events in order; with a pause after each hundred of them."""

    async def work() -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.servers,
            max_request_size=MAX_REQUEST_BYTES,
            enable_idempotence=True,
        ) as producer:
            for start in range(0, len(events), 100):
                sent = [
                    await producer.send(kafka.prefix + EVENTS, v, k, timestamp_ms=timestamp_ms)
                    for k, v in events[start : start + 100]
                ]
                await asyncio.gather(*sent)
                await asyncio.to_thread(pause)

    asyncio.run(work())


@contextmanager
def sending(kafka: Kafka, events: Sequence[Event], each_s: float) -> Iterator[Callable[[], None]]:
    """Writes article events at a steady rate meanwhile, the rest at once when what is given is
    called, or the block is left.
    """
    hurry = threading.Event()
    pause = partial(hurry.wait, 100 * each_s)
    thread = threading.Thread(target=send, args=(kafka, events, None, pause))
    thread.start()
    try:
        yield hurry.set
    finally:
        hurry.set()
        thread.join()


def wait_for(is_met: Callable[[], bool], what: str, every_s: float = 0.1) -> None:
    """Waits until something is so; asks every `every_s` seconds."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_met():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(every_s)


def await_all(kafka: Kafka, inputs: int, lanes: int = 1) -> None:
    """Waits until all inputs have gone through both stages."""
    early = 0
    counts = dict.fromkeys(range(lanes), 0)
    with kafka.reading(LETTERS, LANE_STATE) as reader:

        def is_through() -> bool:
            nonlocal early
            for record in reader.more():
                if record.topic.endswith(LETTERS):
                    early += letter_headers(record)["newsloom.stage"] != "curate"
                elif record.key == b"lane" and record.value and record.partition in counts:
                    row = json.loads(record.value)
                    counts[record.partition] = sum(row.get("outcomes", {}).values())
            return early + sum(counts.values()) >= inputs

        wait_for(is_through, f"{inputs} inputs through both stages", every_s=0)


def await_more(kafka: Kafka, topic: str) -> None:
    """Waits until more of a topic is committed than now."""
    with kafka.reading(topic) as reader:
        now = reader.count()
        wait_for(lambda: reader.count() > now, f"more in {topic}")


def outcomes(kafka: Kafka, lanes: int = 1) -> Counter[str]:
    """How the inputs of all lanes ended, by their own counts."""
    counts: Counter[str] = Counter()
    for lane in range(lanes):
        counts.update(lane_rows(kafka, lane).get("lane", {}).get("outcomes", {}))
    return counts


def letter_headers(record: ConsumerRecord) -> dict[str, str]:
    """The headers of a dead letter."""
    return {name: value.decode() for name, value in record.headers}


def lane_rows(kafka: Kafka, lane: int = 0) -> dict[str, Row]:
    """The rows of a lane as compaction would leave them."""
    rows: dict[str, Row] = {}
    for record in kafka.read(kafka.prefix + LANE_STATE):
        if record.partition != lane:
            continue
        if record.value is None:
            rows.pop(record.key.decode(), None)
        else:
            rows[record.key.decode()] = json.loads(record.value)
    return rows
