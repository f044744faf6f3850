"""`newsloom produce`, `newsloom tail` and the reference subscriber on real brokers."""

import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from tests.support.forked import COMMAND
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.processes import start_process

EXAMPLES = Path(__file__).parents[2] / "examples"
STORY, OTHER, ARTICLE = "1" * 32, "2" * 32, "a" * 32
LINE = b'{"webUrl":"https://a.example/1"}'


@pytest.fixture
def brokers(kafka: Kafka) -> Kafka:
    """The brokers, with all Kafka topics created."""
    created = kafka.newsloom("topics", "create", "--partitions", 3)
    assert (created.code, created.err) == (0, "")
    return kafka


def curated(revision: int, title: str = "Ferry back in service") -> bytes:
    """A curated record with only the fields that `tail` and the subscriber read."""
    return json.dumps(
        {
            "title": title,
            "quality": 80,
            "heat": 90,
            "published": True,
            "provider": {"name": "Daily", "domain": "daily.example"},
            "id": ARTICLE,
            "revision": revision,
        }
    ).encode()


def test_produce_keys_lines_by_url_and_keeps_their_bytes_and_order(
    brokers: Kafka, tmp_path: Path
) -> None:
    events = list(generate(1, 3_000))
    lines = [json.dumps(event, ensure_ascii=False).encode() for event in events]
    unusual = [
        b'{"webUrl" : "https://a.example/1" , "x":1}',
        b"not json",
        b"\xff",
        b'{"webUrl":7}',
    ]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([*lines, *unusual]) + b"\n\n")
    ended = brokers.newsloom("produce", path)
    said = f"3 of these records are no article events with a `webUrl`, the first at {path}:3002: "
    assert (ended.code, ended.err) == (0, f"{said}the workers make dead letters of them\n")
    assert ended.out.startswith("3,004 records = 3,004 delivered + 0 too large  (")
    records = brokers.read(f"{brokers.prefix}article-events.v1")
    assert sorted(r.value for r in records) == sorted([*lines, *unusual])
    assert {r.partition for r in records} == {0, 1, 2}
    sent: dict[bytes, list[bytes]] = {}
    for event, line in zip(events, lines, strict=True):
        sent.setdefault(str(event["webUrl"]).encode(), []).append(line)
    sent[b"https://a.example/1"] = [unusual[0]]
    arrived: dict[bytes, list[bytes]] = {}
    for record in records:
        if record.key is not None:
            arrived.setdefault(record.key, []).append(record.value)
    assert arrived == sent


def test_produce_sends_front_matter_as_json_keyed_by_web_url(brokers: Kafka) -> None:
    ended = brokers.newsloom("produce", EXAMPLES / "events")
    assert (ended.code, ended.out.split("  ")[0]) == (0, "3 records = 3 delivered + 0 too large")
    records = brokers.read(f"{brokers.prefix}article-events.v1")
    assert {json.loads(r.value)["webUrl"].encode() for r in records} == {r.key for r in records}


def test_produce_reports_a_record_that_is_too_large_and_sends_the_others(
    brokers: Kafka, tmp_path: Path
) -> None:
    too_large = b'{"webUrl":"https://a.example/2","title":"' + b"x" * 2_097_152 + b'"}'
    large = b'{"webUrl":"https://a.example/3","title":"' + b"x" * 1_500_000 + b'"}'
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([LINE, too_large, large, LINE]))
    ended = brokers.newsloom("produce", path)
    assert ended.code == 1
    assert ended.err.startswith(
        f"{path}:2: not sent: {len(too_large):,} bytes and its key are more"
    )
    assert ended.out.startswith("4 records = 3 delivered + 1 too large  (")
    values = [r.value for r in brokers.read(f"{brokers.prefix}article-events.v1")]
    assert sorted(values) == sorted([LINE, large, LINE])


def test_produce_says_what_a_file_is_that_holds_no_events(brokers: Kafka, tmp_path: Path) -> None:
    contents = {
        "table.csv": b"url,title\nhttps://a.example/1,Aground\n",
        "other.txt": b"one\ntwo\n",
        "empty.jsonl": b"",
        "array.json": b"[\n  " + LINE + b",\n  " + LINE + b"\n]\n",
        "lines.gz": gzip.compress(LINE + b"\n"),
        "lines.zst": zstandard.compress(LINE + b"\n"),
    }
    ends = {}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        ended = brokers.newsloom("produce", tmp_path / name)
        ends[name] = ended.code, ended.out.split("  ")[0], ended.err
    code, out, err = ends["table.csv"]
    assert (code, out) == (2, "")
    assert f"{tmp_path}/table.csv is a table (CSV), not article events: " in err
    code, out, err = ends["other.txt"]
    assert (code, out) == (1, "2 records = 2 delivered + 0 too large")
    assert err.startswith("2 of these records are no article events with a `webUrl`, the first at ")
    assert ends["empty.jsonl"] == (0, "0 records = 0 delivered + 0 too large", "")
    assert ends["array.json"] == (0, "2 records = 2 delivered + 0 too large", "")
    assert ends["lines.gz"] == ends["lines.zst"] == (0, "1 records = 1 delivered + 0 too large", "")


def test_produce_sends_a_line_at_once_while_the_pipe_stays_open(brokers: Kafka) -> None:
    process = start_process(
        [COMMAND, "produce", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=brokers.environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(LINE + b"\n")
    process.stdin.flush()
    deadline = time.monotonic() + 10
    while not (records := brokers.read(f"{brokers.prefix}article-events.v1")):
        assert time.monotonic() < deadline
    assert [r.value for r in records] == [LINE]
    process.stdin.close()
    assert process.stdout.read().startswith(b"1 records = 1 delivered + 0 too large  (")
    assert process.wait(20) == 0


def test_an_interrupt_ends_produce_at_once_while_it_waits_for_a_pipe(brokers: Kafka) -> None:
    process = start_process(
        [COMMAND, "produce", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=brokers.environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(LINE + b"\n")
    process.stdin.flush()
    deadline = time.monotonic() + 10
    while not brokers.read(f"{brokers.prefix}article-events.v1"):
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    assert process.stdout.read().startswith(b"1 records = 1 delivered + 0 too large  (")
    assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("produce", EXAMPLES / "events"), "there is no topic {p}article-events.v1: run `newsloom"),
        (("tail",), "there is no topic {p}curated-articles.v1: run `newsloom topics create`"),
        (("tail", "storms"), "there is no topic storms: name one of article-events, "),
    ],
    ids=["produce", "tail", "tail of an unknown topic"],
)
def test_a_missing_topic_is_reported_in_one_line(
    kafka: Kafka, arguments: tuple[str], line: str
) -> None:
    ended = kafka.newsloom(*arguments)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (1, "", 1)
    assert ended.err.startswith(f"newsloom: {line.format(p=kafka.prefix)}")


def test_tail_prints_committed_records_and_tombstones(brokers: Kafka) -> None:
    topic = f"{brokers.prefix}curated-articles.v1"
    key = ARTICLE.encode()
    brokers.send(topic, [(key, curated(1))], transaction="commit")
    brokers.send(topic, [(key, curated(2, "Never committed"))], transaction="abort")
    brokers.send(topic, [(key, curated(3, "Bell\x07\x1b[2J")), (key, None)], transaction="commit")
    printed = brokers.newsloom("tail", "--no-follow")
    assert (printed.code, printed.err) == (0, "")
    first, second, third = printed.out.splitlines()
    assert "r1 quality 80 heat 90 published: Ferry back in service (Daily)" in first
    assert "r3 " in second
    assert "Bell··[2J" in second
    assert third.endswith(f"withdrawn ({ARTICLE})")
    as_json = brokers.newsloom("tail", topic, "--no-follow", "--json")
    lines = [json.loads(line) for line in as_json.out.splitlines()]
    assert [line["value"] and line["value"]["revision"] for line in lines] == [1, 3, None]
    assert {(line["topic"], line["key"]) for line in lines} == {(topic, ARTICLE)}


def test_tail_that_nobody_reads_is_no_failure(brokers: Kafka) -> None:
    brokers.send(f"{brokers.prefix}curated-articles.v1", [(b"key", curated(1))])
    reader, writer = os.pipe()
    os.close(reader)  # The reader has left, as `head` does.
    arguments, variables = [str(COMMAND), "tail", "--no-follow"], brokers.environment()
    ended = subprocess.run(
        arguments, env=variables, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_tail_reads_the_range_that_its_options_select(brokers: Kafka) -> None:
    topic = f"{brokers.prefix}dead-letters.v1"
    brokers.send(topic, [(None, b"%d" % n) for n in range(20)])
    between = datetime.now(UTC) + timedelta(milliseconds=5)
    time.sleep(0.05)
    brokers.send(topic, [(None, b"\xff20")])

    def values(*arguments: object) -> list[object]:
        ended = brokers.newsloom("tail", "dead-letters", "--json", *arguments)
        assert ended.code == 0
        lines = [json.loads(line) for line in ended.out.splitlines()]
        return [line["valueBase64"] if "value" not in line else line["value"] for line in lines]

    last = base64.b64encode(b"\xff20").decode()
    assert values("--no-follow") == [*range(11, 20), last]
    assert values("--no-follow", "--from-offset", 0) == [*range(20), last]
    assert values("--no-follow", "--from-offset", 18) == [18, 19, last]
    assert values("--no-follow", "--from-offset", -2) == [19, last]
    assert values("--no-follow", "--from-offset", -999, "--limit", 2) == [0, 1]
    assert values("--no-follow", "--from-offset", 999) == []
    assert values("--no-follow", "--since", between.isoformat()) == [last]
    assert values("--no-follow", "--since", "1h") == [*range(20), last]
    assert values("--limit", 1) == [11]
    empty = brokers.newsloom("tail", "stories", "--no-follow")
    assert (empty.code, empty.err) == (0, "no records of stories from that position on\n")


def test_tail_follows_until_it_is_interrupted(brokers: Kafka) -> None:
    topic = f"{brokers.prefix}curated-articles.v1"
    process = start_process(
        [COMMAND, "tail"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=brokers.environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    brokers.send(topic, [(ARTICLE.encode(), curated(1))])
    assert b"r1 " in process.stdout.readline()
    brokers.send(topic, [(ARTICLE.encode(), curated(2))])
    assert b"r2 " in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert process.stderr.read() == b""


def test_the_subscriber_handles_revisions_tombstones_and_merged_stories(brokers: Kafka) -> None:
    articles, stories = (f"{brokers.prefix}{n}.v1" for n in ("curated-articles", "stories"))
    key = ARTICLE.encode()
    brokers.send(articles, [(key, curated(2)), (key, curated(2)), (key, curated(1)), (key, None)])
    brokers.send(articles, [(key, curated(4, "Never committed"))], transaction="abort")
    story = json.dumps({"id": OTHER, "revision": 3}).encode()
    merged = json.dumps({"id": OTHER, "mergedInto": STORY, "revision": 4}).encode()
    brokers.send(stories, [(OTHER.encode(), v) for v in (story, merged, story)])
    brokers.send(articles, [(key, curated(5, "The end"))])
    process = start_process(
        [sys.executable, EXAMPLES / "subscriber.py"],
        stdout=subprocess.PIPE,
        env=brokers.environment(),
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().strip() for _ in range(5)]
    process.terminate()
    assert [line for line in lines if ARTICLE in line] == [
        f"revision 2 of {ARTICLE}: Ferry back in service",
        f"withdrawn {ARTICLE}",
        f"revision 5 of {ARTICLE}: The end",
    ]
    assert [line for line in lines if OTHER in line] == [
        f"revision 3 of {OTHER}: a story",
        f"merged {OTHER} into {STORY}",
    ]
