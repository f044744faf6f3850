"""The loop that drains Faust's consumer, when it is cancelled."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

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


def _poll(*errors: Exception) -> list[Any]:
    """The calls of the loop while its polls raise these errors, and then one returns nothing."""
    calls: list[Any] = []
    polls = iter(errors)

    async def poll(_: float) -> tuple[dict[Any, Any], None]:
        for error in polls:
            raise error
        return {}, None

    async def go_to(positions: str) -> bool:
        calls.append(positions)
        return True

    async def check_positions(epoch: int) -> None:
        calls.append(("check", epoch))

    async def handle_batch(_: Any, epoch: int, records: Any) -> bool:
        calls.append((epoch, records))
        handler.is_open = lambda: False
        return True

    async def sleep(_: float) -> None:
        """Waits for nothing."""

    handler = SimpleNamespace(
        is_open=lambda: True,
        is_holding=False,
        epoch=3,
        positions=lambda: "sought",
        check_positions=check_positions,
        handle_batch=handle_batch,
    )
    running = SimpleNamespace(is_set=lambda: False)
    client = SimpleNamespace(_coordinator=SimpleNamespace(check_errors=lambda: None))
    consumer = SimpleNamespace(
        app=SimpleNamespace(handler=handler),
        _stopped=running,
        flow_active=True,
        sleep=sleep,
        _thread=SimpleNamespace(_ensure_consumer=lambda: client),
        _go_to=go_to,
        _wait_next_records=poll,
    )
    fetcher = SimpleNamespace(_stopped=running)
    asyncio.run(BatchConsumer._drain_messages(cast(BatchConsumer, consumer), fetcher))
    return calls


def test_an_offset_outside_of_its_log_has_the_positions_checked() -> None:
    error = OffsetOutOfRangeError({TopicPartition("news.article-events.v1", 0): 7})
    assert _poll(error) == ["sought", ("check", 3), "sought", (3, {})]


def test_a_partition_that_was_just_assigned_is_sought_first() -> None:
    error = NoOffsetForPartitionError(TopicPartition("news.article-events.v1", 0))
    assert _poll(error) == ["sought", "sought", (3, {})]
