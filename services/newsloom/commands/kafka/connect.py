"""Runs the asynchronous work of the commands that connect to a broker."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from newsloom.runtimes.kafka.clients.connection import quieten_client

T = TypeVar("T")


def on_kafka(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` and returns its result. Silences the client's log: errors are raised instead."""
    quieten_client()
    return asyncio.run(work)
