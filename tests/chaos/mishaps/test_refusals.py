"""What Kafka refuses to a worker is told with its fix, and the worker goes on when it is allowed.

Several workers wait at the same time, on one broker.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from deploy.kafka.brokers import Cluster
from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.connection import describe_error
from newsloom.runtimes.kafka.clients.messages import Outgoing
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from tests.chaos.mishaps.events import await_enriched, events
from tests.support.acl import AUTHORIZER, allow, deny
from tests.support.kafka import Kafka
from tests.support.waiting import Post, posted
from tests.support.workers import ENRICHED, EVENTS, create_topics, send


class Denied(NamedTuple):
    """What is denied: before the worker starts, or while it runs."""

    kind: str
    name: str
    operation: str
    is_running: bool


CASES = [
    Denied("group", "enrich", "Read", False),
    Denied("group", "enrich", "Read", True),
    Denied("topic", EVENTS, "Read", False),
    Denied("topic", EVENTS, "Read", True),
    Denied("topic", "dead-letters.v1", "Describe", True),
    Denied("topic", ENRICHED, "Write", False),
    Denied("topic", ENRICHED, "Write", True),
    Denied("transactional id", "enrich.0", "Describe", False),
]
FIRST = 3
"""Events that are processed before something is denied to a worker that runs."""


@pytest.fixture(scope="module")
def servers_with_access_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("kafka")
    with Cluster(folder, 1, settings=AUTHORIZER) as cluster:
        yield cluster.bootstrap_servers


def test_what_is_denied_is_told_and_once_it_is_allowed_all_inputs_are_processed(
    servers_with_access_lists: str, tmp_path: Path
) -> None:
    """Denied before the start, or while the worker runs; the inputs wait meanwhile."""
    servers = servers_with_access_lists
    with ExitStack() as stack:
        posts: list[tuple[Kafka, Post]] = []
        for number, case in enumerate(CASES):
            kafka = Kafka(servers, f"denied{number}.")
            create_topics(kafka)
            if case.is_running:
                send(kafka, events(FIRST))
            else:
                deny(servers, case.kind, kafka.prefix + case.name, case.operation)
            posts.append((kafka, stack.enter_context(posted(kafka, "enrich", tmp_path))))
        for (kafka, post), case in zip(posts, CASES, strict=True):
            if case.is_running:
                post.await_well()
                await_enriched(kafka, FIRST)
                deny(servers, case.kind, kafka.prefix + case.name, case.operation)
        for kafka, _ in posts:
            send(kafka, events(FIRST + 5)[FIRST:])
        for (kafka, post), case in zip(posts, CASES, strict=True):
            name = kafka.prefix + case.name.removesuffix("0")
            post.await_told("not-authorized", case.operation, name, "allow it")
        for (kafka, _), case in zip(posts, CASES, strict=True):
            allow(servers, case.kind, kafka.prefix + case.name, case.operation)
        for kafka, post in posts:
            post.await_well()
            await_enriched(kafka, kafka.count(kafka.prefix + EVENTS))
        for (kafka, post), case in zip(posts, CASES, strict=True):
            if case == Denied("topic", ENRICHED, "Write", True):
                failed = f"batch: TopicAuthorizationFailed: {kafka.prefix + ENRICHED}: allow it to"
                assert failed in post.lines()[0]


@pytest.mark.parametrize(("size", "count"), [(10, 1), (300_000, 12)])
def test_a_transaction_that_is_denied_fails_with_the_denial(
    servers_with_access_lists: str, size: int, count: int
) -> None:
    """After the denial the client says only that the state of the transaction is wrong."""
    kafka = Kafka(servers_with_access_lists, f"{count}.")
    allowed, denied = f"{count}.allowed", f"{count}.denied"
    for topic in (allowed, denied):
        kafka.create(topic, 1, {})
    deny(kafka.servers, "topic", denied, "Write")
    records = [Outgoing(topic, 0, b"k", b"x" * size) for topic in (allowed, denied)] * count

    async def commit() -> None:
        producer = PartitionProducer(kafka.servers, "group", TopicPartition(allowed, 0))
        await producer.fence()
        try:
            await producer.commit(records, 1, Attempts())
        finally:
            await producer.stop()

    with pytest.raises(TopicAuthorizationFailedError) as failure:
        asyncio.run(commit())
    assert describe_error(failure.value) == (
        f"TopicAuthorizationFailed: {denied}: allow it to the principal of this worker "
        "(kafka-acls.sh)"
    )
