"""Runs `newsloom` and disturbs it at a named point: kill, freeze, block, stall or slow.

In: the deed, the point, the number of the call at which it applies, arguments of `newsloom`.
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
FOR_EVER_S = 3600.0

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

Strike = Callable[[], float]
"""Acts on the process if it is due, and returns for how many seconds to delay the caller."""


def _strikes(deed: str, call: int) -> Strike:
    """Returns the strike for a deed, which counts its calls.

    `kill` and `freeze` send SIGKILL or SIGSTOP at call number `call`. At that call `block` puts
    the thread to sleep for an hour, and `stall` only the calling coroutine. `slow` delays that
    call and each later one by SLOW_S. In functions that are not coroutines, `stall` and `slow`
    have no effect.
    """
    calls = count(1)

    def strike() -> float:
        number = next(calls)
        if deed == "slow":
            return SLOW_S if number >= call else 0
        if deed == "stall":
            return FOR_EVER_S if number == call else 0
        if deed == "block":
            time.sleep(FOR_EVER_S if number == call else 0)
            return 0
        if number == call:
            os.kill(os.getpid(), {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}[deed])
        return 0

    return strike


def _arm(point: str, strike: Strike) -> None:
    module, path, moment = POINTS[point]
    owner: Any = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)

    async def wrapped_async(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            await asyncio.sleep(strike())
        result = await original(*arguments, **options)
        if moment == "after":
            await asyncio.sleep(strike())
        return result

    def wrapped(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            strike()
        result = original(*arguments, **options)
        if moment == "after":
            strike()
        return result

    setattr(owner, name, wrapped_async if inspect.iscoroutinefunction(original) else wrapped)


def main() -> None:
    """Wraps the function at the point, then runs `newsloom`."""
    deed, point, call, *words = sys.argv[1:]
    _arm(point, _strikes(deed, int(call)))
    sys.argv = ["newsloom", *words]
    from newsloom.cli import main

    main()


if __name__ == "__main__":
    main()
