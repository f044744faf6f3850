"""Runs an installation with disturbances for some minutes, and draws its dashboard.

    python -m tests.watched docs/dashboard.png

In: the path of the picture. It starts a broker, workers, a site with images and Prometheus.
Out: the picture. The disturbances are missing images, a burst of events and a killed curate worker.
"""

import argparse
import tempfile
import time
from pathlib import Path

from deploy.grafana.plot_dashboard import Span, draw
from deploy.kafka.brokers import Cluster
from tests.chaos.traffic import Feed
from tests.support.kafka import Kafka
from tests.support.prometheus import Prometheus
from tests.support.site import Site
from tests.support.watched import ACTS, Installation, traffic, watched
from tests.support.workers import Event

STAGES = ("enrich", "enrich", "curate", "curate")
SCRAPE_S = 2
RATE, BURST_RATE = 30.0, 1_000.0
BURST = 10_000
FAILING_S = 90
SEED = 8
REST_S = 30.0
"""The time after the last event, in which the metrics become steady again."""


def run(installation: Installation, prometheus: Prometheus, site: Site, minutes: float) -> None:
    """Sends events steadily for `minutes`, with all disturbances.

    Images fail after a third of the steady events, the burst comes after half of them, and a
    curate worker is killed after three quarters.
    """
    steady = int(RATE * 60 * minutes)
    failing = range(steady // 3, steady // 3 + int(RATE * FAILING_S))
    events = traffic(SEED, steady + BURST, site, failing)
    burst_at = steady // 2
    kill_at = burst_at + BURST + steady // 4
    _feed(installation, events[:burst_at], RATE)
    _feed(installation, events[burst_at : burst_at + BURST], BURST_RATE)
    _feed(installation, events[burst_at + BURST : kill_at], RATE)
    installation.kill(_active(installation, prometheus))
    _feed(installation, events[kill_at:], RATE)
    time.sleep(REST_S)


def _feed(installation: Installation, events: list[Event], rate: float) -> None:
    feed = Feed(installation.kafka, events, rate)
    feed.run()
    if feed.error is not None:
        raise feed.error


def _active(installation: Installation, prometheus: Prometheus) -> int:
    """The index of the curate worker that owns the lane; the other one stands by."""
    (sample,) = prometheus.query('newsloom_assigned_partitions{stage="curate"} > 0')
    port = int(sample["metric"]["instance"].rpartition(":")[2])
    return [metrics_port for _, metrics_port in installation.posts].index(port)


def main() -> None:
    """Runs the installation and draws the picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.watched", description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--minutes", type=float, default=8.0)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="newsloom-watched-") as folder,
        Cluster(Path(folder) / "brokers", 1) as cluster,
        Site(ACTS) as site,
        watched(Kafka(cluster.bootstrap_servers, "watched."), Path(folder), STAGES, SCRAPE_S) as (
            installation,
            prometheus,
        ),
    ):
        started_at = time.time()
        run(installation, prometheus, site, options.minutes)
        draw(prometheus.url, Span(started_at, time.time()), options.picture)


if __name__ == "__main__":
    main()
