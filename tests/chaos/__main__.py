"""Chaos: three brokers, three workers of each stage, and everything that can befall them.

    python -m tests.chaos --events 50000 --rate 100 --seed 1

In: how many events. Out: a line for each deed, then the account of a program that shares no code
with the pipeline. Exits 1 if anything is lost, repeated, backward or different from an embedded
run, or the longest pause is longer than allowed. Smaller runs get fewer deeds.
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
from tests.chaos.crew import Crew
from tests.chaos.traffic import Feed, Watch, is_level
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.verifier import PUBLISHED, verify
from tests.support.workers import Event

FULL = 50_000
DEEDS = {"kill": 20, "drain": 10, "freeze": 3, "change": 10, "broker": 5}
"""What befalls a run of so many events."""
SIZE = 3
PARTITIONS = 6
FREEZE_S = 10.0
BROKER_DOWN_S = 5.0
QUIET_S = 5.0
"""When nothing has come for so long after the last event, it is asked whether all have come."""
DRAIN_LIMIT_S = 300.0
MAX_PAUSE_S = 15.0
START = datetime(2024, 3, 4, tzinfo=UTC)
# No record is to be compacted away before it is counted.
UNCOMPACTED = {
    "cleanup.policy": "compact,delete",
    "min.compaction.lag.ms": "86400000",
    "max.message.bytes": "4194304",
    "min.insync.replicas": "2",
}


def feed(seed: int, count: int) -> list[Event]:
    """Events of all kinds, keyed by webUrl, with a little poison."""
    events: list[Event] = []
    for number, event in enumerate(generate(seed, count, start=START)):
        if number % 200 == 0:
            events.append((b"poison %d" % number, b"{"))
        else:
            events.append((event["webUrl"].encode(), json.dumps(event).encode()))
    return events


def plan(chance: Random, events: int, duration_s: float) -> list[tuple[float, str]]:
    """When what befalls them: brokers at even distances, the rest in any order between."""
    share = events / FULL
    counts = {deed: max(1, round(count * share)) for deed, count in DEEDS.items()}
    brokers = counts.pop("broker")
    others = [deed for deed, count in counts.items() for _ in range(count)]
    chance.shuffle(others)
    gap_s = duration_s / (len(others) + 1)
    deeds = [(gap_s * (n + 1), deed) for n, deed in enumerate(others)]
    gap_s = duration_s / (brokers + 1)
    return sorted(deeds + [(gap_s * (n + 1), "broker") for n in range(brokers)])


@dataclass(slots=True)
class Chaos:
    """One run. Deeds that come due while nothing flows yet wait until it does."""

    cluster: Cluster
    kafka: Kafka
    crew: Crew
    watch: Watch
    chance: Random
    began_at: float
    done: Counter[str] = field(default_factory=Counter)
    log: list[tuple[float, str]] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _brokers: int = 0

    def now_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began_at

    def tell(self, words: str) -> None:
        """A line of what happens."""
        self.log.append((self.now_s(), words))
        print(f"{self.now_s():7.1f} s  {self.watch.records:7,} curated  {words}", flush=True)

    def tend(self) -> None:
        """What is due by now."""
        self.crew.tend()
        due = [entry for entry in self._later if entry[0] <= self.now_s()]
        for entry in due:
            self._later.remove(entry)
            entry[1]()

    def strike(self, deed: str) -> None:
        """One deed."""
        self.done[deed] += 1
        if deed == "kill":
            self.tell(self.crew.kill(self.chance))
        elif deed == "drain":
            self.tell(self.crew.drain(self.chance))
        elif deed == "change":
            self.tell(self.crew.change(self.chance, SIZE))
        elif deed == "freeze":
            words, pid = self.crew.freeze(self.chance)
            self.tell(words)
            if pid is not None:
                self._later.append((self.now_s() + FREEZE_S, lambda: self.crew.wake(pid)))
        else:
            self._strike_broker()

    def _strike_broker(self) -> None:
        """The coordinator of a group, by turns."""
        group = self.kafka.prefix + ("curate", "enrich")[self._brokers % 2]
        self._brokers += 1
        number = asyncio.run(_coordinator(self.kafka.servers, group))
        self.cluster.kill(number)
        self.tell(f"kill broker {number}, coordinator of {group}")
        self._later.append((self.now_s() + BROKER_DOWN_S, lambda: self._restart(number)))

    def _restart(self, number: int) -> None:
        self.cluster.restart(number)
        self.tell(f"broker {number} is back")

    def has_pending(self) -> bool:
        """Whether somebody is still frozen or down."""
        return bool(self._later)


async def _coordinator(servers: str, group: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return int(await admin.find_coordinator(group))
    finally:
        await admin.close()


def run(cluster: Cluster, options: argparse.Namespace, folder: Path) -> bool:
    """Whether all went well."""
    kafka = Kafka(cluster.bootstrap_servers, "chaos.")
    for topic in PUBLISHED:
        kafka.create(kafka.prefix + topic, 1, UNCOMPACTED, replication=3)
    made = kafka.newsloom("topics", "create", "--partitions", PARTITIONS)
    assert made.code in (0, 1), made.err
    events = feed(options.seed, options.events)
    crew = Crew(kafka, SIZE, folder)
    try:
        began_at = time.monotonic()
        source = Feed(kafka, events, options.rate)
        watch = Watch(kafka, began_at)
        chaos = Chaos(cluster, kafka, crew, watch, Random(options.seed), began_at)
        watch.start()
        source.start()
        _befall(chaos, source, plan(chaos.chance, len(events), len(events) / options.rate))
        _settle(chaos)
        crew.end()
    finally:
        crew.kill_all()
    watch.end()
    return _report(chaos, folder)


def _befall(chaos: Chaos, source: Feed, deeds: list[tuple[float, str]]) -> None:
    struck_at = time.monotonic()
    while source.is_alive() or deeds:
        chaos.tend()
        has_flowed = chaos.watch.heard_at > struck_at
        if deeds and chaos.now_s() >= deeds[0][0] and has_flowed and source.is_alive():
            chaos.strike(deeds.pop(0)[1])
            struck_at = time.monotonic()
        elif deeds and not source.is_alive():
            chaos.tell(f"{len(deeds)} deeds left out: no events are left")
            deeds.clear()
        time.sleep(0.05)
    if source.error is not None:
        raise source.error
    chaos.tell(f"all {source.sent:,} events are sent")


def _settle(chaos: Chaos) -> None:
    deadline = time.monotonic() + DRAIN_LIMIT_S
    while time.monotonic() < deadline:
        chaos.tend()
        quiet_s = time.monotonic() - chaos.watch.heard_at
        if quiet_s > QUIET_S and not chaos.has_pending() and is_level(chaos.kafka):
            return
        time.sleep(0.1)


def _report(chaos: Chaos, folder: Path) -> bool:
    print("\nverifying", flush=True)
    account = verify(chaos.kafka.servers, chaos.kafka.prefix, folder / "embedded")
    print(account)
    for fault in account.faults:
        print(f"  {fault}")
    print("befell: " + ", ".join(f"{count} {deed}" for deed, count in chaos.done.items()))
    print(f"ended unasked: {chaos.crew.unasked.total()}")
    for words, count in chaos.crew.unasked.most_common():
        print(f"  {count} x {words}")
    longest_s = max((pause.length_s for pause in chaos.watch.pauses), default=0.0)
    print(f"longest pause {longest_s:.1f} s (allowed {MAX_PAUSE_S:g} s)")
    for pause in chaos.watch.pauses:
        end_s = pause.began_s + pause.length_s
        amid = [f"{at:.1f} {words}" for at, words in chaos.log if pause.began_s - 3 < at < end_s]
        print(f"  {pause.length_s:.1f} s from {pause.began_s:.1f} s: {'; '.join(amid)}")
    return not account.faults and longest_s <= MAX_PAUSE_S


def main() -> int:
    """0 if all went well."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=FULL)
    parser.add_argument("--rate", type=float, default=100.0, help="events a second (100)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of brokers that we killed ourselves
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-chaos-") as folder,
        Cluster(Path(folder) / "brokers", 3) as cluster,
    ):
        is_well = run(cluster, options, Path(folder))
    print("well" if is_well else "NOT WELL")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
