"""Measure speed and memory of the Kafka workers and of a lane's restore, with one local broker.

    python -m benchmarks.kafka [EVENTS.jsonl] [--restore ARTICLES] [--departed ARTICLES]

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
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from deploy.kafka.cluster import Cluster
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.lane.departed.pages import (
    PAGE_ARTICLES,
    Departed,
    DepartedPage,
    is_page_key,
    page_key,
    page_number,
)
from newsloom.pipeline.lane.rows import (
    DormantLead,
    LaneRow,
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    encode_row,
)
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Pipeline
from newsloom.runtimes.kafka.stages.lane_reader import POSITION_KEY, LanePosition, encode_position
from tests.support.endpoint import scrape
from tests.support.forked import COMMAND
from tests.support.generator import DEFAULT_START, generate
from tests.support.kafka import Kafka
from tests.support.pipeline import raw_input
from tests.support.ports import pick_neighbours
from tests.support.processes import peak_mib, processor_s
from tests.support.workers import CURATED, ENRICHED, EVENTS, LANE_STATE

DEAD_LETTERS = "dead-letters.v1"
EVENT_COUNT = 20_000
RESTORED = 200_000
DEPARTED = 400_000
DISTINCT = 5_000
ID_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Its multiples differ in all bits, as ids do."""
AGE = timedelta(days=20)
"""How much older the departed articles of a lane are: they have left the window."""
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
    parser.add_argument(
        "--departed",
        type=int,
        default=DEPARTED,
        metavar="ARTICLES",
        help=f"departed articles that are restored beside them ({DEPARTED})",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Cluster(Path(scratch) / "kafka", 1) as cluster:
        events = arguments.events or _make_events(Path(scratch))
        inputs = sum(1 for line in events.read_bytes().splitlines() if line.strip())
        print(f"{inputs:,} events of {events.name}, images off, one broker on the same machine")
        together = _prepare(cluster, "together.", events)
        with _running_worker(together, "all") as pids:
            _await_curated(together, inputs)
            peaks_mib = " + ".join(f"{peak_mib(pid):,.0f}" for pid in pids)
        _print_rate("worker all: enrich and curate together", together, CURATED, inputs, ENRICHED)
        print(f"    peak memory {peaks_mib} MiB")
        apart = _prepare(cluster, "apart.", events)
        with _running_worker(apart, "enrich"):
            _await(lambda: _count(apart, ENRICHED) + _count(apart, DEAD_LETTERS) >= inputs)
        _print_rate("one enrich process alone", apart, ENRICHED, inputs, ENRICHED)
        with _running_worker(apart, "curate"):
            _await_curated(apart, inputs)
        _print_rate("one curate process alone", apart, CURATED, inputs, CURATED)
        for articles, departed in ((0, 0), (arguments.restore, 0)):
            _restore(cluster, articles, departed)
        if arguments.departed:
            _restore(cluster, arguments.restore, arguments.departed)


def _make_events(folder: Path) -> Path:
    path = folder / "generated.jsonl"
    generated = generate(seed=1, count=EVENT_COUNT)
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in generated))
    return path


def _prepare(cluster: Cluster, prefix: str, events: Path) -> Kafka:
    """A client for new topics with this prefix; article-events holds the events already."""
    settings = {"NEWSLOOM_IMAGES": "off"}
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


def _print_rate(what: str, kafka: Kafka, end_topic: str, inputs: int, start_topic: str) -> None:
    """Print the inputs per second between the first record of a topic and the last of another."""
    began_ms = min(record.timestamp for record in kafka.read(kafka.prefix + start_topic))
    ended_ms = max(record.timestamp for record in kafka.read(kafka.prefix + end_topic))
    print(f"  {what:<40} {inputs / max(1, ended_ms - began_ms) * 1000:>7,.0f} events/s")


def _restore(cluster: Cluster, articles: int, departed: int) -> None:
    """Print the time from the start of a curate worker to its first commit, restore included."""
    prefix = f"restore{articles}.{departed}."
    port = pick_neighbours()
    settings = {"NEWSLOOM_IMAGES": "off", "NEWSLOOM_METRICS_PORT": str(port)}
    kafka = Kafka(cluster.bootstrap_servers, prefix, settings)
    assert kafka.newsloom("topics", "create").code == 0
    asyncio.run(_write_lane(kafka, articles, departed))
    event = orjson.dumps(next(iter(generate(seed=2, count=1))))
    kafka.send(prefix + EVENTS, [(None, event)])
    with _running_worker(kafka, "enrich"):
        _await(lambda: kafka.read(prefix + ENRICHED))
    began = time.time()
    with _running_worker(kafka, "curate") as (pid,):
        _await(lambda: kafka.read(prefix + CURATED))
        (first, *_) = kafka.read(prefix + CURATED)
        seconds, peak, used_s = first.timestamp / 1000 - began, peak_mib(pid), processor_s(pid)
        restore_s = scrape(port + 1).of("newsloom_restore_seconds", lane="0")
    what = f"start of a lane with {articles:,} articles"
    print(
        f"  {what:<40} {seconds:>7.1f} s, {restore_s:.1f} s of it the restore; "
        f"{departed:,} departed articles; processor time {used_s:.1f} s, "
        f"peak memory {peak:,.0f} MiB",
        flush=True,
    )


async def _write_lane(kafka: Kafka, articles: int, departed: int) -> None:
    """Write the rows of a lane to its state topic, as they are after compaction.

    A real lane of at most DISTINCT live articles and its share of the departed ones gives the rows.
    They are copied under new ids until the lane has the wanted number of articles.
    """
    state = _curate(min(articles, DISTINCT), departed * DISTINCT // max(articles, DISTINCT))
    rows, pages = list(state.rows()), -(-state.lane.departed // PAGE_ARTICLES)
    live = len(state.articles) or 1
    async with AIOKafkaProducer(bootstrap_servers=kafka.servers, linger_ms=20) as producer:
        topic = kafka.prefix + LANE_STATE
        sent = []
        for copy in range(-(-articles // live)):
            mask = copy * ID_STEP % (1 << 128)
            shift = Shift(mask, copy * (state.lane.placed + 1), copy * pages)
            for key, row in rows:
                value = encode_row(_copied(row, shift))
                copied_key = _copied_key(key, shift).encode()
                sent.append(await producer.send(topic, value, copied_key, 0))
            await asyncio.gather(*sent)
            sent.clear()
        await producer.send_and_wait(topic, encode_position(LanePosition()), POSITION_KEY, 0)


def _curate(live: int, departed: int) -> State:
    """A lane in memory with about so many articles of either kind."""
    pipeline = Pipeline(State(), load_catalogue(), "off")
    old = generate(seed=3, count=departed, start=DEFAULT_START - AGE)
    for event in chain(old, generate(seed=1, count=live)):
        for _ in pipeline.process(raw_input(event), ARRIVED_AT_S):
            pass
    return pipeline.state


class Shift(NamedTuple):
    """How far the numbers in a copy of the rows are from those of the rows.

    `id` is the exclusive or of ids.
    """

    id: int
    placed: int
    pages: int


def _copied_key(key: str, shift: Shift) -> str:
    kind, _, name = key.partition("/")
    if is_page_key(key):
        return page_key(page_number(key) + shift.pages)
    return f"{kind}/{_id(name, shift)}" if name else key


def _copied(row: Row, shift: Shift) -> Row:
    if isinstance(row, LiveArticle):
        return replace(
            row,
            article=row.article | {"id": _id(row.article["id"], shift)},
            story_id=_id(row.story_id, shift),
            placed=row.placed + shift.placed,
            duplicate_of=None,
            _encoded=None,
        )
    if isinstance(row, LiveStory):
        lead = row.published_lead and _id(row.published_lead, shift)
        return replace(row, id=_id(row.id, shift), published_lead=lead, _encoded=None)
    if isinstance(row, StoryAlias):
        return replace(row, id=_id(row.id, shift), merged_into=_id(row.merged_into, shift))
    if isinstance(row, DormantLead):
        live = _copied(row.live, shift)
        assert isinstance(live, LiveArticle)
        return DormantLead(_id(row.story_id, shift), live)
    if isinstance(row, DepartedPage):
        entries = [entry and _copied_entry(entry, shift) for entry in row.articles]
        return DepartedPage(row.number + shift.pages, row.last_at, entries)
    assert isinstance(row, LaneRow), "no work is pending"
    departed = row.departed + shift.pages * PAGE_ARTICLES
    return replace(row, placed=row.placed + shift.placed, departed=departed)


def _copied_entry(entry: Departed, shift: Shift) -> Departed:
    return entry._replace(
        id=_id(entry.id, shift),
        story_id=_id(entry.story_id, shift),
        address=_id(entry.address, shift),
        root=_id(entry.root, shift),
    )


def _id(row_id: str, shift: Shift) -> str:
    """The id in the copy; an empty one stays empty."""
    return f"{int(row_id, 16) ^ shift.id:032x}" if row_id else ""


if __name__ == "__main__":
    os.environ.pop("NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS", None)
    main()
