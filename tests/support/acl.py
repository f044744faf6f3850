"""Kafka's access lists: denies an operation to everybody, and takes that back.

In: a broker that runs with AUTHORIZER, where everything is allowed that no list mentions.
"""

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
QUORUM = {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.controller.plain.sasl.jaas.config": (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        'username="broker" password="broker" user_broker="broker";'
    ),
    "super.users": "User:broker",
}
"""With AUTHORIZER on several brokers. They vote before any access list is read, so they need a name
that may do everything, which the workers do not have."""
_KINDS = {"topic": 2, "group": 3, "transactional id": 5}
_OPERATIONS = {"All": 2, "Read": 3, "Write": 4, "Describe": 8}
_LITERAL, _DENY, _ALLOW = 3, 2, 3


def deny(servers: str, kind: str, name: str, operation: str) -> None:
    """Denies an operation; all others stay allowed."""
    _request(CreateAclsRequest, servers, kind, name, "All", _ALLOW)
    _request(CreateAclsRequest, servers, kind, name, operation, _DENY)


def allow(servers: str, kind: str, name: str, operation: str) -> None:
    """Takes back what `deny` did."""
    _request(DeleteAclsRequest, servers, kind, name, operation, _DENY)


def _request(
    request: Any, servers: str, kind: str, name: str, operation: str, permission: int
) -> None:
    async def send() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            words = _KINDS[kind], name, _LITERAL, "User:*", "*", _OPERATIONS[operation], permission
            answer = (await admin._send_to_controller(request(*words))).to_object()
            entries = answer.get("creation_responses") or answer["filter_responses"]
            assert [entry["error_code"] for entry in entries] == [0], answer
        finally:
            await admin.close()

    asyncio.run(send())
