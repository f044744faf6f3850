"""What the commands that talk to a broker have in common."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from newsloom.runtimes.kafka.clients.connection import quieten_client

T = TypeVar("T")


def on_kafka(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; what the client would log is left to the error it ends with."""
    quieten_client()
    return asyncio.run(work)
