"""Everything that a Kafka client may write is read: each codec, any header, and too large inputs.

The broker packs the records of every topic anew, so all consumers read what a Java client wrote.
"""

import hashlib
import json
import signal

from newsloom.runtimes.kafka.topics.definitions import TOPICS
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.record_batches import PACK, Written, make_batch, send_batch
from tests.support.workers import (
    EVENTS,
    LETTERS,
    await_all,
    create_topics,
    letter_headers,
    outcomes,
    send,
    start_worker,
    working,
)

MIB = 1024 * 1024
PACKED_BY_BROKER = {
    "enriched-articles.v1": "snappy",
    "curated-articles.v1": "gzip",
    "stories.v1": "zstd",
    "lane-state.v1": "lz4",
    "dead-letters.v1": "snappy",
}
ODD = [(b"caf\xe9", b"\xff\0"), (b"", None), (b"ce_source", b"\xff"), (b"ce_source", None)]


def events(count: int, seed: int) -> list[bytes]:
    made = generate(seed, count, update_share=0, copy_share=0, withdrawal_share=0, repeat_share=0)
    return [json.dumps(event).encode() for event in made]


def test_every_codec_and_any_header_is_read_by_all_consumers(kafka: Kafka) -> None:
    for topic in TOPICS:
        if topic.suffix in PACKED_BY_BROKER:
            packed = {"compression.type": PACKED_BY_BROKER[topic.suffix]}
            kafka.create(kafka.prefix + topic.suffix, 1, topic.configs() | packed)
    create_topics(kafka)
    article_events = kafka.prefix + EVENTS
    values = events(2 * len(PACK), seed=7)
    with working(kafka, "enrich", "curate"):
        for number, codec in enumerate(PACK):
            pair = [Written(value, None, ODD) for value in values[2 * number : 2 * number + 2]]
            send_batch(kafka.servers, article_events, 0, make_batch(pair, codec))
        send_batch(
            kafka.servers, article_events, 0, make_batch([Written(b"bad", b"\xff", ODD)], "lz4")
        )
        await_all(kafka, len(values) + 1)
    assert outcomes(kafka) == {"curated": len(values)}
    [letter] = kafka.read(kafka.prefix + LETTERS)
    assert (letter.key, letter.value) == (b"\xff", b"bad")
    names = [(name.decode("utf-8", "backslashreplace"), value) for name, value in ODD]
    assert list(letter.headers[: len(ODD)]) == names
    assert "newsloom.truncated" not in letter_headers(letter)
    shown = kafka.newsloom("tail", "article-events", "--no-follow", "--from-offset", 0, "--json")
    assert (shown.code, shown.err, shown.out.count("\n")) == (0, "", len(values) + 1)
    rebuilt = kafka.newsloom("lanes", "rebuild", "--quiet")
    assert (rebuilt.code, rebuilt.err) == (0, "")
    with working(kafka, "enrich", "curate"):  # it restores the lane
        send(kafka, [(None, values[0]), (None, events(1, seed=8)[0])])
        await_all(kafka, len(values) + 3)
    assert outcomes(kafka) == {"curated": len(values) + 1, "unchanged": 1}


def test_a_dead_letter_that_would_outgrow_its_topic_is_cut_and_says_so(kafka: Kafka) -> None:
    create_topics(kafka)
    topic, (good,) = kafka.prefix + EVENTS, events(1, seed=9)
    large = json.dumps({"html": "<p>" * 2_200_000}).encode()
    headers = [(b"small", b"1"), (b"large", bytes(6 * MIB)), (b"last", None)]
    with working(kafka, "enrich", "curate"):
        for record in (
            Written(large),
            Written(b"bad", None, headers),
            Written(good, None, headers),
        ):
            send_batch(kafka.servers, topic, 0, make_batch([record], "gzip"))
        await_all(kafka, 3)
    assert outcomes(kafka) == {"curated": 1}
    of_value, of_headers = kafka.read(kafka.prefix + LETTERS)
    stated = letter_headers(of_value)
    assert stated["newsloom.reason"] == "too-large"
    assert stated["newsloom.truncated"] == "true"
    assert stated["newsloom.size"] == str(len(large))
    assert stated["newsloom.sha256"] == hashlib.sha256(large).hexdigest()
    assert len(of_value.value) > 4 * MIB - 1000
    assert large.startswith(of_value.value)
    assert of_headers.value == b"bad"
    assert [name for name, _ in of_headers.headers[:2]] == ["small", "last"]
    assert letter_headers(of_headers)["newsloom.size"] == "3"


def test_a_batch_that_unpacks_to_too_much_is_named_and_what_precedes_it_is_processed(
    kafka: Kafka,
) -> None:
    create_topics(kafka, partitions=2)
    topic, (first, other, last) = kafka.prefix + EVENTS, events(3, seed=10)
    too_large = make_batch([Written(bytes(20 * MIB))] * 2, "zstd")
    for partition, batch in ((0, make_batch([Written(first)])), (0, too_large)):
        send_batch(kafka.servers, topic, partition, batch)
    send_batch(kafka.servers, topic, 1, make_batch([Written(other)]))
    said = (
        f"{topic} partition 0: the batch at offsets 1 to 2 unpacks to more than 33,554,432 bytes; "
        "to go on after it, "
    )
    with working(kafka, "curate"):
        worker = start_worker(kafka, "enrich")
        assert worker.stderr is not None
        line = worker.stderr.readline().decode()
        assert f"{said}run `newsloom resume --from 3 --partition 0` with --stage" in line
        await_all(kafka, 2)  # the other partition goes on
        moved = kafka.newsloom("resume", "--stage", "enrich", "--partition", 0, "--from", 3)
        assert (moved.code, moved.err) == (0, "")
        send_batch(kafka.servers, topic, 0, make_batch([Written(last)]))
        await_all(kafka, 3)
        worker.send_signal(signal.SIGTERM)
        closing = worker.communicate(timeout=30)[1].decode()
        assert (worker.returncode, "2 passed" in closing) == (0, True), closing
    shown = kafka.newsloom("tail", "article-events", "--no-follow", "--from-offset", 0)
    assert (shown.code, shown.err) == (1, f"newsloom: {said}use --from-offset 3\n")
