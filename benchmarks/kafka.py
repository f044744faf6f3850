"""Measure speed and memory of the Kafka workers and of a lane's restore, with one local broker.

    python -m benchmarks.kafka [EVENTS.jsonl] [--restore ARTICLES]

In: a file of events; without one, 20,000 generated events. Out: printed figures. Times are the
timestamps of committed records. Needs Java 17 and Maven, as the tests do.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
from aiokafka import AIOKafkaProducer

from deploy.kafka.cluster import Cluster
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.lane.rows import (
    LaneRow,
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    encode_row,
)
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Pipeline
from newsloom.runtimes.kafka.stages.lane_reader import POSITION_KEY, encode_position
from tests.support.forked import COMMAND
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.pipeline import raw_input
from tests.support.workers import CURATED, ENRICHED, EVENTS, LANE_STATE

DEAD_LETTERS = "dead-letters.v1"
EVENT_COUNT = 20_000
RESTORED = 200_000
DISTINCT = 5_000
NUMBERS_PER_COPY = 2 * DISTINCT
"""The size of the range of placement numbers of each copy of the lane's articles."""
ARRIVED_AT_S = 1_790_000_000
POLL_S = 2.0
"""Not shorter, because each poll reads a topic from its beginning and slows the workers down."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", nargs="?", type=Path, help="events to measure with (JSON Lines)")
    parser.add_argument(
        "--restore",
        type=int,
        default=RESTORED,
        metavar="ARTICLES",
        help=f"articles in the lane that is restored ({RESTORED})",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Cluster(Path(scratch) / "kafka", 1) as cluster:
        events = arguments.events or _make_events(Path(scratch))
        inputs = sum(1 for line in events.read_bytes().splitlines() if line.strip())
        print(f"{inputs:,} events of {events.name}, images off, one broker on the same machine")
        together = _prepare(cluster, "together.", events)
        with _running_worker(together, "all") as pids:
            _await_curated(together, inputs)
            peaks_mib = " + ".join(f"{_peak_mib(pid):,.0f}" for pid in pids)
        _print_rate("worker all: enrich and curate together", together, CURATED, inputs, ENRICHED)
        print(f"    peak memory {peaks_mib} MiB")
        apart = _prepare(cluster, "apart.", events)
        with _running_worker(apart, "enrich"):
            _await(lambda: _count(apart, ENRICHED) + _count(apart, DEAD_LETTERS) >= inputs)
        _print_rate("one enrich process alone", apart, ENRICHED, inputs, ENRICHED)
        with _running_worker(apart, "curate"):
            _await_curated(apart, inputs)
        _print_rate("one curate process alone", apart, CURATED, inputs, CURATED)
        _restore(cluster, 0)
        _restore(cluster, arguments.restore)


def _make_events(folder: Path) -> Path:
    path = folder / "generated.jsonl"
    generated = generate(seed=1, count=EVENT_COUNT)
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in generated))
    return path


def _prepare(cluster: Cluster, prefix: str, events: Path) -> Kafka:
    """A client for new topics with this prefix; article-events holds the events already."""
    settings = {"NEWSLOOM_KAFKA_GROUP_PREFIX": prefix, "NEWSLOOM_IMAGES": "off"}
    kafka = Kafka(cluster.bootstrap_servers, prefix, settings)
    for command in (("topics", "create", "--partitions", 1), ("produce", events, "--quiet")):
        done = kafka.newsloom(*command)
        assert done.code == 0, done.err
    return kafka


@contextmanager
def _running_worker(kafka: Kafka, stage: str) -> Iterator[list[int]]:
    """Run a worker; yields the ids of the processes that do its work. SIGTERM at the end."""
    worker = subprocess.Popen([COMMAND, "worker", stage], env=kafka.environment())
    try:
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        if stage == "all":
            _await(lambda: len(children.read_text().split()) == 2)
        yield [int(pid) for pid in children.read_text().split()] or [worker.pid]
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


def _await(is_met: Callable[[], object]) -> None:
    while not is_met():
        time.sleep(POLL_S)


def _await_curated(kafka: Kafka, inputs: int) -> None:
    def is_complete() -> bool:
        rows = [r for r in kafka.read(kafka.prefix + LANE_STATE) if r.key == b"lane"]
        curated = sum(orjson.loads(rows[-1].value)["outcomes"].values()) if rows else 0
        return curated + _count(kafka, DEAD_LETTERS) >= inputs

    _await(is_complete)


def _count(kafka: Kafka, topic: str) -> int:
    return len(kafka.read(kafka.prefix + topic))


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _print_rate(what: str, kafka: Kafka, end_topic: str, inputs: int, start_topic: str) -> None:
    """Print the inputs per second between the first record of a topic and the last of another."""
    began_ms = min(record.timestamp for record in kafka.read(kafka.prefix + start_topic))
    ended_ms = max(record.timestamp for record in kafka.read(kafka.prefix + end_topic))
    print(f"  {what:<40} {inputs / max(1, ended_ms - began_ms) * 1000:>7,.0f} events/s")


def _restore(cluster: Cluster, articles: int) -> None:
    """Print the time from the start of a curate worker to its first commit, restore included."""
    prefix = f"restore{articles}."
    settings = {"NEWSLOOM_KAFKA_GROUP_PREFIX": prefix, "NEWSLOOM_IMAGES": "off"}
    kafka = Kafka(cluster.bootstrap_servers, prefix, settings)
    assert kafka.newsloom("topics", "create").code == 0
    asyncio.run(_write_lane(kafka, articles))
    event = orjson.dumps(next(iter(generate(seed=2, count=1))))
    kafka.send(prefix + EVENTS, [(None, event)])
    with _running_worker(kafka, "enrich"):
        _await(lambda: kafka.read(prefix + ENRICHED))
    began = time.time()
    with _running_worker(kafka, "curate") as (pid,):
        _await(lambda: kafka.read(prefix + CURATED))
        (first, *_) = kafka.read(prefix + CURATED)
        seconds, peak_mib = first.timestamp / 1000 - began, _peak_mib(pid)
    what = f"start of a lane with {articles:,} articles"
    print(f"  {what:<40} {seconds:>7.1f} s, peak memory {peak_mib:,.0f} MiB")


async def _write_lane(kafka: Kafka, articles: int) -> None:
    """Write the rows of a lane to its state topic, as they are after compaction.

    A real lane of at most DISTINCT events gives the rows. They are copied under new ids until the
    lane has the wanted number of articles.
    """
    pipeline = Pipeline(State(), load_catalogue(), "off")
    for event in generate(seed=1, count=min(articles, DISTINCT)):
        for _ in pipeline.process(raw_input(event), ARRIVED_AT_S):
            pass
    rows = list(pipeline.state.rows())
    live = len(pipeline.state.articles) or 1
    async with AIOKafkaProducer(bootstrap_servers=kafka.servers, linger_ms=20) as producer:
        topic = kafka.prefix + LANE_STATE
        sent = []
        for copy in range(-(-articles // live)):
            for key, row in rows:
                kind, _, row_id = key.partition("/")
                copied_key = f"{kind}/{_id(row_id, copy)}" if row_id else key
                value = encode_row(_copied(row, copy))
                sent.append(await producer.send(topic, value, copied_key.encode(), 0))
            await asyncio.gather(*sent)
            sent.clear()
        await producer.send_and_wait(topic, encode_position(0), POSITION_KEY, 0)


def _copied(row: Row, copy: int) -> Row:
    if isinstance(row, LiveArticle):
        return replace(
            row,
            article=row.article | {"id": _id(row.article["id"], copy)},
            story_id=_id(row.story_id, copy),
            placed=row.placed + copy * NUMBERS_PER_COPY,
            duplicate_of=None,
            _encoded=None,
        )
    if isinstance(row, LiveStory):
        return replace(row, id=_id(row.id, copy))
    if isinstance(row, StoryAlias):
        return replace(row, id=_id(row.id, copy), merged_into=_id(row.merged_into, copy))
    assert isinstance(row, LaneRow), "no work is pending"
    return replace(row, placed=row.placed + copy * NUMBERS_PER_COPY)


def _id(row_id: str, copy: int) -> str:
    return f"{int(row_id, 16) ^ copy:032x}"


if __name__ == "__main__":
    os.environ.pop("NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS", None)
    main()
