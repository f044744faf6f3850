"""Speed and memory of the workers on Kafka, one broker beside them, and of restoring a lane.

python -m benchmarks.kafka [EVENTS.jsonl] [--restore ARTICLES]. Without a file it makes 20,000
events. Times are those of the records that are committed. Needs Java 17 and Maven, as the tests.
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
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    encode_row,
)
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Pipeline
from newsloom.runtimes.kafka.worker.restore import POSITION_KEY, encode_position
from tests.support.generator import generate
from tests.support.kafka import COMMAND, Kafka
from tests.support.pipeline import raw_input
from tests.support.workers import CURATED, ENRICHED, EVENTS, LANE_STATE

EVENT_COUNT = 20_000
RESTORED = 200_000
DISTINCT = 5_000
ROOM = 2 * DISTINCT
"""Numbers that are kept for each copy of the lane's articles."""
ARRIVED_AT_S = 1_790_000_000
POLL_S = 2.0
"""Each look reads a topic from its beginning, and takes that from those who are measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", nargs="?", type=Path, help="JSON Lines to measure on")
    parser.add_argument("--restore", type=int, default=RESTORED, help="articles in the lane")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Cluster(Path(scratch) / "kafka", 1) as cluster:
        events = arguments.events or _make_events(Path(scratch))
        inputs = sum(1 for line in events.read_bytes().splitlines() if line.strip())
        print(f"{inputs:,} events of {events.name}, images off, one broker on the same machine")
        together = _prepared(cluster, "together.", events)
        with _working(together, "all") as workers:
            _await_curated(together, inputs)
            peaks_mib = " + ".join(f"{_peak_mib(pid):,.0f}" for pid in workers)
        _print_rate("worker all, enrich and curate at once", together, CURATED, inputs, ENRICHED)
        print(f"    peak memory {peaks_mib} MiB")
        apart = _prepared(cluster, "apart.", events)
        with _working(apart, "enrich"):
            _await(lambda: len(apart.read(apart.prefix + ENRICHED)) >= inputs)
        _print_rate("one enrich process alone", apart, ENRICHED, inputs, ENRICHED)
        with _working(apart, "curate"):
            _await_curated(apart, inputs)
        _print_rate("one curate process alone", apart, CURATED, inputs, CURATED)
        _restore(cluster, 0)
        _restore(cluster, arguments.restore)


def _make_events(folder: Path) -> Path:
    path = folder / "generated.jsonl"
    made = generate(seed=1, count=EVENT_COUNT)
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in made))
    return path


def _prepared(cluster: Cluster, prefix: str, events: Path) -> Kafka:
    settings = {"NEWSLOOM_KAFKA_GROUP_PREFIX": prefix, "NEWSLOOM_IMAGES": "off"}
    kafka = Kafka(cluster.bootstrap_servers, prefix, settings)
    for command in (("topics", "create", "--partitions", 1), ("produce", events, "--quiet")):
        done = kafka.newsloom(*command)
        assert done.code == 0, done.err
    return kafka


@contextmanager
def _working(kafka: Kafka, stage: str) -> Iterator[list[int]]:
    """A worker, and the ids of the processes that do its work."""
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
    def is_through() -> bool:
        rows = [r for r in kafka.read(kafka.prefix + LANE_STATE) if r.key == b"lane"]
        done = sum(orjson.loads(rows[-1].value)["outcomes"].values()) if rows else 0
        return done + len(kafka.read(kafka.prefix + "dead-letters.v1")) >= inputs

    _await(is_through)


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _print_rate(what: str, kafka: Kafka, last: str, inputs: int, first: str) -> None:
    began_ms = min(record.timestamp for record in kafka.read(kafka.prefix + first))
    ended_ms = max(record.timestamp for record in kafka.read(kafka.prefix + last))
    print(f"  {what:<40} {inputs / (ended_ms - began_ms) * 1000:>7,.0f} events/s")


def _restore(cluster: Cluster, articles: int) -> None:
    """From the start of a process to its first commit, with so many articles in the lane."""
    prefix = f"restore{articles}."
    settings = {"NEWSLOOM_KAFKA_GROUP_PREFIX": prefix, "NEWSLOOM_IMAGES": "off"}
    kafka = Kafka(cluster.bootstrap_servers, prefix, settings)
    assert kafka.newsloom("topics", "create").code == 0
    asyncio.run(_write_lane(kafka, articles))
    event = orjson.dumps(next(iter(generate(seed=2, count=1))))
    kafka.send(prefix + EVENTS, [(None, event)])
    with _working(kafka, "enrich"):
        _await(lambda: kafka.read(prefix + ENRICHED))
    began = time.time()
    with _working(kafka, "curate") as (worker,):
        _await(lambda: kafka.read(prefix + CURATED))
        (first, *_) = kafka.read(prefix + CURATED)
        seconds, peak = first.timestamp / 1000 - began, _peak_mib(worker)
    what = f"to begin with {articles:,} articles in the lane"
    print(f"  {what:<40} {seconds:>7.1f} s, peak memory {peak:,.0f} MiB")


async def _write_lane(kafka: Kafka, articles: int) -> None:
    """Rows as a compacted topic holds them: those of a real lane, under ids of their own."""
    pipeline = Pipeline(State(), load_catalogue(), "off")
    for event in generate(seed=1, count=min(articles, DISTINCT)):
        pipeline.process(raw_input(event), ARRIVED_AT_S)
    rows = list(pipeline.state.rows())
    held = len(pipeline.state.articles) or 1
    async with AIOKafkaProducer(bootstrap_servers=kafka.servers, linger_ms=20) as producer:
        topic = kafka.prefix + LANE_STATE
        sent = []
        for copy in range(-(-articles // held)):
            for key, row in rows:
                kind, _, ident = key.partition("/")
                name = f"{kind}/{_id(ident, copy)}" if ident else key
                value = encode_row(_copied(row, copy))
                sent.append(await producer.send(topic, value, name.encode(), 0))
            await asyncio.gather(*sent)
            sent.clear()
        await producer.send_and_wait(topic, encode_position(0), POSITION_KEY, 0)


def _copied(row: Row, copy: int) -> Row:
    if isinstance(row, LiveArticle):
        return replace(
            row,
            article=row.article | {"id": _id(row.article["id"], copy)},
            story_id=_id(row.story_id, copy),
            placed=row.placed + copy * ROOM,
            duplicate_of=None,
            _encoded=None,
        )
    if isinstance(row, LiveStory):
        return replace(row, id=_id(row.id, copy))
    if isinstance(row, StoryAlias):
        return replace(row, id=_id(row.id, copy), merged_into=_id(row.merged_into, copy))
    return replace(row, placed=row.placed + copy * ROOM)


def _id(ident: str, copy: int) -> str:
    return f"{int(ident, 16) ^ copy:032x}"


if __name__ == "__main__":
    os.environ.pop("NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS", None)
    main()
