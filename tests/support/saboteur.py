"""A worker that is struck at a named point of its work: killed, frozen, blocked or made slow.

In: a point, the call of it that is struck, the words for `newsloom`. Out: that worker, which
knows nothing of it. What it does up to there is the product's own.

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
"""Where to find each point, and whether it is before or after that is called."""

Strike = Callable[[], float]
"""Strikes, and tells for how many seconds the call is to be held up."""


def _strikes(deed: str, call: int) -> Strike:
    """Kills or freezes at that call; `slow` holds up every one from there on.

    `block` lets the thread sleep there for ever, `stall` only whoever made the call.
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
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    real = getattr(owner, name)

    async def struck_async(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            await asyncio.sleep(strike())
        result = await real(*arguments, **options)
        if moment == "after":
            await asyncio.sleep(strike())
        return result

    def struck(*arguments: Any, **options: Any) -> Any:
        if moment == "before":
            strike()
        result = real(*arguments, **options)
        if moment == "after":
            strike()
        return result

    setattr(owner, name, struck_async if inspect.iscoroutinefunction(real) else struck)


def main() -> None:
    """Arms the point, then is `newsloom`."""
    deed, point, call, *words = sys.argv[1:]
    _arm(point, _strikes(deed, int(call)))
    sys.argv = ["newsloom", *words]
    from newsloom.cli import main

    main()


if __name__ == "__main__":
    main()
