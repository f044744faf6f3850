"""Topics on a broker: lists them, creates missing ones, and mends those that differ.

In: bootstrap servers, topic definitions, numbers of partitions. Out: created and changed topics, or
differences with the fix for each. It never deletes a topic.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.metadata import MetadataRequest

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.addresses import explain_silence, is_any_open
from newsloom.runtimes.kafka.clients.connection import (
    CONNECT_TIMEOUT_S,
    REQUEST_TIMEOUT_MS,
    ConnectionOutageError,
    translate_outages,
)
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.kafka.topics.differences import (
    Difference,
    FoundBrokers,
    FoundTopic,
    Sizes,
    differences,
)

PROBE_TIMEOUT_MS = 2_000
"""The timeout of one broker: if two of three are frozen, there is time left for the third."""
PAUSE_S = 0.3
T = TypeVar("T")
_SET_FOR_TOPIC = 1
"""The source of a setting that is set for the topic itself."""


@asynccontextmanager
async def open_admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises OutageError if no broker answers in time."""
    async with translate_outages(servers, CONNECT_TIMEOUT_S):
        admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=PROBE_TIMEOUT_MS)
    try:
        await _start(admin, servers)
        async with translate_outages(servers, REQUEST_TIMEOUT_MS / 1000):
            yield admin
    finally:
        await admin.close()


async def _start(admin: AIOKafkaAdminClient, servers: str) -> None:
    """Connects. The error of an outage says what happens at each address."""
    try:
        async with translate_outages(servers, CONNECT_TIMEOUT_S):
            await admin.start()
    except ConnectionOutageError as error:
        found = await explain_silence(servers.split(","))
        raise ConnectionOutageError(
            f"no answer from Kafka at {servers}: {found}. Check that a broker runs there, or name "
            "another with NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=host:port"
        ) from error
    named = [f"{broker.host}:{broker.port}" for broker in admin._client.cluster.brokers()]
    if not await is_any_open(named):
        raise ConnectionOutageError(
            f"no answer from Kafka: a broker at {servers} answers, but says that the brokers are "
            f"elsewhere: {await explain_silence(named)}. Mend advertised.listeners of the brokers"
        )


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


async def list_group_topics(admin: AIOKafkaAdminClient, group: str) -> set[str]:
    """The topics on which a consumer group has committed an offset."""

    # The method of the client takes an error of the broker for an empty list.
    async def ask() -> set[str]:
        coordinator = await admin.find_coordinator(group)
        answer = await admin._send_request(OffsetFetchRequest(group, None), coordinator)
        _raise_for(answer.error_code, f"cannot read the offsets of group {group}")
        return {topic for topic, _ in answer.topics}

    return await retry(ask)


async def describe_topics(
    admin: AIOKafkaAdminClient, names: Collection[str]
) -> dict[str, FoundTopic]:
    """The topics of `names` that exist, with all their settings."""
    return await retry(lambda: _describe_once(admin, names))


async def _describe_once(
    admin: AIOKafkaAdminClient, names: Collection[str]
) -> dict[str, FoundTopic]:
    # It asks for all topics: a query by name creates the topic where brokers allow that.
    partitions = {
        topic["topic"]: topic["partitions"]
        for topic in await admin.describe_topics()
        if topic["topic"] in names
    }
    if hidden := await _hidden(admin, set(names) - set(partitions)):
        raise OutageError(
            f"Kafka does not show the topic {', '.join(hidden)} to this user: it may not describe "
            "it, or there is none. Allow Describe on the topics, with their prefix, in the ACLs"
        )
    if not partitions:
        return {}
    topics = {}
    for name, entries in await _describe_configs(admin, ConfigResourceType.TOPIC, partitions):
        configs = {entry["config_names"]: entry["config_value"] for entry in entries}
        own = {e["config_names"] for e in entries if e.get("config_source") == _SET_FOR_TOPIC}
        replicas = _fewest_replicas(partitions[name])
        topics[name] = FoundTopic(len(partitions[name]), replicas, configs, frozenset(own))
    return topics


async def _hidden(admin: AIOKafkaAdminClient, names: Collection[str]) -> list[str]:
    """The topics of `names` that the user may not describe, whether they exist or not."""
    if not names:
        return []
    asked = MetadataRequest(list(names), allow_auto_topic_creation=False)
    answer = (await admin._send_request(asked)).to_object()
    denied = TopicAuthorizationFailedError.errno
    return sorted(t["topic"] for t in answer["topics"] if t["error_code"] == denied)


async def _describe_configs(
    admin: AIOKafkaAdminClient, kind: ConfigResourceType, names: Iterable[object]
) -> list[tuple[str, list[dict[str, Any]]]]:
    resources = [ConfigResource(kind, str(name)) for name in names]
    described = []
    for response in await admin.describe_configs(resources):
        for resource in response.to_object()["resources"]:
            # The broker that answers may not know a topic yet that another one has listed.
            _raise_for(resource["error_code"], resource["error_message"])
            described.append((resource["resource_name"], resource["config_entries"]))
    return described


async def describe_brokers(admin: AIOKafkaAdminClient) -> FoundBrokers:
    """The brokers, and what they show of their settings and of the transaction log."""
    return await retry(lambda: _describe_brokers_once(admin))


async def _describe_brokers_once(admin: AIOKafkaAdminClient) -> FoundBrokers:
    brokers = [broker["node_id"] for broker in (await admin.describe_cluster())["brokers"]]
    try:
        ((_, entries),) = await _describe_configs(admin, ConfigResourceType.BROKER, brokers[:1])
        configs = {entry["config_names"]: entry["config_value"] for entry in entries}
    except ClusterAuthorizationFailedError:
        configs = {}
    replicas = [
        _fewest_replicas(topic["partitions"])
        for topic in await admin.describe_topics()
        if topic["topic"] == "__transaction_state"
    ]
    return FoundBrokers(len(brokers), configs, next(iter(replicas), None))


def _fewest_replicas(partitions: Iterable[dict[str, Any]]) -> int:
    return min(len(partition["replicas"]) for partition in partitions)


async def require_topic(admin: AIOKafkaAdminClient, name: str) -> FoundTopic:
    """The topic of that full name. Raises OutageError if there is none."""
    for _ in range(3):
        found = await describe_topics(admin, [name])
        if name in found:
            return found[name]
        # A topic that was just created is not yet known to every broker.
        await asyncio.sleep(PAUSE_S)
    raise OutageError(f"there is no topic {name}: run `newsloom topics create`")


async def create_topics(
    admin: AIOKafkaAdminClient, topics: KafkaTopics, sizes: Sizes, is_trial: bool = False
) -> list[str]:
    """Creates the missing topics and returns their names. Existing topics stay as they are.

    `is_trial`: the brokers only check whether they could be created.
    """
    existing = await list_topics(admin)
    replicas = sizes.replicas_of(len((await retry(admin.describe_cluster))["brokers"]))
    new = [
        NewTopic(name, sizes.of_new(topic), replicas, topic_configs=topic.configs(replicas))
        for topic in topics
        if (name := topics.name(topic)) not in existing
    ]
    return await _create(admin, new, is_trial) if new else []


async def _create(admin: AIOKafkaAdminClient, new: list[NewTopic], is_trial: bool) -> list[str]:
    response = await retry(lambda: admin.create_topics(new, validate_only=is_trial))
    created = []
    for name, code, message in response.topic_errors:
        if code != TopicAlreadyExistsError.errno:  # else another process created it first
            _raise_for(code, f"cannot create {name}: {message}")
            created.append(name)
    return created


async def find_differences(
    admin: AIOKafkaAdminClient, topics: KafkaTopics, sizes: Sizes
) -> list[Difference]:
    """The differences between broker and definitions."""
    found = await describe_topics(admin, [topics.name(topic) for topic in topics])
    return differences(topics, sizes, found, await describe_brokers(admin))


async def mend(admin: AIOKafkaAdminClient, found: Iterable[Difference]) -> None:
    """Mends the differences that can be mended in place. Only settings and partitions change."""
    settings: dict[str, dict[str, str]] = {}
    for difference in found:
        if difference.setting is not None:
            key, value = difference.setting
            settings.setdefault(difference.name, {})[key] = value
        if difference.partitions is not None:
            more = {difference.name: NewPartitions(difference.partitions)}
            await admin.create_partitions(more)
    if not settings:
        return
    # This request replaces all settings of a topic, so those that it has are repeated.
    topics = await describe_topics(admin, settings)
    kept = {name: {k: v for k, v in t.configs.items() if k in t.own} for name, t in topics.items()}
    for response in await admin.alter_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, name, kept[name] | changed)
            for name, changed in settings.items()
        ]
    ):
        for code, message, _, name in response.resources:
            _raise_for(code, f"cannot change {name}: {message}")


def _raise_for(code: int, message: Any) -> None:
    if code:
        raise for_code(code)(message)
