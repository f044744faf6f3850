"""Soak test: one broker and a worker of each stage run under a steady load with disturbances.

    python -m tests.soak --minutes 30 --rate 40 --out out/soak

In: the length of the run. Out: a line for each event of the test, a slope for every measured
series, a plot and a CSV file of all samples. Exit code 1 if memory, open files or lag grow beyond
LIMITS (tests/soak/samples.py) after the warm-up, if records still wait at the end, if an input is
lost or repeated, or if what a subscriber holds is inconsistent. Before the run, that is checked on
long streams in memory too (tests/soak/streams.py).

The disturbances are bursts of events, failing images, and two restarts of workers. The times of the
events pass so fast that the window of ten days is full after the warm-up. From then on, as many
articles leave the window as are added, so articles cannot be the cause of growth.
"""

import argparse
import json
import logging
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from deploy.kafka.brokers import Cluster
from newsloom.adapters.images.verdict_cache import MAX_VERDICTS
from tests.chaos.traffic import Feed
from tests.chaos.worker_pool import STAGES, WorkerPool
from tests.soak.image_servers import NETWORKS, ImageServers
from tests.soak.plots import draw
from tests.soak.samples import Sampler, judge, write_csv
from tests.soak.streams import STREAMS, follow_streams
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.verifier import PUBLISHED, verify
from tests.support.workers import Event, create_uncompacted

WINDOW_DAYS = 10
FIRST_SHARE = 25
"""Warm-up events per second of the run. They are sent at once and fill the window."""
AT_ONCE = 1e9
BURSTS = 9
BURST_SHARE = 1 / 60
"""A burst has as many events as the steady load has in this share of the run."""
OUTAGES = ((0.2, 0.25), (0.45, 0.5), (0.75, 0.8))
"""When one image host fails: start and end, as shares of the run."""
RESTARTS = ((0.05, "drain", "enrich"), (0.1, "kill", "curate"))
"""When a worker is restarted, as a share of the run; how; and its stage."""
WARM_UP = 0.3
"""The warm-up of a process, as a share of the run. It must live as long again to be judged."""
SAMPLES = 600
DRAIN_LIMIT_S = 300.0
MAX_WAITING = 10
"""Records that may wait at the end: the markers of transactions always count as waiting."""


def feed(count: int, servers: ImageServers, images: int, per_day: int) -> Iterator[Event]:
    """Events of all kinds up to now, with `images` different images. Some are not valid JSON."""
    start = datetime.now(UTC) - timedelta(days=count / per_day + 1)
    events = generate(1, count, start=start, articles_per_day=per_day)
    for number, event in enumerate(events):
        if number % 200 == 0:
            yield b"poison %d" % number, b"{"
        if "withdrawn" not in event:
            event = event | {"images": [{"url": servers.url(number % images)}]}
        yield event["webUrl"].encode(), json.dumps(event).encode()


class Load(Feed):
    """A steady load with bursts, over `length_s` seconds."""

    def __init__(self, kafka: Kafka, events: Sequence[Event], rate: float, length_s: float) -> None:
        super().__init__(kafka, events, rate)
        self._length_s = length_s
        self.burst = burst_size(rate, length_s)

    def due(self, elapsed_s: float) -> float:
        """The number of events that must be sent `elapsed_s` seconds after the start."""
        bursts = min(BURSTS, int(elapsed_s / self._length_s * (BURSTS + 1)))
        return super().due(elapsed_s) + bursts * self.burst


def burst_size(rate: float, length_s: float) -> int:
    """The number of events of one burst."""
    return int(BURST_SHARE * length_s * rate)


@dataclass(slots=True)
class Soak:
    """One run. Shares of the run count from the end of the warm-up, `warm_at_s`."""

    pool: WorkerPool
    servers: ImageServers
    length_s: float
    began_at: float = field(default_factory=time.monotonic)
    warm_at_s: float = math.inf
    restarts: list[tuple[float, str]] = field(default_factory=list)

    def now_s(self) -> float:
        """Seconds since the start, warm-up included."""
        return time.monotonic() - self.began_at

    def at_s(self, share: float) -> float:
        """The time of a share of the run, in seconds since the start."""
        return self.warm_at_s + share * self.length_s

    def report(self, line: str) -> None:
        """Print a line with the time."""
        print(f"{self.now_s():7.1f} s  {line}", flush=True)

    def outages(self) -> list[tuple[float, float]]:
        """When images fail: start and end in seconds since the start."""
        return [(self.at_s(start), self.at_s(end)) for start, end in OUTAGES]

    def tend(self) -> None:
        """Restart ended workers, and begin or end an outage of images that is due."""
        self.pool.tend()
        is_failing = any(start <= self.now_s() < end for start, end in self.outages())
        if is_failing != self.servers.is_failing:
            self.servers.is_failing = is_failing
            self.report("one image host fails" if is_failing else "the image host works again")


def run(cluster: Cluster, options: argparse.Namespace, folder: Path) -> bool:
    """Run the test. Returns True if it passed."""
    length_s = options.minutes * 60
    warm_up_events = int(FIRST_SHARE * length_s)
    steady_events = int(length_s * options.rate)
    total = warm_up_events + steady_events + BURSTS * burst_size(options.rate, length_s)
    # The verdict cache of the enrich worker must be full at the end of its warm-up. A long run
    # fills it to its limit. A short run uses so few images that all of them are cached by then.
    seen = int(WARM_UP * length_s * options.rate)
    images = total if seen >= MAX_VERDICTS else seen
    port = pick_neighbours()
    kafka = _prepare(cluster, port)
    with ImageServers(1) as servers:
        events = list(feed(total, servers, images, warm_up_events // WINDOW_DAYS))
        pool = WorkerPool(kafka, 1, folder)
        soak = Soak(pool, servers, length_s)
        sampler = Sampler(kafka, pool.workers, soak.now_s, length_s / SAMPLES, port)
        sampler.start()
        try:
            _warm_up(soak, sampler, Feed(kafka, events[:warm_up_events], AT_ONCE))
            _work(soak, Load(kafka, events[warm_up_events:], options.rate, length_s))
            is_caught_up = _wait_until_caught_up(soak, sampler)
            sampler.end()
            pool.end()
        finally:
            pool.kill_all()
    is_steady = _report(soak, sampler, options.out)
    return _verify(kafka, pool) and is_steady and is_caught_up


def _prepare(cluster: Cluster, port: int) -> Kafka:
    """A client whose topics exist and whose workers check images and serve metrics."""
    settings = {
        "NEWSLOOM_IMAGES": "check",
        "NEWSLOOM_IMAGES_ALLOW_NETWORKS": NETWORKS,
        "NEWSLOOM_METRICS_PORT": str(port),
    }
    kafka = Kafka(cluster.bootstrap_servers, "soak.", settings)
    create_uncompacted(kafka, PUBLISHED)
    created = kafka.newsloom("topics", "create", "--partitions", 1)
    assert created.code in (0, 1), created.err
    return kafka


def _warm_up(soak: Soak, sampler: Sampler, source: Feed) -> None:
    soak.report("warm-up: send enough events at once to fill the window")
    source.start()
    while source.is_alive() or sampler.waiting() > MAX_WAITING:
        soak.tend()
        time.sleep(0.1)
    _raise_error(source)
    speed = source.sent / soak.now_s()
    soak.report(f"{speed:,.0f} events per second, including the start of the workers")
    soak.servers.count_requests()
    soak.warm_at_s = soak.now_s()


def _work(soak: Soak, source: Load) -> None:
    soak.report(f"steady load with bursts of {source.burst:,} events")
    random, restarts = Random(1), list(RESTARTS)
    source.start()
    while source.is_alive():
        soak.tend()
        if restarts and soak.now_s() >= soak.at_s(restarts[0][0]):
            _, kind, stage = restarts.pop(0)
            stop = soak.pool.drain if kind == "drain" else soak.pool.kill
            line = stop(random, stage)
            soak.restarts.append((soak.now_s(), line))
            soak.report(line)
        time.sleep(0.1)
    _raise_error(source)
    soak.report(f"all events are sent; {soak.servers.count_requests():,} image requests")


def _wait_until_caught_up(soak: Soak, sampler: Sampler) -> bool:
    """Whether all records are processed within DRAIN_LIMIT_S."""
    deadline = time.monotonic() + DRAIN_LIMIT_S
    while sampler.waiting() > MAX_WAITING and time.monotonic() < deadline:
        soak.tend()
        time.sleep(0.5)
    soak.report(f"{sampler.waiting():,.0f} records wait")
    return sampler.waiting() <= MAX_WAITING


def _raise_error(source: Feed) -> None:
    if source.error is not None:
        raise source.error


def _report(soak: Soak, sampler: Sampler, out: Path) -> bool:
    """Write the files and print the verdicts. True if every stage was judged and nothing grows."""
    lines = sampler.lines()
    out.mkdir(parents=True, exist_ok=True)
    write_csv(lines, out / "samples.csv")
    draw(lines, soak.restarts, soak.outages(), out / "soak.png")
    print(f"\nwritten: {out / 'soak.png'}, {out / 'samples.csv'}")
    warm_up_s = least_s = WARM_UP * soak.length_s
    verdicts = [
        verdict
        for what in ("memory", "descriptors")
        for verdict in judge(what, lines[what], soak.warm_at_s, warm_up_s, least_s)
    ]
    judged = {verdict.who.split()[0] for verdict in verdicts}
    until_end = {who: line.until(soak.at_s(1)) for who, line in lines["lag"].items()}
    verdicts += judge("lag", until_end, soak.warm_at_s, 0, least_s)
    for verdict in verdicts:
        print(verdict)
    return judged == set(STAGES) and not any(verdict.is_growth for verdict in verdicts)


def _verify(kafka: Kafka, pool: WorkerPool) -> bool:
    """Whether every input ended exactly once, and no worker ended unexpectedly."""
    account = verify(kafka.servers, kafka.prefix)
    print(account)
    for fault in account.faults:
        print(f"  {fault}")
    for message, count in pool.unexpected_ends.most_common():
        print(f"ended unexpectedly: {count} x {message}")
    return not account.faults and not pool.unexpected_ends


def main() -> int:
    """The exit code: 0 if the run passed, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="length after warm-up (30)")
    parser.add_argument("--rate", type=float, default=40.0, help="events per second (40)")
    parser.add_argument("--out", type=Path, default=Path("out/soak"), help="folder (out/soak)")
    parser.add_argument("--streams", type=int, default=STREAMS, help=f"streams ({STREAMS})")
    options = parser.parse_args()
    are_consistent = follow_streams(range(1, options.streams + 1))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-soak-") as folder,
        Cluster(Path(folder) / "brokers", 1) as cluster,
    ):
        has_passed = run(cluster, options, Path(folder)) and are_consistent
    print("passed" if has_passed else "FAILED")
    return 0 if has_passed else 1


if __name__ == "__main__":
    sys.exit(main())
