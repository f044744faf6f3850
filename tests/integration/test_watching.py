"""Workers as operators see them: what they tell over HTTP is what happened, and who is ill."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from newsloom.observability.definitions import ALL
from newsloom.runtimes.kafka.clients.lag import EVERY_S
from tests.support.canary import BAD, CANARY, GOOD
from tests.support.endpoint import Answer, Samples, ask, scrape
from tests.support.generator import generate
from tests.support.illustrated import article
from tests.support.kafka import Kafka
from tests.support.pictures import jpeg
from tests.support.ports import pick_neighbours
from tests.support.site import Site, answer
from tests.support.workers import (
    ENRICHED,
    Event,
    await_all,
    create_topics,
    lane_rows,
    outcomes,
    send,
    start_worker,
    wait_for,
    working,
)

FORTNIGHT = Path(__file__).parents[2] / "examples" / "fortnight.jsonl"
AT_REST = {
    "newsloom_unaccounted_inputs",
    "newsloom_transactions_aborted_total",
    "newsloom_consumer_lag_records",
    "newsloom_consumer_lag_seconds",
    "newsloom_records_in_flight",
    "newsloom_image_fetches_in_flight",
    "newsloom_event_loop_lag_seconds",
}
"""What is 0, or may be, once all is done and nothing went wrong."""


@contextmanager
def watched(
    kafka: Kafka,
    *arguments: str,
    struck: Sequence[object] = (),
    said: IO[bytes] | None = None,
    **settings: object,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A worker that does not outlive the block, and the port of enrich; curate has the next."""
    port = pick_neighbours()
    named = {f"NEWSLOOM_{name.upper()}": str(value) for name, value in settings.items()}
    known = {**kafka.settings, "NEWSLOOM_METRICS_PORT": str(port), **named}
    worker = start_worker(replace(kafka, settings=known), *arguments, struck=struck, said=said)
    try:
        yield worker, port
    finally:
        if worker.returncode is None:
            # One that is struck may not hear; what a killed parent has started ends with it.
            worker.send_signal(signal.SIGKILL if struck else signal.SIGTERM)
            worker.communicate(timeout=30)


def await_answer(port: int, path: str, status: int) -> str:
    """Waits until that is the answer, and gives its line."""
    wait_for(lambda: ask(port, path).status == status, f"{status} from {path}")
    return ask(port, path).text


def await_no_lag(port: int) -> Samples:
    """Waits until a worker has committed all there is, and knows it."""
    name = "newsloom_consumer_lag_records"
    wait_for(lambda: not scrape(port).by(name, "partition"), "no lag")
    return scrape(port)


def await_counted(kafka: Kafka, port: int) -> Samples:
    """The same of a worker that curates, which counts a commit a little after it lasts."""

    def is_counted() -> bool:
        told = scrape(port).by("newsloom_committed_inputs", "outcome")
        return told == outcomes(kafka)

    wait_for(is_counted, "a count of all that is committed")
    return await_no_lag(port)


def made(count: int) -> list[Event]:
    return [(None, json.dumps(event).encode()) for event in generate(20240304, count)]


def all_kinds(site: Site) -> list[Event]:
    """Every outcome, fault, duplicate and merge of the examples; private objects; images.

    Those of the examples are left out: no test is to ask the web.
    """
    lines = [_without_images(line) for line in FORTNIGHT.read_bytes().splitlines() if line.strip()]
    lines += [*(json.dumps(event).encode() for event in GOOD), *BAD]
    good, closed = site.url("/1.jpg"), "http://10.0.0.1/secret.jpg"
    lines += [article(1, good), article(2, good), article(3, closed)]
    return [(None, line) for line in lines]


def _without_images(line: bytes) -> bytes:
    try:
        event = json.loads(line)
    except ValueError:
        return line
    return json.dumps({**event, "images": None}).encode() if isinstance(event, dict) else line


def test_what_they_tell_is_what_happened(kafka: Kafka, tmp_path: Path) -> None:
    create_topics(kafka)
    settings: dict[str, Any] = {
        "log_format": "json",
        "log_level": "debug",
        "images": "check",
        "images_allow_networks": "127.0.0.1/32",
    }
    with (
        Site({"/1.jpg": answer(jpeg())}) as site,
        (tmp_path / "said").open("wb") as log,
        watched(kafka, "all", said=log, **settings) as (worker, port),
    ):
        ready = await_answer(port, "/readyz", 200), await_answer(port + 1, "/readyz", 200)
        assert ready == ("ok", "ok")
        events = [*all_kinds(site), (None, article(4, site.url("/1.jpg")))]
        send(kafka, events[:-1])
        await_all(kafka, len(events) - 1)
        send(kafka, events[-1:])  # its image is known by now
        kafka.send(kafka.prefix + ENRICHED, [(b"k", b"not what enrich writes")])
        await_all(kafka, len(events) + 1)
        enrich, curate = await_no_lag(port), await_counted(kafka, port + 1)
        exposed = ask(port, "/metrics").text + ask(port + 1, "/metrics").text
        assert ask(port, "/healthz") == ask(port + 1, "/healthz") == Answer(200, "ok")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    said = (tmp_path / "said").read_text()

    for one in ALL:  # a closed list: what nobody sets is not to be declared
        for stage, samples in (("enrich", enrich), ("curate", curate)):
            found = [v for (name, _), v in samples.items() if _base(name) == one.name]
            assert bool(found) == (stage in one.set_by), (one.name, stage)
            assert not found or one.name in AT_REST or any(found), f"{one.name} is never set"

    ended = Samples(enrich).by("newsloom_inputs_total", "outcome")
    letters = ended.pop("dead-lettered")
    assert ended == {}
    committed = outcomes(kafka)
    assert curate.by("newsloom_inputs_total", "outcome") == committed
    assert curate.by("newsloom_committed_inputs", "outcome") == committed
    assert letters + committed.total() == len(events) + 1
    assert curate.of("newsloom_dead_letters_total", stage="curate", source="unknown") == 1
    assert enrich.of("newsloom_records_total") == len(events)
    assert curate.of("newsloom_records_total") == committed.total()
    assert sum(enrich.by("newsloom_dead_letters_total", "reason").values()) > 0
    assert enrich.of("newsloom_dead_letters_total", stage="decode") == letters
    assert enrich.of("newsloom_private_dropped_total") == 3 + 1, "and one of the examples"
    assert enrich.of("newsloom_blocked_requests_total") == 1
    lookups = enrich.by("newsloom_image_lookups_total", "answer")
    assert lookups["cached"] >= 1
    assert site.counts()["/1.jpg"] == 1, "one image of three articles"
    assert curate.of("newsloom_image_verdicts_total", verdict="ok") == 3
    assert curate.of("newsloom_image_verdicts_total", verdict="blocked-address") == 1
    count = "newsloom_arrival_to_publication_seconds_count"
    assert curate.of(count) == committed["curated"]
    rows = lane_rows(kafka)
    assert curate.of("newsloom_live_articles") == sum(key.startswith("article/") for key in rows)
    stories = [row for key, row in rows.items() if key.startswith("story/")]
    assert curate.of("newsloom_live_stories") == sum("merged_into" not in row for row in stories)

    assert CANARY not in exposed
    assert CANARY not in said
    _assert_logs_follow_a_record(said, letters)


def _base(name: str) -> str:
    for ending in ("_bucket", "_sum", "_count"):
        name = name.removesuffix(ending)
    return name


def _assert_logs_follow_a_record(said: str, letters: float) -> None:
    """Every line an object; each article's id in a line of either stage, with its place there."""
    lines = [json.loads(line) for line in said.splitlines()]
    assert all({"time", "level", "stage", "message"} <= line.keys() for line in lines)
    enriched = {line["id"]: line for line in lines if line["message"] == "enriched"}
    curated = {line["id"]: line for line in lines if line["message"] == "curated"}
    assert enriched.keys() == curated.keys() != set()
    for ident, line in enriched.items():
        assert "article-events.v1-0@" in line["input"]
        assert "enriched-articles.v1-0@" in curated[ident]["input"]
    dead = [line for line in lines if line["message"] == "dead letter"]
    assert len(dead) == letters + 1
    assert all(line["level"] == "info" and line["reason"] for line in dead)


def test_a_killed_worker_loses_its_counters_and_not_the_account(kafka: Kafka) -> None:
    """It is killed amid a transaction, again and again; what is committed tells the truth."""
    events = made(60)
    create_topics(kafka)
    struck = ["kill", "before commit", 4]
    with (
        working(kafka, "enrich"),
        watched(kafka, "curate", "--restart", struck=struck) as (_, port),
    ):
        for start in range(0, 60, 10):  # at least as many batches
            send(kafka, events[start : start + 10])
            await_all(kafka, start + 10)
        told = await_counted(kafka, port + 1)
    committed = outcomes(kafka)
    assert committed.total() == 60
    assert told.by("newsloom_committed_inputs", "outcome") == committed
    assert told.of("newsloom_inputs_total") < 60, "they begin anew with the process"
    assert told.of("newsloom_unaccounted_inputs") == 0
    assert told.of("newsloom_transactions_aborted_total") >= 1
    assert told.of("newsloom_restore_progress_ratio", lane="0") == 1
    rows = lane_rows(kafka)
    assert told.of("newsloom_live_articles") == sum(key.startswith("article/") for key in rows)


def test_a_worker_that_stands_still_is_unhealthy(kafka: Kafka) -> None:
    """For a loop that is blocked, or for commits that do not come though records wait."""
    create_topics(kafka)
    block, stall = ["block", "after decode", 1], ["stall", "before commit", 1]
    with (
        watched(kafka, "enrich", struck=block, health_stall_s=3) as (_, enrich),
        watched(kafka, "curate", struck=stall, health_stall_s=3) as (_, before_curate),
    ):
        curate = before_curate + 1
        for port in (enrich, curate):
            await_answer(port, "/readyz", 200)
            assert ask(port, "/healthz") == Answer(200, "ok")
        send(kafka, made(1))
        kafka.send(kafka.prefix + ENRICHED, [(b"k", b"{}")])
        blocked, stalled = (await_answer(port, "/healthz", 503) for port in (enrich, curate))
        assert blocked.startswith("the event loop has not answered for ")
        why = "records wait in partition 0, and none was committed for "
        assert stalled.startswith(why)
        assert scrape(enrich).of("newsloom_event_loop_lag_seconds") > 2
        # A loop that is not blocked answers soon, unless the machine is busy just then.
        lag = "newsloom_event_loop_lag_seconds"
        wait_for(lambda: scrape(curate).of(lag) < 2, "a loop that answers")
        told = scrape(curate)
    assert told.of("newsloom_records_in_flight") == 1
    assert told.of("newsloom_consumer_lag_records") == 1
    assert told.of("newsloom_consumer_lag_seconds") > 0


def test_ready_is_who_has_restored_and_who_stands_by(kafka: Kafka) -> None:
    create_topics(kafka)
    send(kafka, made(5))
    with working(kafka, "all"):
        await_all(kafka, 5)
    with watched(kafka, "curate") as (_, port), watched(kafka, "curate") as (_, other):
        wait_for(lambda: ask(port + 1, "/readyz").status == 200, "one")
        wait_for(lambda: ask(other + 1, "/readyz").status == 200, "the other")
        name = "newsloom_assigned_partitions"
        wait_for(
            lambda: sorted([scrape(port + 1).of(name), scrape(other + 1).of(name)]) == [0, 1],
            "one with the partition, one that stands by",
        )
        owner, idle = sorted((port + 1, other + 1), key=lambda p: -scrape(p).of(name))
        assert not [key for key in scrape(idle) if key[1] & {("lane", "0"), ("partition", "0")}]
        time.sleep(2 * EVERY_S)  # it has looked for itself, more than once
        told = scrape(owner)
        assert told.of("newsloom_consumer_lag_records") == 0, "a transaction's mark is no record"
        assert told.of("newsloom_consumer_lag_seconds") == 0
        assert told.of("newsloom_last_commit_timestamp_seconds") > 1.7e9
        assert told.of("newsloom_records_total") == 0, "all is of the worker before"
        assert told.by("newsloom_committed_inputs", "outcome") == outcomes(kafka)
        assert told.of("newsloom_live_articles") > 0
    with watched(kafka, "curate", struck=["stall", "during restore", 1]) as (_, port):
        said = "the partitions assigned are being restored"
        wait_for(lambda: ask(port + 1, "/readyz") == Answer(503, said), said)
        assert ask(port + 1, "/healthz") == Answer(200, "ok")
        key = "newsloom_restore_progress_ratio", frozenset({("lane", "0")})
        wait_for(lambda: scrape(port + 1).get(key, 1) < 1, "a restore that has begun")


def test_partitions_that_went_to_another_are_told_by_that_one_alone(kafka: Kafka) -> None:
    create_topics(kafka, partitions=2)
    lag = "newsloom_consumer_lag_records"

    def told(port: int) -> set[str]:
        return {dict(has)["partition"] for name, has in scrape(port) if name == lag}

    with watched(kafka, "enrich") as (_, port):
        await_answer(port, "/readyz", 200)
        assert told(port) == {"0", "1"}
        with watched(kafka, "enrich") as (_, other):
            await_answer(other, "/readyz", 200)
            shared = [["0"], ["1"]]
            wait_for(lambda: sorted(map(sorted, [told(port), told(other)])) == shared, "one each")
        wait_for(lambda: told(port) == {"0", "1"}, "both again")


def test_a_port_that_is_taken_is_told_in_one_line(kafka: Kafka) -> None:
    port = pick_neighbours()
    with Site(port=port + 1) as site:
        taken = replace(kafka, settings={"NEWSLOOM_METRICS_PORT": str(port)})
        ended = taken.newsloom("worker", "all")
    assert ended.code == 2
    assert ended.err == (
        f"newsloom: cannot serve metrics at 127.0.0.1:{site.port}: Address already in use: set "
        "another NEWSLOOM_METRICS_PORT (0 serves none) or NEWSLOOM_METRICS_HOST\n"
    )
