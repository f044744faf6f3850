"""One of three brokers ends: what its absence keeps a worker from is told with its fix."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka.brokers import Cluster
from newsloom.runtimes.kafka.topics.definitions import TOPICS, KafkaTopic
from tests.chaos.mishaps.events import await_enriched, events
from tests.support.kafka import Kafka
from tests.support.waiting import Post, posted
from tests.support.workers import ENRICHED, EVENTS, create_topics, send

LOST = 3
"""The broker that ends. The other two remain a quorum."""


async def _place(kafka: Kafka, topic: KafkaTopic, brokers: list[int]) -> None:
    """Creates a topic with one partition, whose replicas must all be in sync for a write."""
    configs = topic.configs() | {"min.insync.replicas": str(len(brokers))}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    try:
        name = kafka.prefix + topic.suffix
        placed = NewTopic(name, -1, -1, replica_assignments={0: brokers}, topic_configs=configs)
        await admin.create_topics([placed])
    finally:
        await admin.close()


def test_what_only_the_lost_broker_has_is_told_until_it_is_back(tmp_path: Path) -> None:
    """Its partition has no leader, or too few replicas in sync to be written."""
    cases = {
        "without.": (EVENTS, [LOST], f"no leader for without.{EVENTS}-0"),
        "few.": (ENRICHED, [1, LOST], f"few.{ENRICHED}-0 has 1 of the 2 replicas in sync"),
    }
    with Cluster(tmp_path / "kafka", 3) as cluster, ExitStack() as stack:
        posts: list[tuple[Kafka, Post, str]] = []
        for prefix, (suffix, brokers, told) in cases.items():
            kafka = Kafka(cluster.bootstrap_servers, prefix)
            (topic,) = [topic for topic in TOPICS if topic.suffix == suffix]
            asyncio.run(_place(kafka, topic, brokers))
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
