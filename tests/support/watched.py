"""A monitored installation: workers on Kafka brokers, generated traffic, and Prometheus.

In: brokers with their own topic prefix, a folder. Out: the running installation and Prometheus.
The traffic has valid and invalid events and images, so that every metric changes.
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
"""What each stage adds to NEWSLOOM_METRICS_PORT to get the port of its own endpoint."""
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
    """Worker processes; `posts` has the stage and the metrics port of each of them."""

    kafka: Kafka
    posts: list[tuple[str, int]]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def targets(self) -> dict[str, list[str]]:
        """The addresses that Prometheus scrapes, by job name."""
        by_job: dict[str, list[str]] = {}
        for stage, port in self.posts:
            by_job.setdefault(f"newsloom-{stage}", []).append(f"{HOST}:{port}")
        return by_job

    def start(self) -> None:
        """Starts a worker for each of `posts`."""
        self.workers += [self._start_worker(*post) for post in self.posts]

    def kill(self, number: int) -> None:
        """Sends SIGKILL to a worker and starts another one in its place."""
        self.workers[number].kill()
        self.workers[number].communicate()
        self.workers[number] = self._start_worker(*self.posts[number])

    def end(self) -> None:
        """Sends SIGTERM to all workers and waits until they have drained, at most 30 s for each."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.communicate(timeout=30)

    def _start_worker(self, stage: str, port: int) -> subprocess.Popen[bytes]:
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
    """Runs a worker for each of `stages`, scraped every `interval_s`; all end with the block."""
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
    """Events of all kinds; about a tenth of the images are unusable.

    Of the events numbered in `failures`, about 60% name an image that the site does not have.
    """
    random = Random(seed)
    events: list[Event] = []
    for number, event in enumerate(generate(seed, count, start=START, copy_share=0.15)):
        if number % 97 == 50:
            events.append(
                (None, random.choice((b"{", b"\xff", b'{"webUrl": "https://a.example"}')))
            )
            continue
        if not event.get("withdrawn"):
            event["images"] = [{"url": _image(random, site, number, number in failures)}]
        if number % 60 == 1:
            event["ampWebUrl"] = "not a URL"
        if number % 80 == 2:
            event["private"] = {"note": "for nobody"}
        events.append((event["webUrl"].encode(), orjson.dumps(event)))
    return events


def _image(random: Random, site: Site, number: int, is_failing: bool) -> str:
    if is_failing and random.random() < 0.6:
        return site.url(f"/gone/{number}.png")
    if number % 150 == 3:
        return f"http://10.0.0.1/{number}.png"  # a private address, which the guard refuses
    if random.random() < 0.1:
        return site.url(random.choice(_BAD))
    return site.url(f"/{random.randrange(PICTURES)}.png")
