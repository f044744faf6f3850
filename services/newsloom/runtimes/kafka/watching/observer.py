"""Asks the brokers about the topics, the group and the ends of the input of a worker.

In: what the worker needs and knows. Out: a view of the brokers; if none answers, a view that says
so. It has a client of its own, so it also sees that the consumer of the group does nothing.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.offset import OffsetRequest

from newsloom.runtimes.kafka.clients.admin import PROBE_TIMEOUT_MS
from newsloom.runtimes.kafka.clients.connection import describe_error
from newsloom.runtimes.kafka.watching.causes import (
    INTERNAL,
    Ends,
    Needs,
    Partition,
    Progress,
    Topic,
    View,
)
from newsloom.runtimes.kafka.watching.metadata import MetadataRequest

LOOK_S = 7.0
OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}
"""The numbers of the operations in Kafka's access lists, which are bits of what is allowed."""
_COMMITTED, _ALL = 1, 0
_LATEST = -1
_GROUP, _TRANSACTION = 0, 1
_HIDDEN = "TopicAuthorizationFailed"

log = logging.getLogger(__name__)


class Observer:
    """Looks at the brokers. Call `close` at the end."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._admin: AIOKafkaAdminClient | None = None
        self._required_in_sync: dict[bytes, int] = {}

    async def look(self, progress: Progress) -> View:
        """What the brokers say now. It takes LOOK_S at most."""
        addresses: list[str] = []
        try:
            async with asyncio.timeout(LOOK_S):
                return await self._look(progress, addresses)
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("no view of the brokers: %s", describe_error(error))
            await self.close()
            return View(answered=False, addresses=", ".join(addresses))

    async def close(self) -> None:
        """Closes the connections. The next look opens new ones."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    async def _look(self, progress: Progress, addresses: list[str]) -> View:
        needs = self._needs
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(
                bootstrap_servers=needs.servers.split(","), request_timeout_ms=PROBE_TIMEOUT_MS
            )
            await self._admin.start()
        brokers = self._admin._client.cluster.brokers()
        addresses += [f"{broker.host}:{broker.port}" for broker in brokers]
        answer = await self._ask_any(MetadataRequest([*needs.access, *INTERNAL]))
        is_committing = progress.committing_since is not None
        topics = await self._topics(answer, should_ask_again=is_committing)
        group = await self._find_coordinator(needs.group, _GROUP)
        # Any transactional id of the group will do: each has its name as prefix.
        transactions = await self._find_coordinator(f"{needs.group}.0", _TRANSACTION)
        wanted = [n for n, e in zip(INTERNAL, (transactions, group), strict=True) if e]
        is_strange = (progress.group_error or "").startswith("InconsistentGroupProtocol")
        return View(
            answered=True,
            brokers=len(answer.brokers),
            topics=topics,
            hidden=frozenset(t[1] for t in answer.topics if _name(t[0]) == _HIDDEN),
            group=group,
            transactions=transactions,
            ends=await self._ends(topics, progress.read_to),
            replication=await self._replication(wanted) if wanted else {},
            strangers=await self._members() if is_strange else "",
        )

    async def _ask_any(self, request: Any) -> Any:
        """The answer of the first broker that gives one."""
        admin = self._open_admin()
        nodes = [broker.nodeId for broker in admin._client.cluster.brokers()]
        random.shuffle(nodes)
        error: KafkaError = KafkaConnectionError("no broker is known")
        for node in nodes:
            try:
                return await admin._client.send(node, request)
            except KafkaError as failure:
                error = failure
        raise error

    def _open_admin(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            raise KafkaConnectionError("not connected")
        return self._admin

    async def _topics(self, answer: Any, should_ask_again: bool) -> dict[str, Topic]:
        """The topics that exist.

        How many replicas they require in sync is asked once, and again while there are too few.
        """
        topics = {}
        required = self._required_in_sync
        for error, name, ident, _, partitions, allowed, _ in answer.topics:
            if error:
                continue
            replicas = {
                number: Partition(leader, len(in_sync))
                for _, number, leader, _, _, in_sync, _, _ in sorted(partitions, key=lambda p: p[1])
            }
            may = frozenset(name for name, bit in OPERATIONS.items() if allowed >> bit & 1)
            topics[name] = Topic(ident, replicas, may, required.get(ident, 1))
        asked = [
            name
            for name, topic in topics.items()
            if should_ask_again
            or topic.id not in required
            or any(p.in_sync < topic.required_in_sync for p in topic.partitions.values())
        ]
        kind, key = ConfigResourceType.TOPIC, "min.insync.replicas"
        found = await self._read_configs(kind, dict.fromkeys(asked, key))
        for name in asked:
            least = required[topics[name].id] = int(found.get(name, 1))
            topics[name] = replace(topics[name], required_in_sync=least)
        return topics

    async def _read_configs(
        self, kind: ConfigResourceType, keys: Mapping[str, str]
    ) -> dict[str, str]:
        """The values of settings, one for each name; without those that may not be read."""
        if not keys:
            return {}
        resources = [ConfigResource(kind, name, {key: None}) for name, key in keys.items()]
        return {
            found["resource_name"]: entry["config_value"]
            for response in await self._open_admin().describe_configs(resources)
            for found in response.to_object()["resources"]
            for entry in found["config_entries"] or ()
            if entry["config_names"] == keys[found["resource_name"]]
        }

    async def _replication(self, topics: Collection[str]) -> dict[str, int]:
        """The replication factors that a broker wants for INTERNAL topics, if they may be read."""
        kind = ConfigResourceType.BROKER
        broker = str(self._open_admin()._client.get_random_node())
        factors: dict[str, int] = {}
        for topic in topics:
            key = f"{INTERNAL[topic]}.replication.factor"
            found = await self._read_configs(kind, {broker: key})
            if broker in found:
                factors[topic] = int(found[broker])
        return factors

    async def _find_coordinator(self, key: str, kind: int) -> str:
        """The name of the error of the search for a coordinator; empty if it was found."""
        return _name((await self._ask_any(FindCoordinatorRequest(key, kind))).error_code)

    async def _members(self) -> str:
        """The members of the group: client ids and addresses; empty if that is denied."""
        (response,) = await self._open_admin().describe_consumer_groups([self._needs.group])
        members = [member for group in response.groups for member in group[5]]
        return ", ".join(sorted({f"client {m[1]} at {m[2].lstrip('/')}" for m in members}))

    async def _ends(self, topics: Mapping[str, Topic], numbers: Iterable[int]) -> dict[int, Ends]:
        """The ends of the partitions of the input whose leaders answer."""
        topic = topics.get(self._needs.input_topic)
        by_leader: dict[int, list[int]] = defaultdict(list)
        for number in numbers:
            if topic and number in topic.partitions and topic.partitions[number].leader >= 0:
                by_leader[topic.partitions[number].leader].append(number)
        ends: dict[int, Ends] = {}
        for leader, led in by_leader.items():
            try:
                # In this order: the end of all records is not below that of the committed ones.
                stable = await self._list_ends(leader, led, _COMMITTED)
                high = await self._list_ends(leader, led, _ALL)
            except KafkaError as error:
                log.info("the ends on broker %d are unknown: %s", leader, describe_error(error))
                continue
            ends |= {n: Ends(stable[n], high[n]) for n in led if n in stable and n in high}
        return ends

    async def _list_ends(self, leader: int, numbers: list[int], isolation: int) -> dict[int, int]:
        partitions = [(number, _LATEST) for number in numbers]
        request = OffsetRequest(-1, isolation, [(self._needs.input_topic, partitions)])
        answer = await self._open_admin()._client.send(leader, request)
        return {
            number: offset
            for _, found in answer.topics
            for number, error, _, offset, *_ in found
            if not error
        }


def _name(code: int) -> str:
    """The name of an error as `describe_error` writes it; empty for 0."""
    return for_code(code).__name__.removesuffix("Error") if code else ""
