"""Descriptions of topics, from a cluster whose brokers do not all know the newest topics."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.admin import describe_topics
from newsloom.runtimes.kafka.topics.differences import FoundTopic

UNKNOWN_TOPIC, UNKNOWN_SERVER_ERROR, TOPIC_AUTHORIZATION_FAILED = 3, -1, 29


class Admin:
    """Lists one topic; each description of its settings ends with the next of `codes`."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    async def describe_topics(self) -> list[dict[str, Any]]:
        partitions = [{"replicas": [1, 2, 3]}, {"replicas": [1, 3]}]
        return [{"topic": "t.stories", "partitions": partitions, "is_internal": False}]

    async def describe_configs(self, _resources: object) -> list[Any]:
        code = self.codes.pop(0)
        resource = {
            "error_code": code,
            "error_message": "from the broker" if code else None,
            "resource_name": "t.stories",
            "config_entries": [
                {"config_names": "cleanup.policy", "config_value": "compact", "config_source": 1},
                {"config_names": "segment.ms", "config_value": "7", "config_source": 5},
            ],
        }
        return [SimpleNamespace(to_object=lambda: {"resources": [resource]})]

    async def _send_request(self, _request: object) -> Any:
        topics = [
            {"topic": "t.hidden", "error_code": TOPIC_AUTHORIZATION_FAILED},
            {"topic": "t.missing", "error_code": UNKNOWN_TOPIC},
        ]
        return SimpleNamespace(to_object=lambda: {"topics": topics})


def describe(admin: Admin, *names: str) -> dict[str, FoundTopic]:
    return asyncio.run(describe_topics(cast(AIOKafkaAdminClient, admin), ["t.stories", *names]))


def test_topic_that_a_broker_does_not_know_yet_is_described_again() -> None:
    admin = Admin(UNKNOWN_TOPIC, UNKNOWN_TOPIC, 0)
    configs = {"cleanup.policy": "compact", "segment.ms": "7"}
    assert describe(admin) == {
        "t.stories": FoundTopic(2, 2, configs, frozenset({"cleanup.policy"}))
    }
    assert admin.codes == []


def test_permanent_error_is_raised_at_once() -> None:
    with pytest.raises(KafkaError, match="from the broker"):
        describe(Admin(UNKNOWN_SERVER_ERROR, 0))


def test_a_topic_that_the_user_may_not_see_is_not_called_missing() -> None:
    with pytest.raises(OutageError, match=r"does not show the topic t\.hidden to this user: "):
        describe(Admin(0), "t.hidden", "t.missing")
