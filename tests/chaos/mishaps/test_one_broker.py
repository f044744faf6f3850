"""One broker that does not do what a worker needs: its settings, its members, its absence.

The broker is started again and again with other settings, under the same workers.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event as Signal
from threading import Thread

from aiokafka import AIOKafkaConsumer

from deploy.kafka.brokers import Cluster
from tests.chaos.mishaps.events import await_enriched, events
from tests.support.endpoint import ask
from tests.support.kafka import Kafka
from tests.support.waiting import posted
from tests.support.workers import EVENTS, create_topics, send, wait_for

RF_3 = {
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
}
"""The defaults of Kafka."""
LONG_SESSIONS = {"group.min.session.timeout.ms": "10000"}


@contextmanager
def foreign_member(kafka: Kafka, group: str) -> Iterator[None]:
    """An ordinary consumer in a group, until the block ends."""
    joined, ending = Signal(), Signal()

    async def consume() -> None:
        async with AIOKafkaConsumer(
            kafka.prefix + EVENTS,
            bootstrap_servers=kafka.servers,
            group_id=group,
            client_id="somebody",
            enable_auto_commit=False,
        ) as consumer:
            while not ending.is_set():
                await consumer.getmany(timeout_ms=200)
                if consumer.assignment():
                    joined.set()

    thread = Thread(target=lambda: asyncio.run(consume()))
    thread.start()
    try:
        assert joined.wait(60)
        yield
    finally:
        ending.set()
        thread.join()


def test_a_broker_that_cannot_serve_a_worker_is_told_with_its_fix(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    with Cluster(folder, 1, settings=RF_3) as cluster:
        kafka = Kafka(cluster.bootstrap_servers, "m.")
        create_topics(kafka)
        send(kafka, events(5))

        def restart(settings: dict[str, str]) -> None:
            cluster.stop()
            cluster.settings = settings
            cluster.start()

        with posted(kafka, "enrich", tmp_path) as post:
            few = "transaction.state.log.replication.factor is 3, and there is 1 broker"
            post.await_told("no-coordinator", few)
            restart(LONG_SESSIONS)
            post.await_told("group-refused", "group.min.session.timeout.ms to at most 6000")
            restart({})
            post.await_well()
            await_enriched(kafka, 5)
            cluster.stop()
            with posted(kafka, "curate", tmp_path) as starting:
                for each in (post, starting):
                    each.await_told("no-broker", cluster.bootstrap_servers)
                    assert "newsloom_consumer_lag_records{" not in ask(each.port, "/metrics").text
                cluster.start()
                for each in (post, starting):
                    each.await_well()
            send(kafka, events(10)[5:])
            await_enriched(kafka, 10)
        with ExitStack() as stack:
            with foreign_member(kafka, kafka.prefix + "enrich"):
                post = stack.enter_context(posted(kafka, "enrich", tmp_path))
                post.await_told("group-refused", "client somebody at 127.0.0.1")
            post.await_well()


def test_a_log_lost_while_the_broker_is_down_stops_its_partition(tmp_path: Path) -> None:
    """Until an operator moves the position; then it is read from there."""
    with Cluster(tmp_path / "kafka", 1) as cluster:
        kafka = Kafka(cluster.bootstrap_servers, "lost.")
        create_topics(kafka)
        send(kafka, events(5))
        with posted(kafka, "enrich", tmp_path) as post:
            await_enriched(kafka, 5)
            cluster.stop()
            shutil.rmtree(cluster.data(1) / f"{kafka.prefix}{EVENTS}-0")
            cluster.start()
            why = f"{kafka.prefix}{EVENTS} partition 0 is stopped at offset 5: log-behind"
            wait_for(lambda: why in ask(post.port, "/readyz").text, "a stopped partition")
            assert "the log ends at 0" in ask(post.port, "/readyz").text
            moved = kafka.newsloom("resume", "--from", 0, "--stage", "enrich", "--partition", 0)
            assert moved.out.endswith(" to 0; 0 offsets pass unread\n"), moved
            post.await_well()
            send(kafka, events(10)[5:])
            await_enriched(kafka, 10)
