"""Chaos test: three brokers and three workers of each stage are disturbed while events flow.

    python -m tests.chaos --events 50000 --rate 100 --seed 1

In: the number of events, which are written in batches of all codecs. Out: a line for each deed,
then the result of a verifier that shares no code with the pipeline. Exit code 1 if a record is
lost, repeated, out of order or different from an embedded run, if what a subscriber holds after a
transaction is inconsistent, if a pause exceeds MAX_PAUSE_S outside of mishaps, or if there is no
output RECOVERY_S after the end of one. Smaller runs have fewer deeds.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from deploy.kafka.brokers import Cluster
from tests.chaos.deeds import FULL, PARTITIONS, RECOVERY_S, SIZE, Chaos, plan
from tests.chaos.traffic import CODECS, Feed, PauseMeter, is_caught_up
from tests.chaos.worker_pool import WorkerPool
from tests.support.acl import AUTHORIZER, QUORUM
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.verifier import PUBLISHED, verify
from tests.support.workers import Event, create_uncompacted

QUIET_S = 5.0
"""After this time without a record, the run checks whether all events are processed."""
DRAIN_LIMIT_S = 300.0
MAX_PAUSE_S = 15.0
LISTED = 12
"""The longest pauses that the result shows and checks."""
START = datetime(2024, 3, 4, tzinfo=UTC)


def feed(seed: int, count: int) -> list[Event]:
    """Events of all kinds, keyed by webUrl. Every 200th is not valid JSON."""
    events: list[Event] = []
    for number, event in enumerate(generate(seed, count, start=START)):
        if number % 200 == 0:
            events.append((b"poison %d" % number, b"{"))
        else:
            events.append((event["webUrl"].encode(), json.dumps(event).encode()))
    return events


def run(cluster: Cluster, options: argparse.Namespace, folder: Path) -> bool:
    """Run the test. Returns True if it passed."""
    kafka = Kafka(cluster.bootstrap_servers, "chaos.")
    create_uncompacted(kafka, PUBLISHED, replication=3)
    created = kafka.newsloom("topics", "create", "--partitions", PARTITIONS)
    assert created.code in (0, 1), created.err
    events = feed(options.seed, options.events)
    pool = WorkerPool(kafka, SIZE, folder)
    try:
        began_at = time.monotonic()
        source = Feed(kafka, events, options.rate, CODECS)
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
    """Do what is planned until all events are sent.

    A deed waits until a curated record has arrived since the one before it, and until no mishap
    lasts.
    """
    disturbed_at = time.monotonic()
    while source.is_alive() or planned:
        chaos.tend()
        has_recovered = chaos.meter.last_record_at > disturbed_at and not chaos.is_in_mishap()
        if planned and chaos.now_s() >= planned[0][0] and has_recovered and source.is_alive():
            chaos.do(planned.pop(0)[1])
            disturbed_at = time.monotonic()
        elif planned and not source.is_alive():
            chaos.report(f"{len(planned)} deeds skipped, because all events are sent")
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
    print("deeds: " + ", ".join(f"{count} {kind}" for kind, count in chaos.counts.items()))
    print(f"workers that ended unexpectedly: {chaos.pool.unexpected_ends.total()}")
    for message, count in chaos.pool.unexpected_ends.most_common():
        print(f"  {count} x {message}")
    is_slow = False
    for pause in chaos.meter.pauses[:LISTED]:
        is_allowed = any(mishap.allows(pause) for mishap in chaos.mishaps)
        is_slow |= pause.length_s > MAX_PAUSE_S and not is_allowed
        end_s = pause.began_s + pause.length_s
        causes = [f"{at:.1f} {line}" for at, line in chaos.log if pause.began_s - 3 < at < end_s]
        where = "a pause in a mishap" if is_allowed else "a pause"
        print(f"  {where} of {pause.length_s:.1f} s from {pause.began_s:.1f} s on: {causes}")
    print(f"pauses allowed: {MAX_PAUSE_S:g} s, and {RECOVERY_S:g} s after a mishap")
    return not account.faults and not is_slow


def main() -> int:
    """The exit code: 0 if the run passed, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=FULL, help=f"events to send ({FULL})")
    parser.add_argument("--rate", type=float, default=100.0, help="events per second (100)")
    parser.add_argument("--seed", type=int, default=1, help="of events and deeds (1)")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # The test kills brokers on purpose.
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-chaos-") as folder,
        Cluster(Path(folder) / "brokers", 3, settings=AUTHORIZER | QUORUM) as cluster,
    ):
        has_passed = run(cluster, options, Path(folder))
    print("passed" if has_passed else "FAILED")
    return 0 if has_passed else 1


if __name__ == "__main__":
    sys.exit(main())
