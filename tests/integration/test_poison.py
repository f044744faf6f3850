"""Inputs that kill, hang or break workers on real brokers, and their neighbours."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.deadly import MARKERS
from tests.support.endpoint import Answer, ask, scrape
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.processes import start_process
from tests.support.workers import (
    CURATED,
    LETTERS,
    ROOT,
    Event,
    await_all,
    create_topics,
    letter_headers,
    send,
    wait_for,
)

LIMIT_S = 5
"""A batch may take this long in these tests, instead of 60 s."""
KILLED_LIMIT_S, HANGING_LIMIT_S = 60, 60 + 4 * LIMIT_S


def event(number: int, title: str) -> Event:
    url = f"https://harbour.example/{number}"
    fields = {"locale": "en", "publishedDateTime": "2024-03-04T10:00:00Z"}
    return url.encode(), json.dumps({"webUrl": url, "title": title, **fields}).encode()


@contextmanager
def deadly_workers(kafka: Kafka, stages: str, log: Path) -> Iterator[None]:
    """Runs `worker all --restart` in which inputs with a marker are deadly."""
    environment = kafka.environment()
    deadly = [sys.executable, "-m", "tests.support.deadly", stages, str(LIMIT_S)]
    with log.open("wb") as file:
        workers = start_process(
            [*deadly, "worker", "all", "--restart"],
            cwd=ROOT,
            env=environment,
            stderr=file,
            stdout=subprocess.DEVNULL,
        )
        yield
        workers.send_signal(signal.SIGTERM)
        assert workers.wait(timeout=30) == 0


def letters(kafka: Kafka) -> dict[str, dict[str, str]]:
    """The headers of all dead letters by the stage that made them."""
    found = [letter_headers(record) for record in kafka.read(kafka.prefix + LETTERS)]
    return {headers["newsloom.stage"]: headers for headers in found}


def test_inputs_that_kill_or_hang_are_set_aside_and_their_neighbours_pass(
    kafka: Kafka, tmp_path: Path
) -> None:
    """One input kills enrich, and one lets curate hang in a call that holds the interpreter."""
    log = tmp_path / "workers.log"
    create_topics(kafka)
    with deadly_workers(kafka, "enrich=kill,curate=hang", log):
        send(kafka, [event(0, "Ferry aground off Northfield")])
        await_all(kafka, 1)
        sent_at = time.monotonic()
        send(
            kafka,
            [
                event(1, f"Divers lose the {MARKERS['curate']}"),
                event(2, "Comet near Saturn"),
                event(3, f"Divers find the {MARKERS['enrich']}"),
                event(4, "Bakers strike in Aldermoor"),
            ],
        )
        wait_for(lambda: "enrich" in letters(kafka), "the dead letter of enrich", 1)
        assert time.monotonic() - sent_at < KILLED_LIMIT_S
        wait_for(lambda: "curate" in letters(kafka), "the dead letter of curate", 1)
        assert time.monotonic() - sent_at < KILLED_LIMIT_S + HANGING_LIMIT_S
        await_all(kafka, 5)
    published = [json.loads(r.value)["title"] for r in kafka.read(kafka.prefix + CURATED)]
    assert sorted(published) == [
        "Bakers strike in Aldermoor",
        "Comet near Saturn",
        "Ferry aground off Northfield",
    ]
    assert len(kafka.read(kafka.prefix + LETTERS)) == 2
    for stage, headers in letters(kafka).items():
        assert headers["newsloom.reason"] == "poison"
        assert headers["__streams.errors.message"].startswith("3 attempts "), stage
    said = log.read_text()
    assert f"enriched-articles.v1-0@2 took longer than {LIMIT_S} s; restarted in" in said
    assert "worker enrich was ended by signal 9 during work on " in said
    assert said.count("it becomes a dead letter") == 2


def test_twenty_bugs_halt_a_worker_until_it_is_resumed(kafka: Kafka, tmp_path: Path) -> None:
    log, port = tmp_path / "workers.log", pick_neighbours() + 1
    settings = {"NEWSLOOM_METRICS_PORT": str(port - 1), "NEWSLOOM_HEALTH_STALL_S": "2"}
    create_topics(kafka)
    broken = [event(n, f"Number {n} near the {MARKERS['curate']}") for n in range(1, 22)]
    with deadly_workers(replace(kafka, settings=settings), "curate=break", log):
        send(kafka, [event(0, "Ferry aground"), *broken, event(22, "Comet near Saturn")])
        place = f"{kafka.prefix}enriched-articles.v1 partition 0 is stopped at offset "
        halted = "halted: 20 records failed because of a bug in Newsloom"
        wait_for(lambda: halted in ask(port, "/readyz").text, "a halted worker", 1)
        assert ask(port, "/readyz").status == 503
        assert ask(port, "/readyz").text.startswith(place)
        assert scrape(port).by("newsloom_stopped_partitions", "reason") == {"halted": 1}
        time.sleep(5)  # longer than a healthy worker may leave records uncommitted
        assert ask(port, "/healthz") == Answer(200, "ok")
        assert len(kafka.read(kafka.prefix + CURATED)) == 1
        assert len(kafka.read(kafka.prefix + LETTERS)) == 19
        assert log.read_text().count("halted: 20 records") == 1, "it halts once"

        resumed = kafka.newsloom("resume")
        assert (resumed.code, resumed.err) == (0, "")
        assert resumed.out.startswith(
            f"curate is resumed: {kafka.prefix}enriched-articles.v1 partition 0, offset "
        )
        await_all(kafka, 23)
        wait_for(lambda: ask(port, "/readyz") == Answer(200, "ok"), "a ready worker")
        assert scrape(port).of("newsloom_stopped_partitions") == 0
        assert kafka.newsloom("resume").out == "nothing is stopped\n"
    assert len(kafka.read(kafka.prefix + LETTERS)) == 21
    assert len(kafka.read(kafka.prefix + CURATED)) == 2


def test_a_new_owner_reads_the_attempts_of_the_former_one(kafka: Kafka) -> None:
    """Without a common parent, the next worker knows them only from what is committed."""
    create_topics(kafka)
    send(kafka, [event(1, f"Divers find the {MARKERS['enrich']}")])
    environment = kafka.environment()
    deadly = [sys.executable, "-m", "tests.support.deadly", "enrich=kill", "60"]
    for _ in range(3):
        worker = start_process([*deadly, "worker", "enrich"], cwd=ROOT, env=environment)
        assert worker.wait(timeout=60) == -signal.SIGKILL
    start_process([*deadly, "worker", "enrich"], cwd=ROOT, env=environment)
    wait_for(lambda: "enrich" in letters(kafka), "a dead letter", 1)
    assert letters(kafka)["enrich"]["newsloom.reason"] == "poison"
