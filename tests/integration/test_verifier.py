"""The verifier detects each kind of fault in the topics of real workers."""

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


def test_it_detects_lost_repeated_backward_and_differing_records(
    kafka: Kafka, tmp_path: Path
) -> None:
    lines = [json.dumps(event).encode() for event in generate(7, 60)]
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, [(None, line) for line in [*lines[:59], b"{"]])
        await_all(kafka, 60)
    account = verify(kafka.servers, kafka.prefix, tmp_path / "correct")
    assert account.faults == []
    assert account.ends.total() == account.inputs == 60
    assert account.ends["dead-lettered"] == 1

    counts = [account.wrong]

    def spoil(topic: str, record: Message, headers: Headers = ()) -> Counter[str]:
        """Writes a record; returns the number of additional faults by kind."""
        kafka.send(kafka.prefix + topic, [record], headers=headers)
        counts.append(verify(kafka.servers, kafka.prefix).wrong)
        return counts[-1] - counts[-2]

    def first(topic: str) -> ConsumerRecord:
        return kafka.read(kafka.prefix + topic)[0]

    enriched, curated, story, letter = map(first, (ENRICHED, CURATED, STORIES, LETTERS))
    assert spoil(EVENTS, (None, lines[59]))["lost"]
    wrong = json.loads(curated.value) | {"revision": 1_000_000, "published": "no"}
    assert spoil(CURATED, (curated.key, json.dumps(wrong).encode()))["inconsistent"]
    assert spoil(ENRICHED, (enriched.key, enriched.value))["repeated"]
    assert spoil(CURATED, (curated.key, curated.value))["repeated"]
    # Articles and stories of a lane share one sequence of revisions.
    assert spoil(CURATED, (story.key, story.value))["backward"]
    assert spoil(LETTERS, (letter.key, letter.value), letter.headers)["repeated"]
    assert verify(kafka.servers, kafka.prefix, tmp_path / "spoiled").wrong["differing"]
