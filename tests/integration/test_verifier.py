"""The verifier finds what it is there to find."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aiokafka import ConsumerRecord

from tests.support.generator import generate
from tests.support.kafka import Kafka, Message
from tests.support.verifier import verify
from tests.support.workers import (
    CURATED,
    ENRICHED,
    EVENTS,
    LETTERS,
    STORIES,
    await_all,
    create_topics,
    send,
    working,
)

Headers = Sequence[tuple[str, bytes]]


def test_it_tells_what_is_lost_repeated_backward_and_different(
    kafka: Kafka, tmp_path: Path
) -> None:
    made = [json.dumps(event).encode() for event in generate(7, 60)]
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, [(None, line) for line in [*made[:59], b"{"]])
        await_all(kafka, 60)
    account = verify(kafka.servers, kafka.prefix, tmp_path / "well")
    assert account.faults == []
    assert account.ends.total() == account.inputs == 60
    assert account.ends["dead-lettered"] == 1

    found = [account.wrong]

    def spoil(topic: str, record: Message, headers: Headers = ()) -> Counter[str]:
        """What is found wrong once that is written, beyond what was before."""
        kafka.send(kafka.prefix + topic, [record], headers=headers)
        found.append(verify(kafka.servers, kafka.prefix).wrong)
        return found[-1] - found[-2]

    def first(topic: str) -> ConsumerRecord:
        return kafka.read(kafka.prefix + topic)[0]

    enriched, curated, story, letter = map(first, (ENRICHED, CURATED, STORIES, LETTERS))
    assert spoil(EVENTS, (None, made[59]))["lost"]
    assert spoil(ENRICHED, (enriched.key, enriched.value))["repeated"]
    assert spoil(CURATED, (curated.key, curated.value))["repeated"]
    assert spoil(CURATED, (story.key, story.value))["backward"]  # revisions are shared
    assert spoil(LETTERS, (letter.key, letter.value), letter.headers)["repeated"]
    assert verify(kafka.servers, kafka.prefix, tmp_path / "spoilt").wrong["differing"]
