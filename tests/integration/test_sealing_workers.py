"""Workers with and without a sealing key: private fields are never published in clear text.

They occur only in the input topic and in the values of dead letters.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord

from tests.support.canary import BAD, CANARY, GOOD
from tests.support.kafka import Kafka
from tests.support.workers import (
    CURATED,
    ENRICHED,
    LANE_STATE,
    LETTERS,
    STORIES,
    await_all,
    create_topics,
    send,
    working,
)


@pytest.mark.parametrize("has_key", [True, False], ids=["with a key", "without a key"])
def test_private_fields_are_not_readable_in_any_output_topic(
    kafka: Kafka, tmp_path: Path, has_key: bool
) -> None:
    if has_key:
        kafka = replace(kafka, settings={"NEWSLOOM_SEALING_KEYS_FILE": str(tmp_path / "keys")})
        assert kafka.newsloom("keys", "new").code == 0
    create_topics(kafka)
    inputs = [*(json.dumps(event).encode() for event in GOOD), *BAD]
    with working(kafka, "all"):  # also asserts that the workers log nothing
        send(kafka, [(None, line) for line in inputs])
        await_all(kafka, len(inputs))

    records_by_topic = {
        name: kafka.read(kafka.prefix + name) for name in (ENRICHED, CURATED, STORIES)
    }
    records_by_topic[LANE_STATE] = kafka.read(kafka.prefix + LANE_STATE)
    for name, records in records_by_topic.items():
        assert records, name
        assert not [r for r in records if CANARY.encode() in _bytes(r)], name
    letters = kafka.read(kafka.prefix + LETTERS)
    assert [letter.value for letter in letters] == BAD
    assert not [r for r in letters if CANARY in repr((r.key, r.headers))]

    curated = [json.loads(r.value) for r in records_by_topic[CURATED] if r.value is not None]
    sealed = {record["webUrl"][-1]: record for record in curated if "secured" in record}
    assert sorted(sealed) == (["1", "2", "6"] if has_key else ["6"])
    if has_key:
        unsealed = kafka.newsloom("unseal", stdin=json.dumps(sealed["1"]).encode())
        assert (unsealed.code, json.loads(unsealed.out)) == (0, GOOD[0]["private"])
    else:
        assert sealed["6"]["secured"] == "AAAA;BBBB"


def _bytes(record: ConsumerRecord) -> bytes:
    return b"%r%b%b" % (record.headers, record.key or b"", record.value or b"")
