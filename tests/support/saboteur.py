"""Runs `newsloom` and disturbs it at a named point: kill, freeze, block, stall or slow.

In: an action, a point, the number of the call to act on, and the arguments of `newsloom`.
Out: a `newsloom` process, whose code is unchanged except for the wrapped function.

    python -m tests.support.saboteur kill "before commit" 3 worker curate
"""

import asyncio
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import count
from typing import Any

SLOW_S = 1.0
FOREVER_S = 3600.0

KAFKA = "newsloom.runtimes.kafka"
PRODUCER = f"{KAFKA}.clients.transactional_producer"
POINTS = {
    "after decode": ("newsloom.pipeline.process", "decode", "after"),
    "in enrichment": ("newsloom.pipeline.process", "enrich_article", "before"),
    "in curation": ("newsloom.pipeline.process", "build_records", "before"),
    "between the sends of one transaction": ("aiokafka", "AIOKafkaProducer.send_batch", "after"),
    "before offsets": ("aiokafka", "AIOKafkaProducer.send_offsets_to_transaction", "before"),
    "after offsets": ("aiokafka", "AIOKafkaProducer.send_offsets_to_transaction", "after"),
    "before commit": ("aiokafka", "AIOKafkaProducer.commit_transaction", "before"),
    "before the answer to a commit": (
        "aiokafka.producer.sender",
        "EndTxnHandler.handle_response",
        "before",
    ),
    "after commit": ("aiokafka", "AIOKafkaProducer.commit_transaction", "after"),
    "after fencing": (PRODUCER, "PartitionProducer.fence", "after"),
    "during restore": ("aiokafka", "AIOKafkaConsumer.getmany", "after"),
    "after assignment": (f"{KAFKA}.worker.worker", "Worker.assign", "after"),
    "while draining": (f"{KAFKA}.worker.consumer", "BatchApp.stop", "before"),
    "in a batch": (PRODUCER, "PartitionProducer.commit", "before"),
}
"""For each point: a module, a function in it, and whether to act before or after its call."""

Disturb = Callable[[], float]
"""Acts on the process if it is due, and returns for how many seconds to delay the caller."""


def _disturb_at(action: str, call: int) -> Disturb:
    """Returns the function that performs an action; it counts its calls.

    `kill` and `freeze` send SIGKILL or SIGSTOP at call number `call`. At that call `block` puts
    the thread to sleep for an hour, and `stall` only the calling coroutine. `slow` delays that
    call and each later one by SLOW_S. In functions that are not coroutines, `stall` and `slow`
    have no effect.
    """
    calls = count(1)

    def disturb() -> float:
        number = next(calls)
        if action == "slow":
            return SLOW_S if number >= call else 0
        if action == "stall":
            return FOREVER_S if number == call else 0
        if action == "block":
            time.sleep(FOREVER_S if number == call else 0)
            return 0
        if number == call:
            os.kill(os.getpid(), {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}[action])
        return 0

    return disturb


def _wrap(point: str, disturb: Disturb) -> None:
    module, path, moment = POINTS[point]
    owner: Any = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)

    async def wrapped_async(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            await asyncio.sleep(disturb())
        result = await original(*arguments, **options)
        if moment == "after":
            await asyncio.sleep(disturb())
        return result

    def wrapped(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            disturb()
        result = original(*arguments, **options)
        if moment == "after":
            disturb()
        return result

    setattr(owner, name, wrapped_async if inspect.iscoroutinefunction(original) else wrapped)


def main() -> None:
    """Wraps the function at the point, then runs `newsloom`."""
    action, point, call, *arguments = sys.argv[1:]
    _wrap(point, _disturb_at(action, int(call)))
    sys.argv = ["newsloom", *arguments]
    from newsloom.cli import main

    main()


if __name__ == "__main__":
    main()
