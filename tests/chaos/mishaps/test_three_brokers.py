"""One of three brokers ends: what its absence keeps a worker from is told with its fix."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka.brokers import Cluster
from newsloom.runtimes.kafka.topics.definitions import TOPICS
from tests.chaos.mishaps.events import await_enriched, events
from tests.support.kafka import Kafka
from tests.support.waiting import Post, posted
from tests.support.workers import ENRICHED, EVENTS, create_topics, send

LOST = 3
"""The broker that ends. The other two remain a quorum."""


async def _place(kafka: Kafka, brokers: dict[str, list[int]]) -> None:
    """Creates topics with one partition each, whose replicas must all be in sync for a write."""
    placed = [
        NewTopic(
            kafka.prefix + topic.suffix,
            -1,
            -1,
            replica_assignments={0: brokers[topic.suffix]},
            topic_configs=topic.configs()
            | {"min.insync.replicas": str(len(brokers[topic.suffix]))},
        )
        for topic in TOPICS
        if topic.suffix in brokers
    ]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    try:
        await admin.create_topics(placed)
    finally:
        await admin.close()


def test_what_only_the_lost_broker_has_is_told_until_it_is_back(tmp_path: Path) -> None:
    """Its partition has no leader, or too few replicas in sync to be written."""
    cases = {
        "without.": ({EVENTS: [LOST]}, f"no leader for without.{EVENTS}-0"),
        "few.": (
            {EVENTS: [1, 2], ENRICHED: [1, LOST]},
            f"few.{ENRICHED}-0 has 1 of the 2 replicas in sync",
        ),
    }
    with Cluster(tmp_path / "kafka", 3) as cluster, ExitStack() as stack:
        posts: list[tuple[Kafka, Post, str]] = []
        for prefix, (brokers, told) in cases.items():
            kafka = Kafka(cluster.bootstrap_servers, prefix)
            asyncio.run(_place(kafka, brokers))
            create_topics(kafka)
            send(kafka, events(5))
            post = stack.enter_context(posted(kafka, "enrich", tmp_path))
            await_enriched(kafka, 5)
            posts.append((kafka, post, told))
        cluster.kill(LOST)
        for _, post, told in posts:
            post.await_told("too-few-replicas", told)
        cluster.restart(LOST)
        for kafka, post, _ in posts:
            post.await_well()
            send(kafka, events(10)[5:])
            await_enriched(kafka, 10)
