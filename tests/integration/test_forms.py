"""Lanes of the former form on real brokers, their upgrade, and what a newer release wrote."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from newsloom.pipeline.lane.rows import FORM, FORMER_FORM, LANE_KEY, LaneRow, encode_row
from tests.support import form_1
from tests.support.endpoint import Answer, ask, scrape
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.workers import (
    CURATED,
    ENRICHED,
    LANE_STATE,
    LETTERS,
    Event,
    await_all,
    create_topics,
    lane_rows,
    send,
    start_worker,
    wait_for,
    working,
)


def _event(number: int) -> Event:
    fields = {"title": "Ferry aground", "publishedDateTime": "2024-03-04T10:00:00Z"}
    url = f"https://harbour.example/{number}"
    return url.encode(), json.dumps({"webUrl": url, "locale": "en", **fields}).encode()


def _lane_form(kafka: Kafka) -> int:
    return int(lane_rows(kafka)[LANE_KEY].get("form", FORMER_FORM))


def _enriched_forms(kafka: Kafka) -> list[int]:
    values = [json.loads(record.value) for record in kafka.read(kafka.prefix + ENRICHED)]
    return [value.get("form", FORMER_FORM) for value in values]


def test_a_lane_of_form_1_stays_so_until_it_is_upgraded(kafka: Kafka) -> None:
    create_topics(kafka)
    former = encode_row(LaneRow(form=FORMER_FORM))
    kafka.send(kafka.prefix + LANE_STATE, [(LANE_KEY.encode(), former)])
    with working(kafka, "enrich", "curate"):
        send(kafka, [_event(0)])  # the lane has committed nothing that enrich could know
        await_all(kafka, 1)
    with working(kafka, "enrich", "curate"):
        send(kafka, [_event(1)])
        await_all(kafka, 2)
    assert _enriched_forms(kafka) == [FORM, FORMER_FORM]
    rows = {k: json.dumps(row).encode() for k, row in lane_rows(kafka).items() if k != "position"}
    form_1.check_lane(rows)

    said = "lane 0: marked; its curate worker upgrades it when it is restarted\n"
    assert kafka.newsloom("lanes", "upgrade").out == said
    assert _lane_form(kafka) == FORMER_FORM
    with working(kafka, "curate"):
        wait_for(lambda: _lane_form(kafka) == FORM, "an upgraded lane")
    assert kafka.newsloom("lanes", "upgrade").out == "lane 0: has the newest form already\n"
    with working(kafka, "enrich", "curate"):
        send(kafka, [_event(2)])
        await_all(kafka, 3)
    assert _enriched_forms(kafka) == [FORM, FORMER_FORM, FORM]
    assert kafka.count(kafka.prefix + LETTERS) == 0


@pytest.mark.parametrize(
    ("topic", "key", "what"),
    [
        (LANE_STATE, b"lane", "written the rows in {}lane-state.v1 partition 0 (form 3"),
        (ENRICHED, b"0" * 32, "written offset 0 of {}enriched-articles.v1 partition 0 (form 3"),
    ],
    ids=["rows", "record"],
)
def test_a_worker_waits_before_what_a_newer_release_wrote(
    kafka: Kafka, tmp_path: Path, topic: str, key: bytes, what: str
) -> None:
    port, log = pick_neighbours() + 1, tmp_path / "curate.log"
    settings = {"NEWSLOOM_METRICS_PORT": str(port - 1)}
    create_topics(kafka)
    kafka.send(kafka.prefix + topic, [(key, b'{"form":3,"news":[]}')])
    with log.open("wb") as file:
        worker = start_worker(replace(kafka, settings=settings), "curate", said=file)
        place = f"{kafka.prefix}enriched-articles.v1 partition 0 is stopped at offset 0"
        waits = f"a newer release has {what.format(kafka.prefix)}, this release knows 1 and 2): "
        said = f"{place}: newer-form: {waits}update this worker"
        wait_for(lambda: ask(port, "/readyz") == Answer(503, said), "a waiting worker", 0.5)
        assert ask(port, "/healthz") == Answer(200, "ok")
        assert scrape(port).by("newsloom_stopped_partitions", "reason") == {"newer-form": 1}
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    assert log.read_text() == f"newsloom: worker {kafka.prefix}curate: {said}\n"
    assert kafka.count(kafka.prefix + LETTERS) == kafka.count(kafka.prefix + CURATED) == 0
