"""Rebuilding a lane on real brokers: with other weights, from a part of its inputs, and refused."""

import asyncio
import json
import signal
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from newsloom.runtimes.kafka.clients.admin import list_topics, open_admin
from tests.support.endpoint import ask
from tests.support.generator import generate
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.runs import complete, write_lines
from tests.support.workers import (
    CURATED,
    STORIES,
    await_all,
    create_topics,
    lane_rows,
    send,
    start_worker,
    wait_for,
    working,
)

EVENTS = 400


def _held(kafka: Kafka) -> dict[str, dict[str, Any]]:
    """What a subscriber holds, without revisions."""
    held: dict[str, dict[str, Any]] = {}
    for topic in (CURATED, STORIES):
        for record in kafka.read(kafka.prefix + topic):
            key = f"{topic} {record.key.decode()}"
            held.pop(key, None)
            if record.value is not None:
                held[key] = json.loads(record.value) | {"revision": 0}
    return held


def _revisions(kafka: Kafka, topic: str) -> list[int]:
    values = [record.value for record in kafka.read(kafka.prefix + topic)]
    return [json.loads(value)["revision"] for value in values if value is not None]


def test_a_rebuilt_lane_publishes_what_differs_and_goes_on(kafka: Kafka, tmp_path: Path) -> None:
    lines = [json.dumps(event).encode() for event in islice(generate(7, EVENTS), EVENTS)]
    weights = tmp_path / "weights.toml"
    weights.write_text("[join]\nbias = -6000\n")
    variables = {"NEWSLOOM_STORY_WEIGHTS": str(weights)}
    strict = replace(kafka, settings=variables)
    create_topics(kafka)
    with working(kafka, "all"):
        send(kafka, [(None, line) for line in lines[: EVENTS // 2]])
        await_all(kafka, EVENTS // 2)
        refused = kafka.newsloom("lanes", "rebuild")
    assert refused.code == 1
    assert "are running: stop all curate workers" in refused.err
    before, rows = _held(kafka), lane_rows(kafka)

    same = kafka.newsloom("lanes", "rebuild")

    assert same.code == 0, same
    assert "lane 0 rebuilt: 0 articles, 0 stories and 0 dead letters published; 0 " in same.out
    assert _held(kafka) == before
    again = lane_rows(kafka)
    assert again.keys() == rows.keys()
    assert again["position"] == rows["position"]
    assert again["lane"]["outcomes"] == rows["lane"]["outcomes"]

    other = strict.newsloom("lanes", "rebuild", "--lane", "0")

    assert other.code == 0, other
    assert _held(kafka) != before
    with working(strict, "all"):
        send(kafka, [(None, line) for line in lines[EVENTS // 2 :]])
        await_all(kafka, EVENTS)
    for topic in (CURATED, STORIES):
        revisions = _revisions(kafka, topic)
        assert revisions == sorted(set(revisions))
    source = write_lines(tmp_path / "events.jsonl", lines)
    complete(source, output=tmp_path / "out", environment=variables)
    fresh: dict[str, dict[str, Any]] = {}
    for topic, name in ((CURATED, "curated.jsonl"), (STORIES, "stories.jsonl")):
        for line in (tmp_path / "out" / name).read_bytes().splitlines():
            record = json.loads(line)
            fresh[f"{topic} {record['id']}"] = record | {"revision": 0}
    fresh = {key: record for key, record in fresh.items() if not record.get("withdrawn")}
    held = _held(kafka)
    assert {key: held.get(key) for key in fresh} == fresh
    assert all("mergedInto" in held[key] for key in held.keys() - fresh.keys())

    asyncio.run(_delete_topic(kafka, "lane-state.v1"))
    create_topics(kafka)
    port = pick_neighbours()
    settings = {**strict.settings, "NEWSLOOM_METRICS_PORT": str(port)}
    worker = start_worker(replace(strict, settings=settings), "curate")
    mend = "If that topic was emptied, stop all curate workers and run `newsloom"
    wait_for(lambda: mend in ask(port + 1, "/readyz").text, "a stopped lane")
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    emptied = strict.newsloom("lanes", "rebuild", "--quiet")
    assert (emptied.code, emptied.out, emptied.err) == (0, "", "")
    assert _held(kafka) == held
    assert lane_rows(kafka)["lane"]["revision"] >= max(_revisions(kafka, STORIES))


async def _delete_topic(kafka: Kafka, name: str) -> None:
    async with open_admin(kafka.servers) as admin:
        await admin.delete_topics([kafka.prefix + name])
        while kafka.prefix + name in await list_topics(admin):
            await asyncio.sleep(0.1)
