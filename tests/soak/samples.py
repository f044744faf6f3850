"""What workers hold, again and again, and whether it grows.

In: workers by stage and process id, brokers. Out: samples; a slope for each process that ran long
enough, by the median of all slopes between two samples (Theil and Sen), which bursts do not move.
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
"""Of a line whose slope is taken: it takes time with the square of them."""
MIB = 1024 * 1024
SCRAPE_S = 5.0
INPUTS = {"enrich": EVENTS, "curate": ENRICHED}
"""Of each stage the topic that it reads: one partition, for several would change the order."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A line grows if it rises by more than `per_hour`, and by `least` in what was seen of it."""

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
    """One quantity of one process, or of a stage, over time."""

    times_s: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, at_s: float, value: float) -> None:
        """One more sample."""
        self.times_s.append(at_s)
        self.values.append(value)

    def since(self, start_s: float) -> "Line":
        """The samples from then on."""
        first = sum(at_s < start_s for at_s in self.times_s)
        return Line(self.times_s[first:], self.values[first:])

    def until(self, end_s: float) -> "Line":
        """The samples before then."""
        count = sum(at_s < end_s for at_s in self.times_s)
        return Line(self.times_s[:count], self.values[:count])

    @property
    def span_s(self) -> float:
        """From the first sample to the last."""
        return self.times_s[-1] - self.times_s[0] if self.times_s else 0.0

    def slope_per_s(self) -> float:
        """The median slope between two samples; 0 of fewer than two."""
        step = -(-len(self.times_s) // MAX_POINTS) or 1
        times, values = np.array(self.times_s[::step]), np.array(self.values[::step])
        ahead, behind = np.triu_indices(len(times), 1)
        if not len(ahead):
            return 0.0
        return float(np.median((values[behind] - values[ahead]) / (times[behind] - times[ahead])))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The slope of a line, and whether that is growth."""

    what: str
    who: str
    span_s: float
    per_hour: float

    @property
    def is_growth(self) -> bool:
        """Whether it is beyond the limit."""
        limit = LIMITS[self.what]
        rise = self.per_hour * self.span_s / 3600
        return self.per_hour > limit.per_hour and rise > limit.least

    def __str__(self) -> str:
        limit = LIMITS[self.what]
        words = "GROWS" if self.is_growth else "level"
        return (
            f"{self.what:<12} {self.who:<16} {self.per_hour:+9.1f} {limit.unit} an hour over "
            f"{self.span_s:,.0f} s (allowed {limit.per_hour:g}, or {limit.least:g} in all): {words}"
        )


def judge(
    what: str, lines: Mapping[str, Line], start_s: float, warm_up_s: float, least_s: float
) -> list[Verdict]:
    """The verdict on each line, its warm-up left out, that is at least so long."""
    verdicts = []
    for who, line in lines.items():
        if line.times_s:
            warm = line.since(max(start_s, line.times_s[0] + warm_up_s))
            if warm.span_s >= least_s:
                verdicts.append(Verdict(what, who, warm.span_s, warm.slope_per_s() * 3600))
    return verdicts


class Sampler(threading.Thread):
    """Takes a sample of everything every so many seconds, until it is told to end."""

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
        """Samples until it is told to end; an error is kept for who asks."""
        try:
            asyncio.run(self._sample())
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        """Ends it."""
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
                    with contextlib.suppress(OSError):  # it may have just ended
                        self._look_at(f"{stage} {pid}", pid)
                        await asyncio.to_thread(self._scrape, stage)
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _look_at(self, who: str, pid: int) -> None:
        open_files = len(os.listdir(f"/proc/{pid}/fd"))
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        now_s = self._now_s()
        if pages:  # else it has ended and is not buried yet
            self.memory[who].add(now_s, pages * os.sysconf("SC_PAGE_SIZE") / MIB)
            self.descriptors[who].add(now_s, open_files)

    def _scrape(self, stage: str) -> None:
        """Asks for the metrics as Prometheus does; of them the number of live articles is kept."""
        with urlopen(f"http://127.0.0.1:{self._ports[stage]}/metrics", timeout=SCRAPE_S) as answer:
            for line in answer.read().splitlines():
                if line.startswith(LIVE):
                    self.live["live articles"].add(self._now_s(), float(line.split()[-1]))

    def waiting(self) -> float:
        """The records that wait for both stages, as last seen."""
        if self.error is not None:
            raise self.error
        seen = [line.values[-1] for line in self.lag.values() if line.values]
        return sum(seen) if len(seen) == len(INPUTS) else math.inf

    def lines(self) -> dict[str, dict[str, Line]]:
        """All lines, by quantity and by whose they are."""
        return {
            "memory": dict(self.memory),
            "descriptors": dict(self.descriptors),
            "lag": dict(self.lag),
            "live": dict(self.live),
        }


async def _lag(reader: AIOKafkaConsumer) -> float:
    """Records from the group's offsets to the ends; marks of transactions count as records."""
    ends = await reader.end_offsets(list(reader.assignment()))
    return float(sum([end - (await reader.committed(tp) or 0) for tp, end in ends.items()]))


def write_csv(lines: Mapping[str, Mapping[str, Line]], path: Path) -> None:
    """All samples: what, whose, when, how much."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("what", "who", "at_s", "value"))
        for what, each in lines.items():
            for who, line in each.items():
                writer.writerows(
                    (what, who, f"{at_s:.1f}", f"{value:.1f}")
                    for at_s, value in zip(line.times_s, line.values, strict=True)
                )
