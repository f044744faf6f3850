"""Topics on a broker: what is there, creating what is missing, naming what differs.

In: bootstrap servers, definitions, numbers of partitions. Out: topics created, differences with
their mend. It never changes or deletes a topic that is there.
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
"""How long one broker may take; two of three that are frozen still leave time for the third."""
PAUSE_S = 0.3
T = TypeVar("T")
_CREATE = "run `newsloom topics create`"


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as the broker has it; `configs` are all its settings, defaults included."""

    partitions: int
    configs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of partitions that are asked for; of the article events None for any number."""

    lanes: int = 1
    article_events: int | None = None

    def of(self, topic: KafkaTopic) -> int | None:
        """The partitions asked for a topic."""
        if topic.partitions == "lanes":
            return self.lanes
        return self.article_events if topic is ARTICLE_EVENTS else None


@asynccontextmanager
async def open_admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises OutageError when nobody answers within seconds."""
    async with translate_outages(servers, CONNECT_TIMEOUT_S):
        admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=PROBE_TIMEOUT_MS)
    try:
        async with translate_outages(servers, CONNECT_TIMEOUT_S):
            await admin.start()
        async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
            yield admin
    finally:
        await admin.close()


async def _ask(question: Callable[[], Awaitable[T]]) -> T:
    """The answer to a question that any broker may be asked: the client may pick a dead one."""
    while True:
        try:
            return await question()
        except KafkaError as error:
            if not error.retriable:
                raise
        await asyncio.sleep(PAUSE_S)


async def list_topics(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Every topic's number of partitions, by full name."""
    # Asked for all: to ask for one by name creates it where brokers allow that.
    return {
        found["topic"]: len(found["partitions"])
        for found in await _ask(admin.describe_topics)
        if not found["is_internal"]
    }


async def describe_topics(
    admin: AIOKafkaAdminClient, names: Collection[str]
) -> dict[str, FoundTopic]:
    """Those of `names` that are there, in full."""
    partitions = {n: c for n, c in (await list_topics(admin)).items() if n in names}
    if not partitions:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in partitions]
    topics = {}
    for response in await _ask(lambda: admin.describe_configs(resources)):
        for resource in response.to_object()["resources"]:
            _stop_at(resource["error_code"], resource["error_message"])
            name, entries = resource["resource_name"], resource["config_entries"]
            configs = {entry["config_names"]: entry["config_value"] for entry in entries}
            topics[name] = FoundTopic(partitions[name], configs)
    return topics


async def require_topic(admin: AIOKafkaAdminClient, name: str) -> FoundTopic:
    """The topic of that full name. Raises OutageError when there is none."""
    for _ in range(3):
        found = await describe_topics(admin, [name])
        if name in found:
            return found[name]
        # One just created is not yet known to every broker.
        await asyncio.sleep(PAUSE_S)
    raise OutageError(f"there is no topic {name}: {_CREATE}")


async def create_topics(
    admin: AIOKafkaAdminClient, topics: KafkaTopics, sizes: Sizes, replication: int | None
) -> list[str]:
    """Creates the topics that are not there; their names. Those that are there are left alone.

    Replication is three, or one for each broker where there are fewer, unless told otherwise; a
    write then needs all replicas but one.
    """
    there = await list_topics(admin)
    if replication is None:
        brokers = (await _ask(admin.describe_cluster))["brokers"]
        replication = min(MAX_REPLICATION, len(brokers))
    in_sync = {"min.insync.replicas": str(max(1, replication - 1))}
    wanted = [
        NewTopic(
            topics.name(topic),
            sizes.of(topic) or 1,
            replication,
            topic_configs=topic.configs() | in_sync,
        )
        for topic in topics
        if topics.name(topic) not in there
    ]
    if not wanted:
        return []
    response = await _ask(lambda: admin.create_topics(wanted))
    created = []
    for name, code, message in response.topic_errors:
        if code != TopicAlreadyExistsError.errno:  # somebody else was faster
            _stop_at(code, f"cannot create {name}: {message}")
            created.append(name)
    return created


async def find_differences(
    admin: AIOKafkaAdminClient,
    servers: str,
    topics: KafkaTopics,
    sizes: Sizes,
    just_created: Collection[str] = (),
) -> list[str]:
    """Where the broker differs from the definitions: a line each, with the mend.

    Those `just_created` are right, and not yet known to every broker.
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
        there = found[name]
        lines += _partition_difference(servers, topic, name, there.partitions, sizes.of(topic))
        lines += _config_differences(servers, topic, name, there.configs)
    return lines


def _partition_difference(
    servers: str, topic: KafkaTopic, name: str, there: int, wanted: int | None
) -> list[str]:
    if wanted is None or there == wanted:
        return []
    tool = f"kafka-topics.sh --bootstrap-server {servers}"
    if topic.partitions == "lanes":
        mend = (
            "lanes cannot change in place: set NEWSLOOM_KAFKA_LANES to the table they were made "
            "for, or work with topics of another NEWSLOOM_KAFKA_TOPIC_PREFIX and replay the "
            "article events"
        )
    elif there < wanted:
        mend = f"run {tool} --alter --topic {name} --partitions {wanted}"
    else:
        mend = "partitions cannot become fewer: ask for as many as there are"
    return [f"{name}: partitions: {there}, not {wanted}: {mend}"]


def _config_differences(
    servers: str, topic: KafkaTopic, name: str, there: dict[str, str]
) -> list[str]:
    lines = []
    for key, wanted in topic.configs().items():
        value = there.get(key, "unset")
        if sorted(value.split(",")) != sorted(wanted.split(",")):
            lines.append(
                f"{name}: {key}: {value}, not {wanted}: run kafka-configs.sh --bootstrap-server "
                f"{servers} --alter --entity-type topics --entity-name {name} "
                f"--add-config '{key}=[{wanted}]'"
            )
    return lines


def _stop_at(code: int, message: Any) -> None:
    if code:
        raise for_code(code)(message)
