"""Topics that change under a worker, and transactions of others: told, and then processed.

One broker; each mishap has topics of its own, and all happen at the same time.
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from aiokafka import AIOKafkaProducer

from deploy.kafka.brokers import Cluster
from tests.chaos.mishaps.events import await_enriched, events
from tests.support.endpoint import scrape
from tests.support.kafka import Kafka
from tests.support.waiting import Post, posted
from tests.support.workers import (
    CREATE_TIME,
    ENRICHED,
    EVENTS,
    create_topics,
    send,
    wait_for,
)


async def _leave_open(servers: str, topic: str, timeout_ms: int) -> None:
    """Begins a transaction with one record, and loses the connection."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id="crawler", transaction_timeout_ms=timeout_ms
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"{")
    producer._sender._sender_task.cancel()
    await producer.client.close()
    producer._closed = True


def test_changes_of_topics_are_told_and_the_worker_goes_on(tmp_path: Path) -> None:
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(tmp_path / "kafka", 1))

        def start(prefix: str, stage: str = "enrich") -> tuple[Kafka, Post]:
            kafka = Kafka(cluster.bootstrap_servers, prefix)
            create_topics(kafka)
            post = stack.enter_context(posted(kafka, stage, tmp_path))
            return kafka, post

        held, deleted, again, more, lanes = (
            start("held."), start("deleted."), start("again."), start("more."),
            start("lanes.", "curate"),
        )  # fmt: skip
        for kafka, post in (held, deleted, again, more):
            post.await_well()
            send(kafka, events(5))
            await_enriched(kafka, 5)
        lanes[1].await_well()

        asyncio.run(_leave_open(cluster.bootstrap_servers, held[0].prefix + EVENTS, 45_000))
        send(held[0], events(9)[5:])
        deleted[0].delete(deleted[0].prefix + EVENTS)
        again[0].delete(again[0].prefix + EVENTS)
        again[0].create(again[0].prefix + EVENTS, 1, CREATE_TIME)
        send(again[0], events(4))
        more[0].add_partitions(more[0].prefix + EVENTS, 3)
        lanes[0].add_partitions(lanes[0].prefix + ENRICHED, 2)

        await_enriched(again[0], 5 + 4)
        wait_for(lambda: scrape(more[1].port).of("newsloom_assigned_partitions") == 3, "3 assigned")
        send(more[0], events(35)[5:])
        await_enriched(more[0], 35)
        where = "open since offset 5: let its producer end it, or run kafka-transactions.sh"
        held[1].await_told("open-transaction", "5 records of held.article-events.v1-0", where)
        assert scrape(held[1].port).of("newsloom_held_records") == 5
        deleted[1].await_told("no-topic", "there is no topic deleted.article-events.v1")
        create_topics(deleted[0])
        send(deleted[0], events(4))
        for _, post in (held, deleted, again, more):
            post.await_well()
        await_enriched(held[0], 9)
        await_enriched(deleted[0], 5 + 4)
        lanes[1].await_told("wrong-topics", "enriched-articles.v1: partitions: 2, not 1: ")
