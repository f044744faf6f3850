"""Measure the cost of an article in time and memory as a lane grows, on a generated stream.

    python -m benchmarks.lane_size [--articles N] [--per-day N [N ...]] [--every N] [--plot FILE]

In: nothing. Out: a table with a line per `--every` events: mean and 99th percentile of the
processor time of an article, the memory of this process and the size of its spill file. Only
curation counts, including the encoding of its rows. Other work on the machine does not count.
"""

import argparse
import gc
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.story_costs import Cost, plot_costs
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.adapters.storage.spill_file import SpillFile
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Enricher
from newsloom.records.faults import Fault
from newsloom.runtimes.kafka.stages.enriched_records import decode_arrival, encode_arrival
from tests.support.generator import DAY_S, DEFAULT_START, generate
from tests.support.pipeline import raw_input

BATCH = 512


class Point(NamedTuple):
    """The cost of an article since the previous point, and the lane at this point."""

    live: int
    stories: int
    mean_us: float
    p99_us: float
    memory_mib: float
    scratch_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=250_000, help="events of a run (250000)")
    parser.add_argument(
        "--per-day",
        type=int,
        nargs="+",
        default=[20_000, 200_000, 1_000_000],
        metavar="N",
        help="events per day; one run for each N (20000 200000 1000000)",
    )
    parser.add_argument("--every", type=int, default=50_000, help="events per line (50000)")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw cost against lane size: .svg or .png"
    )
    arguments = parser.parse_args()
    gc.set_threshold(500_000, 20, 50)
    costs: dict[str, list[Cost]] = {}
    for per_day in arguments.per_day:
        series = costs[f"{per_day:,} events per day"] = []
        print(f"{per_day:,} events per day")
        print("      live    stories   mean us    p99 us   articles/s   memory MiB   scratch MiB")
        for point in measure(arguments.articles, per_day, arguments.every):
            print(
                f"{point.live:>10,} {point.stories:>10,} {point.mean_us:>9.0f} "
                f"{point.p99_us:>9.0f} {1e6 / point.mean_us:>12,.0f} {point.memory_mib:>12,.0f} "
                f"{point.scratch_mib:>13,.0f}",
                flush=True,
            )
            series.append(Cost(point.live, point.mean_us))
    if arguments.plot:
        plot_costs(arguments.plot, costs)


def measure(articles: int, per_day: int, every: int) -> Iterator[Point]:
    """Curate `articles` events; yield a point after each `every` of them."""
    spill = SpillFile()
    curator = Curator(State(spill))
    spent: list[float] = []
    rows: dict[str, bytes | None] = {}
    for value in _arrivals(articles, per_day):
        spent.append(_curate(curator, value, rows))
        if len(spent) % BATCH == 0:
            rows.clear()
        if len(spent) >= every:
            yield _point(curator.state, spill, spent)
            spent.clear()


def _arrivals(articles: int, per_day: int) -> Iterator[bytes]:
    """Encoded arrivals of a generated stream. Another process generates and enriches them."""
    receiving_end, sending_end = Pipe(duplex=False)
    process = Process(target=_send_arrivals, args=(sending_end, articles, per_day), daemon=True)
    process.start()
    sending_end.close()
    with suppress(EOFError):
        while True:
            yield from receiving_end.recv()
    process.join()


def _send_arrivals(out: Connection, articles: int, per_day: int) -> None:
    enricher = Enricher(load_catalogue(), "trust")
    start_s = int(DEFAULT_START.timestamp())
    batch: list[bytes] = []
    for number, event in enumerate(generate(1, articles, articles_per_day=per_day)):
        arrival = enricher.enrich(raw_input(event), start_s + number * DAY_S // per_day).arrival
        assert not isinstance(arrival, Fault), arrival
        batch.append(encode_arrival(arrival)[1])
        if len(batch) == BATCH:
            out.send(batch)
            batch.clear()
    out.send(batch)
    out.close()


def _curate(curator: Curator, value: bytes, rows: dict[str, bytes | None]) -> float:
    """The processor time of one arrival in seconds, including the encoding of its rows."""
    prepared = decode_arrival(value)
    assert isinstance(prepared, Enriched)
    began = time.process_time()
    for step in curator.curate(prepared):
        rows.update(step.rows)
    return time.process_time() - began


def _point(state: State, spill: SpillFile, spent: list[float]) -> Point:
    microseconds = np.array(spent) * 1e6
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Point(
        len(state.articles),
        len(state.stories),
        float(microseconds.mean()),
        float(np.percentile(microseconds, 99)),
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        spill.size / 2**20,
    )


if __name__ == "__main__":
    main()
