"""Kafka's outages, in bounded time and in words for the person who can mend them.

In: what is done with a broker. Out: its result, or an OutageError of one line. It never retries.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)

from newsloom.adapters.failures import OutageError

CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_MS = 20_000
"""Longer than a broker takes to be replaced, short enough for a person who waits."""
START_TIMEOUT_S = 45.0
"""For a client that is started once brokers have answered: the first two it asks may be frozen."""
STOP_TIMEOUT_S = 3.0

_UNREACHABLE = (
    TimeoutError,
    OSError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)


class ConnectionOutageError(OutageError):
    """Nobody answered; asking again may help."""


def quieten_client() -> None:
    """Keeps the client's own log of outages from a terminal: they are told once, as errors."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@asynccontextmanager
async def translate_outages(servers: str, timeout_s: float | None = None) -> AsyncIterator[None]:
    """Makes an OutageError of what goes wrong inside, or of its taking longer than `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except _UNREACHABLE as error:
        raise ConnectionOutageError(
            f"no answer from Kafka at {servers}: see that a broker runs there, or name another "
            "with NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=host:port"
        ) from error
    except KafkaError as error:
        raise OutageError(f"Kafka at {servers} refused: {describe_error(error)}") from error


def describe_error(error: BaseException) -> str:
    """The client's error in a line: its name, and what it says beyond that."""
    name = type(error).__name__.removesuffix("Error")
    said = " ".join(str(error.args[0] if error.args else "").split())
    return f"{name}: {said}" if said else name
