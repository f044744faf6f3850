"""Starts workers as processes, sends them events, and reads what they committed.

In: brokers with the topic prefix of one test, events. Out: processes, and committed records.
"""

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from aiokafka import AIOKafkaProducer, ConsumerRecord

from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.kafka.clients.admin import create_topics as create_missing
from newsloom.runtimes.kafka.clients.admin import open_admin
from newsloom.runtimes.kafka.topics.definitions import TOPICS, KafkaTopics
from newsloom.runtimes.kafka.topics.differences import Sizes
from tests.support.forked import COMMAND
from tests.support.kafka import Kafka
from tests.support.processes import start_process

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90.0
EVENTS, ENRICHED = "article-events.v1", "enriched-articles.v1"
CURATED, STORIES, LANE_STATE = "curated-articles.v1", "stories.v1", "lane-state.v1"
LETTERS = "dead-letters.v1"
MAX_REQUEST_BYTES = 4 * 1024 * 1024
CREATE_TIME = {"message.timestamp.type": "CreateTime", "max.message.bytes": "4194304"}

_WAITS = re.compile(
    r"^newsloom: worker \S+ (waits: .* reason=(no-answer|no-broker|restoring)|goes on)$"
)

Row = dict[str, Any]
Event = tuple[bytes | None, bytes | None]


def create_topics(kafka: Kafka, partitions: int = 1) -> None:
    """Creates all topics as `newsloom topics create` does, without starting a process.

    Only the topic of article events differs: its records keep the timestamps of their sender, and
    may have up to 4 MiB.
    """
    kafka.create(kafka.prefix + EVENTS, partitions, CREATE_TIME)
    pairs = kafka.settings.get("NEWSLOOM_KAFKA_LANES", "").split(",")
    table = {name: int(lane) for name, _, lane in (pair.partition("=") for pair in pairs) if name}
    lanes = LaneTable(table).count

    async def work() -> None:
        async with open_admin(kafka.servers) as admin:
            await create_missing(admin, KafkaTopics(kafka.prefix), Sizes(lanes, partitions))

    asyncio.run(work())


def create_uncompacted(kafka: Kafka, suffixes: Iterable[str], replication: int = 1) -> None:
    """Creates topics of one partition, whose records stay until a verifier has counted them."""
    for topic in TOPICS:
        if topic.suffix in suffixes:
            configs = topic.configs(replication) | {"min.compaction.lag.ms": "86400000"}
            kafka.create(kafka.prefix + topic.suffix, 1, configs, replication)


def start_worker(
    kafka: Kafka,
    *arguments: str,
    struck: Sequence[object] = (),
    said: int | IO[bytes] | None = None,
    is_fresh: bool = False,
) -> subprocess.Popen[bytes]:
    """Starts `newsloom worker`. Its consumer groups are those of the test's topics.

    `struck` holds an action, a point and the number of a call, with which `saboteur` disturbs it.
    `said` receives its log; the default is a pipe, which blocks the worker when it is full.
    With `is_fresh` it starts in a new interpreter.
    """
    command = [sys.executable, "-m", "tests.support.saboteur", *map(str, struck)]
    return start_process(
        [*(command if struck else [COMMAND]), "worker", *arguments],
        is_fresh=is_fresh,
        cwd=ROOT,
        env=kafka.environment(),
        stderr=subprocess.PIPE if said is None else said,
    )


def refused_to(kafka: Kafka, stage: str) -> str:
    """What a worker says that waits for Kafka to be as it needs it; it is ended then."""
    worker = start_worker(kafka, stage)
    assert worker.stderr is not None
    line = worker.stderr.readline().decode()
    worker.send_signal(signal.SIGTERM)
    assert worker.communicate(timeout=30)[1] == b""
    assert worker.returncode == 0
    return line


@contextmanager
def working(kafka: Kafka, *stages: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Runs a worker for each of `stages`, and drains all workers in the list at the end.

    The caller may change the list. Each worker must exit with 0 and log nothing, except that it
    waits, as it may on a busy machine.
    """
    workers = [start_worker(kafka, stage) for stage in stages]
    yield workers
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    ends = [end_of(worker) for worker in workers]
    assert ends == [(0, [])] * len(workers), ends


def end_of(worker: subprocess.Popen[bytes]) -> tuple[int, list[str]]:
    """The exit code of a worker that ends, and what it logged, without the lines of waiting."""
    _, log = worker.communicate(timeout=30)
    lines = log.decode().splitlines()
    return worker.returncode, [line for line in lines if not _WAITS.search(line)]


def send(
    kafka: Kafka,
    events: Iterable[Event],
    timestamp_ms: int | None = None,
    pause: Callable[[], object] = lambda: None,
) -> None:
    """Writes article events in order, and calls `pause` after each hundred of them."""

    async def work() -> None:
        remaining = iter(events)
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.servers,
            max_request_size=MAX_REQUEST_BYTES,
            enable_idempotence=True,
        ) as producer:
            while batch := list(islice(remaining, 100)):
                deliveries = [
                    await producer.send(kafka.prefix + EVENTS, v, k, timestamp_ms=timestamp_ms)
                    for k, v in batch
                ]
                await asyncio.gather(*deliveries)
                await asyncio.to_thread(pause)

    asyncio.run(work())


class Sender(threading.Thread):
    """Writes article events at a steady rate until it is stopped, and at least `least` of them.

    So a slow machine does not run out of events before the test ends.
    """

    def __init__(self, kafka: Kafka, events: Iterator[Event], each_s: float, least: int) -> None:
        super().__init__(daemon=True)
        self._kafka, self._events, self._each_s, self._least = kafka, events, each_s, least
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self.sent = 0

    def run(self) -> None:
        try:
            send(
                self._kafka,
                self._events_to_send(),
                None,
                partial(self._stopping.wait, 100 * self._each_s),
            )
        except BaseException as error:
            self._error = error

    def stop(self) -> int:
        """Writes the rest of the least number without pauses; returns how many events were sent.

        Raises the error that ended the thread, if there is one.
        """
        self._stopping.set()
        self.join()
        if self._error is not None:
            raise self._error
        return self.sent

    def _events_to_send(self) -> Iterator[Event]:
        for event in self._events:
            if self._stopping.is_set() and self.sent >= self._least:
                return
            self.sent += 1
            yield event


@contextmanager
def sending(kafka: Kafka, events: Iterator[Event], each_s: float, least: int) -> Iterator[Sender]:
    """Writes article events until the sender is stopped or the block is left."""
    sender = Sender(kafka, events, each_s, least)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def wait_for(is_met: Callable[[], bool], what: str, every_s: float = 0.1) -> None:
    """Waits until a condition is met, and checks it every `every_s` seconds.

    AssertionError that names `what` after DEADLINE_S.
    """
    deadline = time.monotonic() + DEADLINE_S
    while not is_met():
        assert time.monotonic() < deadline, f"not met within {DEADLINE_S} s: {what}"
        time.sleep(every_s)


def await_all(kafka: Kafka, inputs: int, lanes: int = 1) -> None:
    """Waits until both stages have processed all inputs."""
    enrich_letters = 0
    counts = dict.fromkeys(range(lanes), 0)
    with kafka.reading(LETTERS, LANE_STATE) as reader:

        def are_processed() -> bool:
            nonlocal enrich_letters
            for record in reader.more():
                if record.topic.endswith(LETTERS):
                    enrich_letters += letter_headers(record)["newsloom.stage"] != "curate"
                elif record.key == b"lane" and record.value and record.partition in counts:
                    row = json.loads(record.value)
                    counts[record.partition] = sum(row.get("outcomes", {}).values())
            return enrich_letters + sum(counts.values()) >= inputs

        wait_for(are_processed, f"{inputs} inputs through both stages", every_s=0)


def await_more(kafka: Kafka, topic: str) -> None:
    """Waits until the end offset of a topic has grown."""
    with kafka.reading(topic) as reader:
        before = reader.count()
        wait_for(lambda: reader.count() > before, f"more records in {topic}")


def outcomes(kafka: Kafka, lanes: int = 1) -> Counter[str]:
    """The number of inputs by outcome, summed over the rows of all lanes."""
    counts: Counter[str] = Counter()
    for lane in range(lanes):
        counts.update(lane_rows(kafka, lane).get("lane", {}).get("outcomes", {}))
    return counts


def letter_headers(record: ConsumerRecord) -> dict[str, str]:
    """The headers of a dead letter."""
    return {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}


def lane_rows(kafka: Kafka, lane: int = 0) -> dict[str, Row]:
    """The rows of a lane after compaction: the latest value of each key, without tombstones."""
    rows: dict[str, Row] = {}
    for record in kafka.read(kafka.prefix + LANE_STATE):
        if record.partition != lane:
            continue
        if record.value is None:
            rows.pop(record.key.decode(), None)
        else:
            rows[record.key.decode()] = json.loads(record.value)
    return rows
