"""Workers on real brokers: they publish the records of the embedded runtime exactly once."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.kafka.loopback import HOST
from newsloom.rules.addresses.urls import article_id, canonical_url
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.malformed import cases
from tests.support.runs import complete
from tests.support.workers import (
    CURATED,
    ENRICHED,
    EVENTS,
    LETTERS,
    STORIES,
    Event,
    await_all,
    create_topics,
    lane_rows,
    letter_headers,
    outcomes,
    refused_to,
    send,
    start_worker,
    wait_for,
    working,
)

FORTNIGHT = Path(__file__).parents[2] / "examples" / "fortnight.jsonl"


def test_workers_publish_the_same_records_as_the_embedded_runtime(
    kafka: Kafka, tmp_path: Path
) -> None:
    complete(FORTNIGHT, output=tmp_path)
    with sqlite3.connect(tmp_path / "newsloom.db") as database:
        (opened_at,) = database.execute("SELECT opened_at FROM inputs").fetchone()
        rows = {k: json.loads(v) for k, v in database.execute("SELECT key, value FROM rows")}
    lines = [line for line in FORTNIGHT.read_bytes().splitlines() if line.strip()]
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, [(None, line) for line in lines], timestamp_ms=opened_at * 1000)
        await_all(kafka, len(lines))

    for topic, name in ((CURATED, "curated.jsonl"), (STORIES, "stories.jsonl")):
        published = []
        for line in (tmp_path / name).read_bytes().splitlines():
            record = json.loads(line)
            published.append((record["id"], None if record.get("withdrawn") else line))
        sent = [(r.key.decode(), r.value) for r in kafka.read(kafka.prefix + topic)]
        assert sent == published
    state = lane_rows(kafka)
    inputs = kafka.read(kafka.prefix + ENRICHED)
    position = {"next_offset": inputs[-1].offset + 1, "group": f"{kafka.prefix}curate"}
    assert state.pop("position") == position
    # The lane of an embedded run also counts inputs that cannot be decoded. On Kafka only the
    # enrich workers see them.
    rows["lane"]["outcomes"].pop("dead-lettered", None)
    assert state == rows
    letters = (tmp_path / "dead-letters.jsonl").read_bytes().splitlines()
    assert len(kafka.read(kafka.prefix + LETTERS)) == len(letters)


def test_malformed_inputs_become_dead_letters_with_unchanged_bytes(kafka: Kafka) -> None:
    # The topic of article events refuses larger records in production (2 MiB at most).
    malformed = [c for c in cases() if c.reason is not None and len(c.payload) < 2_000_000]
    inputs: list[Event] = [(b"a key", case.payload) for case in malformed]
    reasons = [case.reason for case in malformed]
    inputs += [(b"", None), (b"not a url", None), (b"\xff", None)]
    reasons += ["missing", "bad-url", "not-utf8"]
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, inputs)
        wait_for(lambda: len(kafka.read(kafka.prefix + LETTERS)) >= len(inputs), "dead letters")
        time.sleep(1)

    letters = kafka.read(kafka.prefix + LETTERS)
    assert [(r.key, r.value) for r in letters] == inputs
    for offset, (record, reason) in enumerate(zip(letters, reasons, strict=True)):
        headers = letter_headers(record)
        assert headers["newsloom.reason"] == reason
        assert headers["newsloom.stage"] == "decode"
        assert headers["__streams.errors.topic"] == kafka.prefix + EVENTS
        assert headers["__streams.errors.partition"] == "0"
        assert headers["__streams.errors.offset"] == str(offset)
        assert headers["__streams.errors.message"]
        assert headers["__streams.errors.exception"]
    assert kafka.read(kafka.prefix + ENRICHED) == []


def test_a_tombstone_withdraws_the_article_of_its_url_or_id(kafka: Kafka) -> None:
    lines = [json.dumps(event).encode() for event in events(3)]
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, [(None, line) for line in lines])
        await_all(kafka, 3)
        ids = [r.key for r in kafka.read(kafka.prefix + ENRICHED)]
        url = json.loads(lines[0])["webUrl"].encode()
        send(kafka, [(url, None), (ids[1], None), (ids[1], None)])
        await_all(kafka, 6)
    assert lane_rows(kafka)["lane"]["outcomes"] == {"curated": 3, "withdrawn": 2, "unchanged": 1}
    latest = {r.key: r.value for r in kafka.read(kafka.prefix + CURATED)}
    assert [latest[ident] is None for ident in ids] == [True, True, False]


def events(count: int) -> list[dict[str, Any]]:
    """Events of distinct articles."""
    by_url: dict[str, dict[str, Any]] = {}
    for event in generate(20240304, 3 * count + 50):
        if not event.get("withdrawn"):
            by_url.setdefault(event["webUrl"], event)
    return [
        event | {"webUrl": f"https://outlet{i % 7}.example/{i}", "originalUrl": None}
        for i, event in enumerate(list(by_url.values())[:count])
    ]


def test_all_workers_end_when_the_parent_is_killed(kafka: Kafka) -> None:
    create_topics(kafka)
    parent = start_worker(kafka, "all")
    wait_for(lambda: len(_children(parent.pid)) == 2, "two workers")
    children = _children(parent.pid)
    time.sleep(1)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()  # returns when no process has its standard error open
    wait_for(lambda: not any(map(_is_alive, children)), "the end of all workers")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_restart_starts_a_killed_worker_again(kafka: Kafka) -> None:
    create_topics(kafka)
    parent = start_worker(kafka, "curate", "--restart")
    wait_for(lambda: len(_children(parent.pid)) == 1, "a worker")
    (child,) = _children(parent.pid)
    os.kill(child, signal.SIGKILL)
    wait_for(lambda: _children(parent.pid) not in ([], [child]), "another worker")
    parent.send_signal(signal.SIGTERM)
    _, log = parent.communicate(timeout=30)
    assert parent.returncode == 0
    assert log == b"newsloom: worker curate was ended by signal 9; restarted in 0.5 s\n"


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_each_lane_receives_a_withdrawal_but_only_one_counts_it(kafka: Kafka) -> None:
    kafka = replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "de=1,fr=2"})
    locales = ["en-GB", "de-AT", "fr", "nl", "de", "und"]
    articles = [e | {"locale": loc} for e, loc in zip(events(6), locales, strict=True)]
    urls = [event["webUrl"] for event in articles]
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, [(None, json.dumps(event).encode()) for event in articles])
        await_all(kafka, 6, lanes=3)
        # An article of lane 1, one of lane 0, an unknown one, and the first again.
        withdrawn = [urls[1], urls[0], "https://nowhere.example", urls[1]]
        send(kafka, [(url.encode(), None) for url in withdrawn])
        await_all(kafka, 10, lanes=3)

    latest = {(r.partition, r.key): r.value for r in kafka.read(kafka.prefix + CURATED)}
    keys = [article_id(canonical_url(url)).encode() for url in urls]
    published = [latest[own] for own in zip([0, 1, 2, 0, 1, 0], keys, strict=True)]
    assert [value is None for value in published] == [True, True, False, False, False, False]
    # A subscriber holds records by lane, so each lane publishes a tombstone of what it lacks.
    assert all(latest[lane, key] is None for lane in range(3) for key in keys[:2])
    assert outcomes(kafka, lanes=3) == {"curated": 6, "withdrawn": 2, "unchanged": 2}


def test_a_worker_without_a_broker_waits_and_says_so_once() -> None:
    line = refused_to(Kafka("127.0.0.1:1", "t."), "curate")
    assert line.startswith("newsloom: worker t.curate waits: no answer from Kafka at 127.0.0.1:1: ")
    assert line.endswith(" reason=no-broker\n")


def test_sigterm_ends_a_worker_with_0_while_the_broker_does_not_respond() -> None:
    with socket.create_server((HOST, 0)) as silent:
        worker = start_worker(Kafka(f"{HOST}:{silent.getsockname()[1]}", "t."), "curate")
        connection, _ = silent.accept()
        with connection:
            worker.send_signal(signal.SIGTERM)
            _, log = worker.communicate(timeout=5)
    assert (worker.returncode, log) == (0, b"")


def start_both_stages(kafka: Kafka, action: str) -> subprocess.Popen[bytes]:
    """Starts both stages and waits until they have processed one event.

    `saboteur` applies `action` to both when they start to drain.
    """
    create_topics(kafka)
    parent = start_worker(kafka, "all", struck=[action, "while draining", 1])
    send(kafka, [(None, json.dumps(event).encode()) for event in events(1)])
    await_all(kafka, 1)
    return parent


def test_a_worker_drains_although_it_receives_sigterm_twice_at_once(kafka: Kafka) -> None:
    """A service manager signals all processes of a group, and the parent passes its signal on."""
    parent = start_both_stages(kafka, "slow")
    for pid in (*_children(parent.pid), parent.pid):
        os.kill(pid, signal.SIGTERM)
    _, log = parent.communicate(timeout=30)
    assert (parent.returncode, log) == (0, b"")


def test_a_second_sigterm_a_second_later_ends_the_workers_at_once(kafka: Kafka) -> None:
    parent = start_both_stages(kafka, "stall")
    parent.send_signal(signal.SIGTERM)
    time.sleep(1)
    parent.send_signal(signal.SIGTERM)
    parent.communicate(timeout=5)
    assert parent.returncode == 1


def test_a_worker_refuses_a_topic_with_too_small_a_record_limit(kafka: Kafka) -> None:
    kafka.create(kafka.prefix + STORIES, 1, {"max.message.bytes": "1000000"})
    create_topics(kafka)
    line = refused_to(kafka, "curate")
    assert f"{kafka.prefix + STORIES}: max.message.bytes: 1000000, not 4194304: " in line
    assert line.endswith(" reason=wrong-topics\n")


def test_a_worker_waits_for_missing_topics_and_equal_lane_counts(kafka: Kafka) -> None:
    line = refused_to(kafka, "curate")
    assert f"worker {kafka.prefix}curate waits: there is no topic " in line
    assert line.endswith(" reason=no-topic\n")
    kafka.create(kafka.prefix + STORIES, 3, {})
    kafka.newsloom("topics", "create")
    line = refused_to(kafka, "curate")
    assert f"{kafka.prefix + STORIES}: partitions: 3, not 1: lanes cannot" in line
    line = refused_to(replace(kafka, settings={"NEWSLOOM_KAFKA_LANES": "de=1"}), "enrich")
    assert f"{kafka.prefix + ENRICHED}: partitions: 1, not 2: lanes cannot" in line
