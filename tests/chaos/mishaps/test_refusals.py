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
from tests.support.workers import (
    CURATED,
    ENRICHED,
    EVENTS,
    LANE_STATE,
    await_all,
    create_topics,
    send,
)


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
        for (kafka, post), case in zip(posts, CASES, strict=True):
            if case == Denied("topic", ENRICHED, "Write", True):
                failed = f"batch: TopicAuthorizationFailed: {kafka.prefix + ENRICHED}: allow it to"
                assert failed in post.lines()[0]


def test_the_last_words_of_a_worker_name_the_output_that_is_denied(tmp_path: Path) -> None:
    """After a denial the client reports only that the state of the transaction is wrong."""
    outputs = CURATED, LANE_STATE
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(tmp_path / "kafka", 1, settings=AUTHORIZER))
        installations = []
        for number, output in enumerate(outputs):
            kafka = Kafka(cluster.bootstrap_servers, f"output{number}.")
            create_topics(kafka)
            posts = [stack.enter_context(posted(kafka, s, tmp_path)) for s in ("enrich", "curate")]
            for post in posts:
                post.await_well()
            deny(kafka.servers, "topic", kafka.prefix + output, "Write")
            send(kafka, events(5))
            installations.append((kafka, output, posts[1]))
        for kafka, output, curate in installations:
            name = kafka.prefix + output
            curate.await_told("not-authorized", f"Kafka denies Write on topic {name}")
            assert f"batch: TopicAuthorizationFailed: {name}: allow it to" in curate.lines()[0]
            allow(kafka.servers, "topic", name, "Write")
        for kafka, _, curate in installations:
            curate.await_well()
            await_all(kafka, 5)
