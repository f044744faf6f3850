"""Chaos test: three brokers and three workers of each stage are disturbed while events flow.

    python -m tests.chaos --events 50000 --rate 100 --seed 1

In: the number of events. Out: a line for each disturbance, then the result of a verifier that
shares no code with the pipeline. Exit code 1 if a record is lost, repeated, out of order or
different from an embedded run, if what a subscriber holds after a transaction is inconsistent, or
if the longest pause exceeds MAX_PAUSE_S. Smaller runs have fewer disturbances.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from aiokafka.admin import AIOKafkaAdminClient

from deploy.kafka.brokers import Cluster
from tests.chaos.traffic import Feed, PauseMeter, is_caught_up
from tests.chaos.worker_pool import WorkerPool
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.verifier import PUBLISHED, verify
from tests.support.workers import Event

FULL = 50_000
DISTURBANCES = {"kill": 20, "drain": 10, "freeze": 3, "change": 10, "broker": 5}
"""The disturbances of a run with FULL events: kill a worker (SIGKILL), drain one (SIGTERM), freeze
one (SIGSTOP), change the number of workers, kill a broker.
"""
SIZE = 3
"""Workers of each stage."""
PARTITIONS = 6
FREEZE_S = 10.0
BROKER_DOWN_S = 5.0
QUIET_S = 5.0
"""After this time without a record, the run checks whether all events are processed."""
DRAIN_LIMIT_S = 300.0
MAX_PAUSE_S = 15.0
START = datetime(2024, 3, 4, tzinfo=UTC)
# Compaction must not remove a record before the verifier has counted it.
UNCOMPACTED = {
    "cleanup.policy": "compact,delete",
    "min.compaction.lag.ms": "86400000",
    "max.message.bytes": "4194304",
    "min.insync.replicas": "2",
}


def feed(seed: int, count: int) -> list[Event]:
    """Events of all kinds, keyed by webUrl. Every 200th is not valid JSON."""
    events: list[Event] = []
    for number, event in enumerate(generate(seed, count, start=START)):
        if number % 200 == 0:
            events.append((b"poison %d" % number, b"{"))
        else:
            events.append((event["webUrl"].encode(), json.dumps(event).encode()))
    return events


def plan(random: Random, events: int, duration_s: float) -> list[tuple[float, str]]:
    """The disturbances in order of time, in seconds from the start.

    Broker kills are evenly spaced. The others are evenly spaced too, in random order.
    """
    share = events / FULL
    counts = {kind: max(1, round(count * share)) for kind, count in DISTURBANCES.items()}
    brokers = counts.pop("broker")
    others = [kind for kind, count in counts.items() for _ in range(count)]
    random.shuffle(others)
    gap_s = duration_s / (len(others) + 1)
    planned = [(gap_s * (n + 1), kind) for n, kind in enumerate(others)]
    gap_s = duration_s / (brokers + 1)
    return sorted(planned + [(gap_s * (n + 1), "broker") for n in range(brokers)])


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
    """The disturbances so far, by kind."""
    log: list[tuple[float, str]] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    """Actions that end a disturbance, with the times at which they are due."""
    _broker_kills: int = 0

    def now_s(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self.began_at

    def report(self, line: str) -> None:
        """Print a line with the time and the number of curated records, and keep it."""
        self.log.append((self.now_s(), line))
        print(f"{self.now_s():7.1f} s  {self.meter.records:7,} curated  {line}", flush=True)

    def tend(self) -> None:
        """Restart ended workers, and end the disturbances that are due."""
        self.pool.tend()
        due = [entry for entry in self._later if entry[0] <= self.now_s()]
        for entry in due:
            self._later.remove(entry)
            entry[1]()

    def disturb(self, kind: str) -> None:
        """Cause one disturbance of DISTURBANCES."""
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
                self._later.append((self.now_s() + FREEZE_S, lambda: self.pool.resume(pid)))
        else:
            self._kill_broker()

    def _kill_broker(self) -> None:
        """Kill the broker that coordinates a consumer group, curate and enrich in turn."""
        group = self.kafka.prefix + ("curate", "enrich")[self._broker_kills % 2]
        self._broker_kills += 1
        number = asyncio.run(_coordinator(self.kafka.servers, group))
        self.cluster.kill(number)
        self.report(f"kill broker {number}, coordinator of {group}")
        self._later.append((self.now_s() + BROKER_DOWN_S, lambda: self._restart(number)))

    def _restart(self, number: int) -> None:
        self.cluster.restart(number)
        self.report(f"broker {number} runs again")

    def is_disturbed(self) -> bool:
        """Whether a worker is still frozen or a broker is still down."""
        return bool(self._later)


async def _coordinator(servers: str, group: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return int(await admin.find_coordinator(group))
    finally:
        await admin.close()


def run(cluster: Cluster, options: argparse.Namespace, folder: Path) -> bool:
    """Run the test. Returns True if it passed."""
    kafka = Kafka(cluster.bootstrap_servers, "chaos.")
    for topic in PUBLISHED:
        kafka.create(kafka.prefix + topic, 1, UNCOMPACTED, replication=3)
    created = kafka.newsloom("topics", "create", "--partitions", PARTITIONS)
    assert created.code in (0, 1), created.err
    events = feed(options.seed, options.events)
    pool = WorkerPool(kafka, SIZE, folder)
    try:
        began_at = time.monotonic()
        source = Feed(kafka, events, options.rate)
        meter = PauseMeter(kafka, began_at)
        chaos = Chaos(cluster, kafka, pool, meter, Random(options.seed), began_at)
        meter.start()
        source.start()
        _disturb_all(chaos, source, plan(chaos.random, len(events), len(events) / options.rate))
        _wait_until_caught_up(chaos)
        pool.end()
    finally:
        pool.kill_all()
    meter.end()
    return _report(chaos, folder)


def _disturb_all(chaos: Chaos, source: Feed, planned: list[tuple[float, str]]) -> None:
    """Cause the planned disturbances until all events are sent.

    A disturbance waits until a curated record has arrived since the one before it.
    """
    disturbed_at = time.monotonic()
    while source.is_alive() or planned:
        chaos.tend()
        has_recovered = chaos.meter.last_record_at > disturbed_at
        if planned and chaos.now_s() >= planned[0][0] and has_recovered and source.is_alive():
            chaos.disturb(planned.pop(0)[1])
            disturbed_at = time.monotonic()
        elif planned and not source.is_alive():
            chaos.report(f"{len(planned)} disturbances skipped, because all events are sent")
            planned.clear()
        time.sleep(0.05)
    if source.error is not None:
        raise source.error
    chaos.report(f"all {source.sent:,} events are sent")


def _wait_until_caught_up(chaos: Chaos) -> None:
    """Wait until all events are processed, at most DRAIN_LIMIT_S."""
    deadline = time.monotonic() + DRAIN_LIMIT_S
    while time.monotonic() < deadline:
        chaos.tend()
        quiet_s = time.monotonic() - chaos.meter.last_record_at
        if quiet_s > QUIET_S and not chaos.is_disturbed() and is_caught_up(chaos.kafka):
            return
        time.sleep(0.1)


def _report(chaos: Chaos, folder: Path) -> bool:
    """Verify and print the results. Returns True if the run passed."""
    print("\nverifying all records", flush=True)
    account = verify(chaos.kafka.servers, chaos.kafka.prefix, folder / "embedded")
    print(account)
    for fault in account.faults:
        print(f"  {fault}")
    print("disturbances: " + ", ".join(f"{count} {kind}" for kind, count in chaos.counts.items()))
    print(f"workers that ended unexpectedly: {chaos.pool.unexpected_ends.total()}")
    for message, count in chaos.pool.unexpected_ends.most_common():
        print(f"  {count} x {message}")
    longest_s = max((pause.length_s for pause in chaos.meter.pauses), default=0.0)
    print(f"longest pause: {longest_s:.1f} s (allowed: {MAX_PAUSE_S:g} s)")
    for pause in chaos.meter.pauses:
        end_s = pause.began_s + pause.length_s
        causes = [f"{at:.1f} {line}" for at, line in chaos.log if pause.began_s - 3 < at < end_s]
        print(f"  {pause.length_s:.1f} s from {pause.began_s:.1f} s on: {'; '.join(causes)}")
    return not account.faults and longest_s <= MAX_PAUSE_S


def main() -> int:
    """The exit code: 0 if the run passed, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=FULL, help=f"events to send ({FULL})")
    parser.add_argument("--rate", type=float, default=100.0, help="events per second (100)")
    parser.add_argument("--seed", type=int, default=1, help="of events and disturbances (1)")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # The test kills brokers on purpose.
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-chaos-") as folder,
        Cluster(Path(folder) / "brokers", 3) as cluster,
    ):
        has_passed = run(cluster, options, Path(folder))
    print("passed" if has_passed else "FAILED")
    return 0 if has_passed else 1


if __name__ == "__main__":
    sys.exit(main())
