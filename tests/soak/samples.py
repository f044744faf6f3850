"""Sample memory, open files, lag and live articles of workers, and decide whether they grow.

In: workers by stage and process id, brokers. Out: samples, and a slope for each process that ran
long enough. The slope is the median of the slopes between all pairs of samples (Theil-Sen
estimator), so that short bursts do not change it.
"""

import asyncio
import contextlib
import csv
import math
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.support.kafka import Kafka
from tests.support.workers import ENRICHED, EVENTS

MAX_POINTS = 400
"""Samples used for a slope. The time to compute it grows with their square."""
MIB = 1024 * 1024
SCRAPE_S = 5.0
INPUTS = {"enrich": EVENTS, "curate": ENRICHED}
"""The input topic of each stage. It has one partition, so that all events stay in order."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A series grows if its slope exceeds `per_hour` and its rise in the run exceeds `least`."""

    unit: str
    per_hour: float
    least: float


LIMITS = {
    "memory": Limit("MiB", 40.0, 16.0),
    "descriptors": Limit("open files", 12.0, 6.0),
    "lag": Limit("records", 2_000.0, 1_000.0),
}
LIVE = b"newsloom_live_articles"


@dataclass(slots=True)
class Line:
    """A time series: one quantity of one process or stage."""

    times_s: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, at_s: float, value: float) -> None:
        """Add a sample."""
        self.times_s.append(at_s)
        self.values.append(value)

    def since(self, start_s: float) -> "Line":
        """The samples from `start_s` on."""
        first = sum(at_s < start_s for at_s in self.times_s)
        return Line(self.times_s[first:], self.values[first:])

    def until(self, end_s: float) -> "Line":
        """The samples before `end_s`."""
        count = sum(at_s < end_s for at_s in self.times_s)
        return Line(self.times_s[:count], self.values[:count])

    @property
    def span_s(self) -> float:
        """Seconds from the first sample to the last; 0 without samples."""
        return self.times_s[-1] - self.times_s[0] if self.times_s else 0.0

    def slope_per_s(self) -> float:
        """The median of the slopes between all pairs of samples; 0 with fewer than two samples."""
        step = -(-len(self.times_s) // MAX_POINTS) or 1
        times, values = np.array(self.times_s[::step]), np.array(self.values[::step])
        first, second = np.triu_indices(len(times), 1)
        if not len(first):
            return 0.0
        return float(np.median((values[second] - values[first]) / (times[second] - times[first])))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The slope of a series, and whether it counts as growth."""

    what: str
    who: str
    span_s: float
    per_hour: float

    @property
    def rise(self) -> float:
        """The rise over the whole series, by its slope."""
        return self.per_hour * self.span_s / 3600

    @property
    def is_growth(self) -> bool:
        """Whether both the slope and the rise exceed the limit."""
        limit = LIMITS[self.what]
        return self.per_hour > limit.per_hour and self.rise > limit.least

    def __str__(self) -> str:
        limit = LIMITS[self.what]
        result = "GROWS" if self.is_growth else "within the limit"
        return (
            f"{self.what:<12} {self.who:<16} {self.per_hour:+9.1f} {limit.unit} per hour, "
            f"{self.rise:+.1f} in {self.span_s:,.0f} s "
            f"(allowed: {limit.per_hour:g} per hour, or {limit.least:g} in total): {result}"
        )


def judge(
    what: str, lines: Mapping[str, Line], start_s: float, warm_up_s: float, least_s: float
) -> list[Verdict]:
    """The verdicts on the series that are long enough.

    The first `warm_up_s` seconds of each series do not count, nor does the time before `start_s`. A
    series must be at least `least_s` seconds long after that.
    """
    verdicts = []
    for who, line in lines.items():
        if line.times_s:
            judged = line.since(max(start_s, line.times_s[0] + warm_up_s))
            if judged.span_s >= least_s:
                verdicts.append(Verdict(what, who, judged.span_s, judged.slope_per_s() * 3600))
    return verdicts


class Sampler(threading.Thread):
    """Sample all quantities every `every_s` seconds in a thread, until `end` is called."""

    def __init__(
        self,
        kafka: Kafka,
        workers: Callable[[], Sequence[tuple[str, int]]],
        now_s: Callable[[], float],
        every_s: float,
        port: int,
    ) -> None:
        super().__init__(daemon=True)
        self._kafka, self._workers, self._now_s = kafka, workers, now_s
        self._every_s = every_s
        self._ports = {"enrich": port, "curate": port + 1}
        self._is_ending = threading.Event()
        self.error: BaseException | None = None
        self.memory: dict[str, Line] = defaultdict(Line)
        self.descriptors: dict[str, Line] = defaultdict(Line)
        self.lag: dict[str, Line] = defaultdict(Line)
        self.live: dict[str, Line] = defaultdict(Line)

    def run(self) -> None:
        """Sample until `end` is called. An exception is stored, and `waiting` raises it."""
        try:
            asyncio.run(self._sample())
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        """Stop sampling."""
        self._is_ending.set()
        self.join()

    async def _sample(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            readers = {
                stage: await stack.enter_async_context(
                    AIOKafkaConsumer(
                        bootstrap_servers=self._kafka.servers,
                        group_id=self._kafka.prefix + stage,
                        enable_auto_commit=False,
                    )
                )
                for stage in INPUTS
            }
            for stage, topic in INPUTS.items():
                readers[stage].assign([TopicPartition(self._kafka.prefix + topic, 0)])
            while not self._is_ending.is_set():
                due = time.monotonic() + self._every_s
                for stage, reader in readers.items():
                    self.lag[stage].add(self._now_s(), await _lag(reader))
                for stage, pid in self._workers():
                    with contextlib.suppress(OSError):  # The worker may have ended by now.
                        self._sample_process(f"{stage} {pid}", pid)
                        await asyncio.to_thread(self._scrape, stage)
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _sample_process(self, who: str, pid: int) -> None:
        open_files = len(os.listdir(f"/proc/{pid}/fd"))
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        now_s = self._now_s()
        if pages:  # With 0 pages it is a zombie: it has ended, but its parent did not wait for it.
            self.memory[who].add(now_s, pages * os.sysconf("SC_PAGE_SIZE") / MIB)
            self.descriptors[who].add(now_s, open_files)

    def _scrape(self, stage: str) -> None:
        """Request the metrics as Prometheus does, and keep the number of live articles."""
        with urlopen(f"http://127.0.0.1:{self._ports[stage]}/metrics", timeout=SCRAPE_S) as answer:
            for line in answer.read().splitlines():
                if line.startswith(LIVE):
                    self.live["live articles"].add(self._now_s(), float(line.split()[-1]))

    def waiting(self) -> float:
        """The records that wait for both stages in the last samples; infinite without samples.

        Raises the error of the sampling thread, if there is one.
        """
        if self.error is not None:
            raise self.error
        latest = [line.values[-1] for line in self.lag.values() if line.values]
        return sum(latest) if len(latest) == len(INPUTS) else math.inf

    def lines(self) -> dict[str, dict[str, Line]]:
        """All series, by quantity and then by process or stage."""
        return {
            "memory": dict(self.memory),
            "descriptors": dict(self.descriptors),
            "lag": dict(self.lag),
            "live": dict(self.live),
        }


async def _lag(reader: AIOKafkaConsumer) -> float:
    """Records from the group's offsets to the ends. Markers of transactions count as records."""
    ends = await reader.end_offsets(list(reader.assignment()))
    return float(sum([end - (await reader.committed(tp) or 0) for tp, end in ends.items()]))


def write_csv(lines: Mapping[str, Mapping[str, Line]], path: Path) -> None:
    """Write all samples: quantity, process or stage, time in seconds, value."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("what", "who", "at_s", "value"))
        for what, series in lines.items():
            for who, line in series.items():
                writer.writerows(
                    (what, who, f"{at_s:.1f}", f"{value:.1f}")
                    for at_s, value in zip(line.times_s, line.values, strict=True)
                )
