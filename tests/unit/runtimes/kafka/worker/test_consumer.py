"""The loop that drains Faust's consumer, when it is cancelled."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from newsloom.runtimes.kafka.worker.consumer import BatchConsumer


def _drain_cancelled(is_open: bool) -> None:
    """Cancels the loop while it waits for the end of a rebalance."""

    async def wait(_: Any) -> None:
        handler.is_open = lambda: is_open
        raise asyncio.CancelledError

    handler = SimpleNamespace(is_open=lambda: True)
    running = SimpleNamespace(is_set=lambda: False)
    consumer = SimpleNamespace(
        app=SimpleNamespace(handler=handler),
        _stopped=running,
        flow_active=False,
        can_resume_flow=None,
        wait=wait,
    )
    fetcher = SimpleNamespace(_stopped=running)
    asyncio.run(BatchConsumer._drain_messages(cast(BatchConsumer, consumer), fetcher))


def test_at_the_end_of_the_worker_it_returns() -> None:
    """Otherwise Faust logs a crash of its fetcher, if a rebalance runs."""
    _drain_cancelled(is_open=False)


def test_before_the_end_of_the_worker_it_is_cancelled() -> None:
    with pytest.raises(asyncio.CancelledError):
        _drain_cancelled(is_open=True)
