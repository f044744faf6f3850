"""What is done to brokers and workers in a chaos run: disturbances, and mishaps that last.

In: the size of a run, a random generator. Out: killed, frozen, changed brokers and workers, and a
log of what was done when.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import NamedTuple

from deploy.kafka.brokers import Cluster
from tests.chaos.traffic import Pause, PauseMeter
from tests.chaos.worker_pool import WorkerPool
from tests.support.acl import allow, deny
from tests.support.kafka import Kafka
from tests.support.workers import CURATED, ENRICHED, EVENTS, LANE_STATE

FULL = 50_000
DISTURBANCES = {"kill": 20, "drain": 10, "freeze": 3, "change": 10, "broker": 5}
"""The disturbances of a run with FULL events: kill a worker (SIGKILL), drain one (SIGTERM), freeze
one (SIGSTOP), change the number of workers, kill a broker.
"""
MISHAPS = {"outage": 1, "hang": 1, "lost log": 2, "denial": 2, "partitions": 1}
"""The mishaps of a run with FULL events: kill all brokers, freeze one, lose the log of a partition
on one, deny the workers something, add partitions to article-events. Nothing else is done while one
lasts, and it may stop the output.
"""
SIZE = 3
"""Workers of each stage."""
PARTITIONS = 6
FREEZE_S = 10.0
BROKER_DOWN_S = 5.0
OUTAGE_S = 60.0
HANG_S = 40.0
DENIAL_S = 30.0
FENCED_S = 8.0
"""After this time a broker that is down has left all sets of replicas in sync, so that it cannot
lead a partition whose log it has lost."""
RECOVERY_S = 60.0
"""After this time without the mishap, there must be output again."""
DENIED = (
    ("topic", ENRICHED, "Write"),
    ("topic", EVENTS, "Read"),
    ("topic", LANE_STATE, "Write"),
    ("group", "enrich", "Read"),
    ("group", "curate", "Read"),
)
LOST = (EVENTS, ENRICHED, CURATED, LANE_STATE)


class Mishap(NamedTuple):
    """When a mishap lasted, in seconds since the start of the run. While it lasts, no end."""

    began_s: float
    ended_s: float = float("inf")

    def allows(self, pause: Pause) -> bool:
        """Whether the output may have stopped for this pause."""
        end_s = pause.began_s + pause.length_s
        is_during = pause.began_s <= self.ended_s and end_s > self.began_s
        return is_during and end_s <= self.ended_s + RECOVERY_S


def plan(random: Random, events: int, duration_s: float) -> list[tuple[float, str]]:
    """The deeds in order of time, in seconds from the start.

    Broker kills and mishaps are evenly spaced. The others are evenly spaced too. Both are in random
    order.
    """
    share = events / FULL

    def shuffled(counts: dict[str, int]) -> list[str]:
        kinds = [
            kind for kind, count in counts.items() for _ in range(max(1, round(count * share)))
        ]
        random.shuffle(kinds)
        return kinds

    def spaced(kinds: list[str]) -> list[tuple[float, str]]:
        gap_s = duration_s / (len(kinds) + 1)
        return [(gap_s * (n + 1), kind) for n, kind in enumerate(kinds)]

    of_workers = {kind: count for kind, count in DISTURBANCES.items() if kind != "broker"}
    of_brokers = {"broker": DISTURBANCES["broker"], **MISHAPS}
    return sorted(spaced(shuffled(of_workers)) + spaced(shuffled(of_brokers)))


@dataclass(slots=True)
class Chaos:
    """One run. Times are seconds since its start."""

    cluster: Cluster
    kafka: Kafka
    pool: WorkerPool
    meter: PauseMeter
    random: Random
    began_at: float
    counts: Counter[str] = field(default_factory=Counter)
    """The deeds so far, by kind."""
    log: list[tuple[float, str]] = field(default_factory=list)
    mishaps: list[Mishap] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    """Actions that end a deed, with the times at which they are due."""
    _broker_kills: int = 0
    _partitions: int = PARTITIONS

    def now_s(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self.began_at

    def report(self, line: str) -> None:
        """Print a line with the time and the number of curated records, and keep it."""
        self.log.append((self.now_s(), line))
        print(f"{self.now_s():7.1f} s  {self.meter.records:7,} curated  {line}", flush=True)

    def tend(self) -> None:
        """Restart ended workers, and end the deeds that are due."""
        self.pool.tend()
        due = [entry for entry in self._later if entry[0] <= self.now_s()]
        for entry in due:
            self._later.remove(entry)
            entry[1]()

    def do(self, kind: str) -> None:
        """One deed of DISTURBANCES or MISHAPS."""
        self.counts[kind] += 1
        if kind == "kill":
            self.report(self.pool.kill(self.random))
        elif kind == "drain":
            self.report(self.pool.drain(self.random))
        elif kind == "change":
            self.report(self.pool.change(self.random, SIZE))
        elif kind == "freeze":
            line, pid = self.pool.freeze(self.random)
            self.report(line)
            if pid is not None:
                self._after(FREEZE_S, partial(self.pool.resume, pid))
        elif kind == "broker":
            self._kill_broker()
        else:
            self.mishaps.append(Mishap(self.now_s()))
            {
                "outage": self._stop_brokers,
                "hang": self._freeze_broker,
                "lost log": self._lose_log,
                "denial": self._deny,
                "partitions": self._add_partitions,
            }[kind]()

    def is_disturbed(self) -> bool:
        """Whether a worker is still frozen, a broker is still down, or a mishap lasts."""
        return bool(self._later)

    def is_in_mishap(self) -> bool:
        """Whether a mishap lasts."""
        return any(mishap.ended_s == float("inf") for mishap in self.mishaps)

    def _after(self, delay_s: float, action: Callable[[], None]) -> None:
        self._later.append((self.now_s() + delay_s, action))

    def _end_mishap(self, line: str) -> None:
        self.report(line)
        self.mishaps[-1] = self.mishaps[-1]._replace(ended_s=self.now_s())

    def _kill_broker(self) -> None:
        """Kill the broker that coordinates a consumer group, curate and enrich in turn."""
        group = self.kafka.prefix + ("curate", "enrich")[self._broker_kills % 2]
        self._broker_kills += 1
        number = self.kafka.coordinator(group)
        self.cluster.kill(number)
        self.report(f"kill broker {number}, coordinator of {group}")
        self._after(BROKER_DOWN_S, partial(self._restart, number))

    def _restart(self, number: int) -> None:
        self.cluster.restart(number)
        self.report(f"broker {number} runs again")

    def _stop_brokers(self) -> None:
        for number in self.cluster.numbers:
            self.cluster.kill(number)
        self.report(f"kill all brokers for {OUTAGE_S:g} s")

        def start() -> None:
            self.cluster.start()
            self._end_mishap("all brokers run again")

        self._after(OUTAGE_S, start)

    def _freeze_broker(self) -> None:
        number = self.random.choice(self.cluster.numbers)
        self.cluster.pause(number)
        self.report(f"freeze broker {number} for {HANG_S:g} s")

        def resume() -> None:
            self.cluster.resume(number)
            self._end_mishap(f"broker {number} answers again")

        self._after(HANG_S, resume)

    def _lose_log(self) -> None:
        """Delete the log of a partition on one broker; the others have it."""
        number, topic = self.random.choice(self.cluster.numbers), self.random.choice(LOST)
        self.cluster.kill(number)
        folder = self.cluster.data(number) / f"{self.kafka.prefix}{topic}-0"
        shutil.rmtree(folder)
        self.report(f"kill broker {number}, which loses its log of {folder.name}")

        def restart() -> None:
            self.cluster.restart(number)
            self._end_mishap(f"broker {number} runs again")

        self._after(FENCED_S, restart)

    def _deny(self) -> None:
        kind, name, operation = self.random.choice(DENIED)
        denied = kind, self.kafka.prefix + name, operation
        deny(self.kafka.servers, *denied)
        self.report(f"deny {operation} on {kind} {name} for {DENIAL_S:g} s")

        def take_back() -> None:
            allow(self.kafka.servers, *denied)
            self._end_mishap(f"allow {operation} on {kind} {name}")

        self._after(DENIAL_S, take_back)

    def _add_partitions(self) -> None:
        self._partitions += 1
        topic = self.kafka.prefix + EVENTS
        self.kafka.add_partitions(topic, self._partitions)
        self._end_mishap(f"{topic} has {self._partitions} partitions")
