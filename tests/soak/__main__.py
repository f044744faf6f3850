"""A soak: a broker, a worker of each stage, a steady load with bursts, failing images and restarts.

    python -m tests.soak --minutes 30 --rate 40 --out out/soak

In: how long. Out: a line for each deed, a slope for all that might grow, an image and a table of
all samples. Exits 1 if memory, descriptors or lag grow beyond LIMITS (tests/soak/samples.py) after
a warm-up, if not all is worked off at the end, or if an input is lost or repeated.

News goes by so fast that the window of ten days is full after the warm-up: from then on as many
articles leave it as come, and whatever still grows is no article.
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
from tests.chaos.crew import STAGES, Crew
from tests.chaos.traffic import Feed
from tests.soak.gallery import NETWORKS, Gallery
from tests.soak.plots import draw
from tests.soak.samples import Sampler, judge, write_csv
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.verifier import PUBLISHED, verify
from tests.support.workers import Event

WINDOW_DAYS = 10
FIRST_SHARE = 25
"""Events sent at once at the beginning, for each second of the run: they fill the window."""
AT_ONCE = 1e9
BURSTS = 9
BURST_SHARE = 1 / 60
"""A burst is what a steady load brings in this share of the run, at once."""
OUTAGES = ((0.2, 0.25), (0.45, 0.5), (0.75, 0.8))
"""When images fail, in shares of the run."""
RESTARTS = ((0.05, "drain", "enrich"), (0.1, "kill", "curate"))
WARM_UP = 0.3
"""A process is judged from this share of the run after its start, if that leaves as much again."""
SAMPLES = 600
DRAIN_LIMIT_S = 300.0
LEVEL_RECORDS = 10
"""Marks of transactions wait for ever."""
UNCOMPACTED = {
    "cleanup.policy": "delete",
    "max.message.bytes": "4194304",
}


def feed(count: int, gallery: Gallery, images: int, articles_per_day: int) -> Iterator[Event]:
    """Events of all kinds up to now, with so many images of the gallery and a little poison."""
    start = datetime.now(UTC) - timedelta(days=count / articles_per_day + 1)
    events = generate(1, count, start=start, articles_per_day=articles_per_day)
    for number, event in enumerate(events):
        if number % 200 == 0:
            yield b"poison %d" % number, b"{"
        if "withdrawn" not in event:
            event = event | {"images": [{"url": gallery.url(number % images)}]}
        yield event["webUrl"].encode(), json.dumps(event).encode()


class Load(Feed):
    """A steady load with bursts, for so long; nothing is sent after that."""

    def __init__(self, kafka: Kafka, events: Sequence[Event], rate: float, length_s: float) -> None:
        super().__init__(kafka, events, rate)
        self._length_s = length_s
        self.burst = burst_of(rate, length_s)

    def due(self, elapsed_s: float) -> float:
        """How many events are to be sent so long after the beginning."""
        bursts = min(BURSTS, int(elapsed_s / self._length_s * (BURSTS + 1)))
        return super().due(elapsed_s) + bursts * self.burst


def burst_of(rate: float, length_s: float) -> int:
    """The events of one burst."""
    return int(BURST_SHARE * length_s * rate)


@dataclass(slots=True)
class Soak:
    """One run. Its shares begin when the events of the warm-up are worked off."""

    crew: Crew
    gallery: Gallery
    length_s: float
    began_at: float = field(default_factory=time.monotonic)
    warm_at_s: float = math.inf
    restarts: list[tuple[float, str]] = field(default_factory=list)

    def now_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began_at

    def at_s(self, share: float) -> float:
        """When that share of the run has passed, its warm-up not counted."""
        return self.warm_at_s + share * self.length_s

    def tell(self, words: str) -> None:
        """A line of what happens."""
        print(f"{self.now_s():7.1f} s  {words}", flush=True)

    def outages(self) -> list[tuple[float, float]]:
        """When images fail, in seconds since it began."""
        return [(self.at_s(start), self.at_s(end)) for start, end in OUTAGES]

    def tend(self) -> None:
        """Whoever has ended is started again; images fail when it is their time."""
        self.crew.tend()
        is_failing = any(start <= self.now_s() < end for start, end in self.outages())
        if is_failing != self.gallery.is_failing:
            self.gallery.is_failing = is_failing
            self.tell("images fail" if is_failing else "images are well")


def run(cluster: Cluster, options: argparse.Namespace, folder: Path) -> bool:
    """Whether nothing grows."""
    length_s = options.minutes * 60
    first = int(FIRST_SHARE * length_s)
    total = first + int(length_s * options.rate) + BURSTS * burst_of(options.rate, length_s)
    # What enrich remembers of images is full at the end of its warm-up: in a long run because it
    # holds no more, in a short one because there are no more.
    seen = int(WARM_UP * length_s * options.rate)
    images = total if seen >= MAX_VERDICTS else seen
    port = pick_neighbours()
    settings = {
        "NEWSLOOM_IMAGES": "check",
        "NEWSLOOM_IMAGES_ALLOW_NETWORKS": NETWORKS,
        "NEWSLOOM_METRICS_PORT": str(port),
    }
    kafka = Kafka(cluster.bootstrap_servers, "soak.", settings)
    for topic in PUBLISHED:
        kafka.create(kafka.prefix + topic, 1, UNCOMPACTED)
    made = kafka.newsloom("topics", "create", "--partitions", 1)
    assert made.code in (0, 1), made.err
    with Gallery(1) as gallery:
        events = list(feed(total, gallery, images, first // WINDOW_DAYS))
        crew = Crew(kafka, 1, folder)
        soak = Soak(crew, gallery, length_s)
        sampler = Sampler(kafka, crew.workers, soak.now_s, length_s / SAMPLES, port)
        sampler.start()
        try:
            _warm_up(soak, sampler, Feed(kafka, events[:first], AT_ONCE))
            _work(soak, Load(kafka, events[first:], options.rate, length_s))
            is_level = _settle(soak, sampler)
            sampler.end()
            crew.end()
        finally:
            crew.kill_all()
    is_steady = _report(soak, sampler, options.out)
    return _account(kafka, crew) and is_steady and is_level


def _warm_up(soak: Soak, sampler: Sampler, source: Feed) -> None:
    soak.tell("warm-up: enough events at once to fill the window")
    source.start()
    while source.is_alive() or sampler.waiting() > LEVEL_RECORDS:
        soak.tend()
        time.sleep(0.1)
    _stop_at(source)
    soak.tell(f"{source.sent / soak.now_s():,.0f} events a second, the start of workers included")
    soak.gallery.forget()
    soak.warm_at_s = soak.now_s()


def _work(soak: Soak, source: Load) -> None:
    soak.tell(f"a steady load, and bursts of {source.burst:,} events")
    chance, restarts = Random(1), list(RESTARTS)
    source.start()
    while source.is_alive():
        soak.tend()
        if restarts and soak.now_s() >= soak.at_s(restarts[0][0]):
            _, deed, stage = restarts.pop(0)
            words = (
                soak.crew.drain(chance, stage) if deed == "drain" else soak.crew.kill(chance, stage)
            )
            soak.restarts.append((soak.now_s(), words))
            soak.tell(words)
        time.sleep(0.1)
    _stop_at(source)
    soak.tell(f"all events are sent; {soak.gallery.forget():,} images were asked for")


def _settle(soak: Soak, sampler: Sampler) -> bool:
    """Whether all is worked off before long."""
    deadline = time.monotonic() + DRAIN_LIMIT_S
    while sampler.waiting() > LEVEL_RECORDS and time.monotonic() < deadline:
        soak.tend()
        time.sleep(0.5)
    soak.tell(f"{sampler.waiting():,.0f} records wait")
    return sampler.waiting() <= LEVEL_RECORDS


def _stop_at(source: Feed) -> None:
    if source.error is not None:
        raise source.error


def _report(soak: Soak, sampler: Sampler, out: Path) -> bool:
    """Whether every stage was judged, and nothing grows."""
    lines = sampler.lines()
    out.mkdir(parents=True, exist_ok=True)
    write_csv(lines, out / "samples.csv")
    draw(lines, soak.restarts, soak.outages(), out / "soak.png")
    print(f"\n{out / 'soak.png'}, {out / 'samples.csv'}")
    warm_up_s = least_s = WARM_UP * soak.length_s
    verdicts = [
        verdict
        for what in ("memory", "descriptors")
        for verdict in judge(what, lines[what], soak.warm_at_s, warm_up_s, least_s)
    ]
    judged = {verdict.who.split()[0] for verdict in verdicts}
    until = {who: line.until(soak.at_s(1)) for who, line in lines["lag"].items()}
    verdicts += judge("lag", until, soak.warm_at_s, 0, least_s)
    for verdict in verdicts:
        print(verdict)
    return judged == set(STAGES) and not any(verdict.is_growth for verdict in verdicts)


def _account(kafka: Kafka, crew: Crew) -> bool:
    """Whether every input ended once, and every worker as it was asked to."""
    account = verify(kafka.servers, kafka.prefix)
    print(account)
    for fault in account.faults:
        print(f"  {fault}")
    for words, count in crew.unasked.most_common():
        print(f"ended unasked: {count} x {words}")
    return not account.faults and not crew.unasked


def main() -> int:
    """0 if nothing grows and nothing is lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="after the warm-up (30)")
    parser.add_argument("--rate", type=float, default=40.0, help="events a second (40)")
    parser.add_argument("--out", type=Path, default=Path("out/soak"), help="folder (out/soak)")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-soak-") as folder,
        Cluster(Path(folder) / "brokers", 1) as cluster,
    ):
        is_well = run(cluster, options, Path(folder))
    print("well" if is_well else "NOT WELL")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
