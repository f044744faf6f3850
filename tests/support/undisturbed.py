"""A feed for workers that are killed, frozen or replaced, and the check of what they publish.

In: a broker and the arguments of a worker. Out: events of all kinds; faults as AssertionError.
"""

import json
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.verifier import verify
from tests.support.workers import Event, start_worker

PARTITIONS = 3
INTERVAL_S = 0.02
LEAST_EVENTS = 1_500
"""The least number of events of a test. When the test stops sending, the rest is sent at once."""
START = datetime(2024, 3, 4, tzinfo=UTC)
"""In the past on every machine, so that no event time depends on the arrival time."""


def feed(most: int = 100_000) -> Iterator[Event]:
    """Events of all kinds, with malformed ones and tombstones; an article's URL is the key."""
    keys: deque[bytes] = deque(maxlen=100)
    for number, event in enumerate(generate(20240304, most, start=START)):
        keys.append(event["webUrl"].encode())
        yield keys[-1], json.dumps(event).encode()
        if number % 50 == 0:
            yield b"poison %d" % number, b"{"
        if number % 200 == 150:
            yield keys[0], None


def assert_exact(kafka: Kafka, inputs: int, folder: Path) -> None:
    """Asserts that the verifier finds no fault, and the same records as in an embedded run."""
    account = verify(kafka.servers, kafka.prefix, folder)
    assert account.inputs == inputs
    assert account.faults == [], str(account)


@contextmanager
def started(
    kafka: Kafka, *arguments: str, struck: Sequence[object] = (), is_fresh: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a worker, and kills it when the block is left."""
    worker = start_worker(kafka, *arguments, struck=struck, is_fresh=is_fresh)
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()
