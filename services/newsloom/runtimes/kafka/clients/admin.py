"""Topics on a broker: lists them, creates missing ones, and reports differences.

In: bootstrap servers, topic definitions, numbers of partitions. Out: created topics, or differences
with the fix for each. It never changes or deletes an existing topic.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.connection import (
    CONNECT_TIMEOUT_S,
    REQUEST_TIMEOUT_MS,
    translate_outages,
)
from newsloom.runtimes.kafka.topics.definitions import ARTICLE_EVENTS, KafkaTopic, KafkaTopics

MAX_REPLICATION = 3
PROBE_TIMEOUT_MS = 2_000
"""The timeout of one broker: if two of three are frozen, there is time left for the third."""
PAUSE_S = 0.3
T = TypeVar("T")
_CREATE = "run `newsloom topics create`"


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic on the broker. `configs` holds all its settings, defaults included."""

    partitions: int
    configs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of partitions that are required. None accepts any number of article-events."""

    lanes: int = 1
    article_events: int | None = None

    def of(self, topic: KafkaTopic) -> int | None:
        """The number of partitions that a topic must have; None for any number."""
        if topic.partitions == "lanes":
            return self.lanes
        return self.article_events if topic is ARTICLE_EVENTS else None


@asynccontextmanager
async def open_admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises OutageError if no broker answers in time."""
    async with translate_outages(servers, CONNECT_TIMEOUT_S):
        admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=PROBE_TIMEOUT_MS)
    try:
        async with translate_outages(servers, CONNECT_TIMEOUT_S):
            await admin.start()
        async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
            yield admin
    finally:
        await admin.close()


async def retry(question: Callable[[], Awaitable[T]]) -> T:
    """The result of `question`, repeated after retriable errors: a broker may be down."""
    while True:
        try:
            return await question()
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(PAUSE_S)


async def list_topics(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """The number of partitions of every topic, by full name."""
    # It lists all topics: a query by name creates the topic where brokers allow that.
    return {
        found["topic"]: len(found["partitions"])
        for found in await retry(admin.describe_topics)
        if not found["is_internal"]
    }


async def group_state(admin: AIOKafkaAdminClient, group: str) -> str:
    """The state of a consumer group: `Empty` or `Dead` if it has no member."""

    async def describe() -> str:
        (response,) = await admin.describe_consumer_groups([group])
        (found,) = response.groups
        _raise_for(found[0], f"cannot describe group {group}")
        return str(found[2])

    return await retry(describe)


async def describe_topics(
    admin: AIOKafkaAdminClient, names: Collection[str]
) -> dict[str, FoundTopic]:
    """The topics of `names` that exist, with all their settings."""
    return await retry(lambda: _describe_once(admin, names))


async def _describe_once(
    admin: AIOKafkaAdminClient, names: Collection[str]
) -> dict[str, FoundTopic]:
    partitions = {n: c for n, c in (await list_topics(admin)).items() if n in names}
    if not partitions:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in partitions]
    topics = {}
    for response in await admin.describe_configs(resources):
        for resource in response.to_object()["resources"]:
            # The broker that answers may not know a topic yet that another one has listed.
            _raise_for(resource["error_code"], resource["error_message"])
            name, entries = resource["resource_name"], resource["config_entries"]
            configs = {entry["config_names"]: entry["config_value"] for entry in entries}
            topics[name] = FoundTopic(partitions[name], configs)
    return topics


async def require_topic(admin: AIOKafkaAdminClient, name: str) -> FoundTopic:
    """The topic of that full name. Raises OutageError if there is none."""
    for _ in range(3):
        found = await describe_topics(admin, [name])
        if name in found:
            return found[name]
        # A topic that was just created is not yet known to every broker.
        await asyncio.sleep(PAUSE_S)
    raise OutageError(f"there is no topic {name}: {_CREATE}")


async def create_topics(
    admin: AIOKafkaAdminClient, topics: KafkaTopics, sizes: Sizes, replication: int | None
) -> list[str]:
    """Creates the missing topics and returns their names. Existing topics stay as they are.

    `replication` defaults to three, or to the number of brokers if that is lower. A write needs all
    replicas but one (`min.insync.replicas`).
    """
    existing = await list_topics(admin)
    if replication is None:
        brokers = (await retry(admin.describe_cluster))["brokers"]
        replication = min(MAX_REPLICATION, len(brokers))
    in_sync = {"min.insync.replicas": str(max(1, replication - 1))}
    new = [
        NewTopic(name, sizes.of(topic) or 1, replication, topic_configs=topic.configs() | in_sync)
        for topic in topics
        if (name := topics.name(topic)) not in existing
    ]
    return await _create(admin, new) if new else []


async def _create(admin: AIOKafkaAdminClient, new: list[NewTopic]) -> list[str]:
    response = await retry(lambda: admin.create_topics(new))
    created = []
    for name, code, message in response.topic_errors:
        if code != TopicAlreadyExistsError.errno:  # else another process created it first
            _raise_for(code, f"cannot create {name}: {message}")
            created.append(name)
    return created


async def find_differences(
    admin: AIOKafkaAdminClient,
    servers: str,
    topics: KafkaTopics,
    sizes: Sizes,
    just_created: Collection[str] = (),
) -> list[str]:
    """The differences between broker and definitions: one line each, with the fix.

    Topics in `just_created` are skipped: they are right, but not yet known to every broker.
    """
    found = await describe_topics(admin, [topics.name(topic) for topic in topics])
    lines = []
    for topic in topics:
        name = topics.name(topic)
        if name in just_created:
            continue
        if name not in found:
            lines.append(f"{name}: missing: {_CREATE}")
            continue
        actual = found[name]
        lines += _partition_difference(servers, topic, name, actual.partitions, sizes.of(topic))
        lines += _config_differences(servers, topic, name, actual.configs)
    return lines


def _partition_difference(
    servers: str, topic: KafkaTopic, name: str, actual: int, wanted: int | None
) -> list[str]:
    if wanted is None or actual == wanted:
        return []
    tool = f"kafka-topics.sh --bootstrap-server {servers}"
    if topic.partitions == "lanes":
        fix = (
            "lanes cannot change in place: set NEWSLOOM_KAFKA_LANES to the table they were made "
            "for, or work with topics of another NEWSLOOM_KAFKA_TOPIC_PREFIX and replay the "
            "article events"
        )
    elif actual < wanted:
        fix = f"run {tool} --alter --topic {name} --partitions {wanted}"
    else:
        fix = "partitions cannot become fewer: ask for as many as there are"
    return [f"{name}: partitions: {actual}, not {wanted}: {fix}"]


def _config_differences(
    servers: str, topic: KafkaTopic, name: str, actual: dict[str, str]
) -> list[str]:
    lines = []
    for key, wanted in topic.configs().items():
        value = actual.get(key, "unset")
        if sorted(value.split(",")) != sorted(wanted.split(",")):
            lines.append(
                f"{name}: {key}: {value}, not {wanted}: run kafka-configs.sh --bootstrap-server "
                f"{servers} --alter --entity-type topics --entity-name {name} "
                f"--add-config '{key}=[{wanted}]'"
            )
    return lines


def _raise_for(code: int, message: Any) -> None:
    if code:
        raise for_code(code)(message)
