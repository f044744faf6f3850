"""What Kafka refuses to a worker is told with its fix, and the worker goes on when it is allowed.

Each test has a broker of its own. Several workers wait at the same time.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from deploy.kafka.brokers import Cluster
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


def test_what_is_denied_is_told_and_once_it_is_allowed_all_inputs_are_processed(
    tmp_path: Path,
) -> None:
    """Denied before the start, or while the worker runs; the inputs wait meanwhile."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(tmp_path / "kafka", 1, settings=AUTHORIZER))
        servers = cluster.bootstrap_servers
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
