"""An installation under watch: workers on brokers, traffic of every kind, Prometheus looking on.

In: brokers with a prefix of their own, a folder. Out: Prometheus, while all of it goes on. What the
traffic holds is meant to move every metric: good and bad events, good and bad images.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import orjson

from deploy.kafka.loopback import HOST, pick_ports
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.pictures import png
from tests.support.prometheus import Prometheus
from tests.support.site import Act, Site, answer
from tests.support.workers import Event, create_topics, start_worker

START = datetime(2024, 3, 4, tzinfo=UTC)
PORT_OFFSETS = {"enrich": 0, "curate": 1}
"""From the port that is set to the one at which a stage serves its metrics."""
PARTITIONS = 2
PICTURES = 400
ACTS: dict[str, Act] = {
    **{f"/{n}.png": answer(png(filler=n), after_s=0.002 * (n % 50)) for n in range(PICTURES)},
    "/small.png": answer(png(80, 60)),
    "/pixel.png": answer(png(1, 1)),
    "/page.html": answer(b"<html><body>No picture here</body></html>"),
}
_BAD = ("/gone.png", *ACTS.keys() - {f"/{n}.png" for n in range(PICTURES)})


@dataclass(slots=True)
class Installation:
    """Workers, each of a stage and with a port for its metrics, and Prometheus."""

    kafka: Kafka
    posts: list[tuple[str, int]]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def targets(self) -> dict[str, list[str]]:
        """What Prometheus is to scrape, by job."""
        by_job: dict[str, list[str]] = {}
        for stage, port in self.posts:
            by_job.setdefault(f"newsloom-{stage}", []).append(f"{HOST}:{port}")
        return by_job

    def start(self) -> None:
        """Starts a worker at each post."""
        self.workers += [self._fill(*post) for post in self.posts]

    def kill(self, number: int) -> None:
        """SIGKILL to a worker; another takes its place."""
        self.workers[number].kill()
        self.workers[number].communicate()
        self.workers[number] = self._fill(*self.posts[number])

    def end(self) -> None:
        """Drains all workers."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.communicate(timeout=30)

    def _fill(self, stage: str, port: int) -> subprocess.Popen[bytes]:
        settings = {
            **self.kafka.settings,
            "NEWSLOOM_METRICS_PORT": str(port - PORT_OFFSETS[stage]),
            "NEWSLOOM_IMAGES": "check",
            "NEWSLOOM_IMAGES_ALLOW_NETWORKS": f"{HOST}/32",
        }
        return start_worker(replace(self.kafka, settings=settings), stage)


@contextmanager
def watched(
    kafka: Kafka, folder: Path, stages: Sequence[str], interval_s: int = 1
) -> Iterator[tuple[Installation, Prometheus]]:
    """A worker for each of `stages`, scraped every so often; all ends with the block."""
    create_topics(kafka, PARTITIONS)
    ports = pick_ports(len(stages))
    installation = Installation(kafka, list(zip(stages, ports, strict=True)))
    try:
        installation.start()
        with Prometheus(folder, installation.targets(), interval_s) as prometheus:
            yield installation, prometheus
    finally:
        installation.end()


def traffic(seed: int, count: int, site: Site, failures: range = range(0)) -> list[Event]:
    """Events of all kinds, a tenth of the pictures bad; those of `failures` name dead ones."""
    chance = Random(seed)
    events: list[Event] = []
    for number, event in enumerate(generate(seed, count, start=START, copy_share=0.15)):
        if number % 97 == 50:
            events.append(
                (None, chance.choice((b"{", b"\xff", b'{"webUrl": "https://a.example"}')))
            )
            continue
        if not event.get("withdrawn"):
            event["images"] = [{"url": _image(chance, site, number, number in failures)}]
        if number % 60 == 1:
            event["ampWebUrl"] = "not a URL"
        if number % 80 == 2:
            event["private"] = {"note": "for nobody"}
        events.append((event["webUrl"].encode(), orjson.dumps(event)))
    return events


def _image(chance: Random, site: Site, number: int, is_dead: bool) -> str:
    if is_dead and chance.random() < 0.6:
        return site.url(f"/gone/{number}.png")
    if number % 150 == 3:
        return f"http://10.0.0.1/{number}.png"  # where the guard lets nobody go
    if chance.random() < 0.1:
        return site.url(chance.choice(_BAD))
    return site.url(f"/{chance.randrange(PICTURES)}.png")
