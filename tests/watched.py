"""A run of some minutes with what may befall an installation, drawn as its dashboard.

    python -m tests.watched docs/dashboard.png

In: nothing; brokers, workers, a site with images and Prometheus are started here. Out: the picture.
On the way: images that fail, a burst of events, a curate worker killed.
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
"""After the last event, so that what is seen comes to rest."""


def run(installation: Installation, prometheus: Prometheus, site: Site, minutes: float) -> None:
    """A third of the time in peace, then images fail; a burst; a curate worker is killed."""
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
    """The number of the curate worker that has the lane; the other one stands by."""
    (sample,) = prometheus.query('newsloom_assigned_partitions{stage="curate"} > 0')
    port = int(sample["metric"]["instance"].rpartition(":")[2])
    return [own for _, own in installation.posts].index(port)


def main() -> None:
    """Runs, and draws."""
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
        began_at = time.time()
        run(installation, prometheus, site, options.minutes)
        draw(prometheus.url, Span(began_at, time.time()), options.picture)


if __name__ == "__main__":
    main()
