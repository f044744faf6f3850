"""Outages of Kafka: bounded in time, and translated into a message for the person who fixes them.

In: a block that talks to a broker. Out: its result, or an OutageError of one line. It never
retries.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from newsloom.adapters.failures import OutageError

CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_MS = 20_000
"""Longer than the failover of a broker takes, and short enough for a person who waits."""
START_TIMEOUT_S = 45.0
"""For starting a client after a broker has answered: the first two that it asks may be frozen."""
STOP_TIMEOUT_S = 3.0

_UNREACHABLE = (
    TimeoutError,
    OSError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)


_DENIALS = (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)


class ConnectionOutageError(OutageError):
    """No broker answered. A later attempt may succeed."""


def quieten_client() -> None:
    """Silences the log of the Kafka client: an outage is reported once, as an OutageError."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@asynccontextmanager
async def translate_outages(servers: str, timeout_s: float | None = None) -> AsyncIterator[None]:
    """Turns errors of the client, and a block longer than `timeout_s`, into an OutageError."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except _UNREACHABLE as error:
        raise ConnectionOutageError(
            f"no answer from Kafka at {servers}: check that a broker runs there, or name another "
            "with NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=host:port"
        ) from error
    except KafkaError as error:
        raise OutageError(f"Kafka at {servers} refused: {describe_error(error)}") from error


def describe_error(error: BaseException) -> str:
    """The client's error in one line: its class, and its message if it has one.

    If Kafka denies something, the line names it and the fix.
    """
    name = type(error).__name__.removesuffix("Error")
    first = error.args[0] if error.args else ""
    if isinstance(error, _DENIALS):
        denied = ", ".join(sorted(first)) if isinstance(first, set | frozenset) else first
        return f"{name}: {denied}: allow it to the principal of this worker (kafka-acls.sh)"
    message = " ".join(str(first).split())
    return f"{name}: {message}" if message else name
