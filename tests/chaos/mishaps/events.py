"""Events for a worker of the enrich stage, and a count of what it made of them."""

import json

from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.workers import ENRICHED, LETTERS, Event, wait_for


def events(count: int) -> list[Event]:
    """The first events of a stream."""
    return [(None, json.dumps(event).encode()) for event in generate(1, count)]


def await_enriched(kafka: Kafka, count: int) -> None:
    """Waits until exactly `count` inputs are enriched or dead-lettered."""
    made = 0
    with kafka.reading(ENRICHED, LETTERS) as reader:

        def are_made() -> bool:
            nonlocal made
            made += len(reader.more())
            return made >= count

        wait_for(are_made, f"{count} enriched inputs", every_s=0)
        assert made + len(reader.more()) == count
