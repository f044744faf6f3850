"""What workers report to operators: metrics and logs match the results, probes report failures."""

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
from newsloom.runtimes.kafka.watching.watcher import EVERY_S
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
    "newsloom_held_records",
    "newsloom_worker_waiting",
    "newsloom_stopped_partitions",
    "newsloom_passed_offsets",
    "newsloom_records_in_flight",
    "newsloom_image_fetches_in_flight",
    "newsloom_event_loop_lag_seconds",
}
"""Metrics that are or may be 0 after all inputs are processed without a failure."""


@contextmanager
def watched(
    kafka: Kafka,
    *arguments: str,
    failure: Sequence[object] = (),
    log: IO[bytes] | None = None,
    **settings: object,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A worker that ends with the block, and the metrics port of enrich; curate uses the next port.

    `failure` names a failure to inject: what to do, at which point, and at which call of it.
    """
    port = pick_neighbours()
    given = {f"NEWSLOOM_{name.upper()}": str(value) for name, value in settings.items()}
    merged = {**kafka.settings, "NEWSLOOM_METRICS_PORT": str(port), **given}
    worker = start_worker(replace(kafka, settings=merged), *arguments, struck=failure, said=log)
    try:
        yield worker, port
    finally:
        if worker.returncode is None:
            # A worker with an injected failure may ignore SIGTERM. Its children end with it.
            worker.send_signal(signal.SIGKILL if failure else signal.SIGTERM)
            worker.communicate(timeout=30)


def await_answer(port: int, path: str, status: int) -> str:
    """Waits until `path` is answered with `status`; returns the text of an answer after that."""
    wait_for(lambda: ask(port, path).status == status, f"{status} from {path}")
    return ask(port, path).text


def await_no_lag(port: int) -> Samples:
    """Waits until a worker reports no lag; returns the samples of a scrape after that."""
    name = "newsloom_consumer_lag_records"
    wait_for(lambda: not scrape(port).by(name, "partition"), "no lag")
    return scrape(port)


def await_counted(kafka: Kafka, port: int) -> Samples:
    """Waits until a curate worker reports all committed inputs and no lag; returns its samples.

    The worker updates its metrics shortly after the commit.
    """

    def is_counted() -> bool:
        counts = scrape(port).by("newsloom_committed_inputs", "outcome")
        return counts == outcomes(kafka)

    wait_for(is_counted, "a count of all committed inputs")
    return await_no_lag(port)


def generated_events(count: int) -> list[Event]:
    return [(None, json.dumps(event).encode()) for event in generate(20240304, count)]


def all_kinds(site: Site) -> list[Event]:
    """Events for every outcome and fault, duplicates, merges, private objects and images.

    The images of the examples are removed, because tests must not access the web.
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


def test_metrics_and_logs_match_the_results(kafka: Kafka, tmp_path: Path) -> None:
    create_topics(kafka)
    settings: dict[str, Any] = {
        "log_format": "json",
        "log_level": "debug",
        "images": "check",
        "images_allow_networks": "127.0.0.1/32",
    }
    with (
        Site({"/1.jpg": answer(jpeg())}) as site,
        (tmp_path / "worker.log").open("wb") as log,
        watched(kafka, "all", log=log, **settings) as (worker, port),
    ):
        ready = await_answer(port, "/readyz", 200), await_answer(port + 1, "/readyz", 200)
        assert ready == ("ok", "ok")
        events = [*all_kinds(site), (None, article(4, site.url("/1.jpg")))]
        send(kafka, events[:-1])
        await_all(kafka, len(events) - 1)
        send(kafka, events[-1:])  # the check of its image is cached
        kafka.send(kafka.prefix + ENRICHED, [(b"k", b"not what enrich writes")])
        await_all(kafka, len(events) + 1)
        enrich, curate = await_no_lag(port), await_counted(kafka, port + 1)
        exposed = ask(port, "/metrics").text + ask(port + 1, "/metrics").text
        assert ask(port, "/healthz") == ask(port + 1, "/healthz") == Answer(200, "ok")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    log_text = (tmp_path / "worker.log").read_text()

    for metric in ALL:  # every declared metric must be set by the stages that it names
        for stage, samples in (("enrich", enrich), ("curate", curate)):
            found = [v for (name, _), v in samples.items() if _base(name) == metric.name]
            assert bool(found) == (stage in metric.set_by), (metric.name, stage)
            assert not found or metric.name in AT_REST or any(found), f"{metric.name} is never set"

    enrich_outcomes = Samples(enrich).by("newsloom_inputs_total", "outcome")
    letters = enrich_outcomes.pop("dead-lettered")
    assert enrich_outcomes == {}
    committed = outcomes(kafka)
    assert curate.by("newsloom_inputs_total", "outcome") == committed
    assert curate.by("newsloom_committed_inputs", "outcome") == committed
    assert letters + committed.total() == len(events) + 1
    assert curate.of("newsloom_dead_letters_total", stage="curate", source="unknown") == 1
    assert enrich.of("newsloom_records_total") == len(events)
    assert curate.of("newsloom_records_total") == committed.total()
    assert sum(enrich.by("newsloom_dead_letters_total", "reason").values()) > 0
    assert enrich.of("newsloom_dead_letters_total", stage="decode") == letters
    assert enrich.of("newsloom_private_dropped_total") == 3 + 1, (
        "three of the canary events, one of the examples"
    )
    assert enrich.of("newsloom_blocked_requests_total") == 1
    lookups = enrich.by("newsloom_image_lookups_total", "answer")
    assert lookups["cached"] >= 1
    assert site.counts()["/1.jpg"] == 1, "three articles share one image, so it is fetched once"
    assert curate.of("newsloom_image_verdicts_total", verdict="ok") == 3
    assert curate.of("newsloom_image_verdicts_total", verdict="blocked-address") == 1
    count = "newsloom_arrival_to_publication_seconds_count"
    assert curate.of(count) == committed["curated"]
    rows = lane_rows(kafka)
    assert curate.of("newsloom_live_articles") == sum(key.startswith("article/") for key in rows)
    stories = {row["story_id"] for key, row in rows.items() if key.startswith("article/")}
    assert curate.of("newsloom_live_stories") == len(stories)

    assert CANARY not in exposed
    assert CANARY not in log_text
    _assert_logs_follow_a_record(log_text, letters)


def _base(name: str) -> str:
    for ending in ("_bucket", "_sum", "_count"):
        name = name.removesuffix(ending)
    return name


def _assert_logs_follow_a_record(log_text: str, letters: float) -> None:
    """Every line is an object. Both stages log each article's id with the input's position."""
    lines = [json.loads(line) for line in log_text.splitlines()]
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


def test_killed_worker_restores_the_committed_counts_but_not_its_counters(kafka: Kafka) -> None:
    """Processes are killed inside a transaction; the committed counts stay correct."""
    events = generated_events(60)
    create_topics(kafka)
    failure = ["kill", "before commit", 4]
    with (
        working(kafka, "enrich"),
        watched(kafka, "curate", "--restart", failure=failure) as (_, port),
    ):
        for start in range(0, 60, 10):  # at least six batches
            send(kafka, events[start : start + 10])
            await_all(kafka, start + 10)
        samples = await_counted(kafka, port + 1)
    committed = outcomes(kafka)
    assert committed.total() == 60
    assert samples.by("newsloom_committed_inputs", "outcome") == committed
    assert samples.of("newsloom_inputs_total") < 60, "counters start at 0 in a new process"
    assert samples.of("newsloom_unaccounted_inputs") == 0
    assert samples.of("newsloom_transactions_aborted_total") >= 1
    assert samples.of("newsloom_restore_progress_ratio", lane="0") == 1
    rows = lane_rows(kafka)
    assert samples.of("newsloom_live_articles") == sum(key.startswith("article/") for key in rows)


def test_blocked_or_stalled_worker_is_unhealthy(kafka: Kafka) -> None:
    """A worker is unhealthy if its event loop is blocked, or if records wait without a commit."""
    create_topics(kafka)
    block, stall = ["block", "after decode", 1], ["stall", "before commit", 1]
    with (
        watched(kafka, "enrich", failure=block, health_stall_s=3) as (_, enrich),
        watched(kafka, "curate", failure=stall, health_stall_s=3) as (_, base_port),
    ):
        curate = base_port + 1
        for port in (enrich, curate):
            await_answer(port, "/readyz", 200)
            assert ask(port, "/healthz") == Answer(200, "ok")
        send(kafka, generated_events(1))
        kafka.send(kafka.prefix + ENRICHED, [(b"k", b"{}")])
        blocked, stalled = (await_answer(port, "/healthz", 503) for port in (enrich, curate))
        assert blocked.startswith("the event loop has not answered for ")
        expected = "records wait in partition 0, and none was committed for "
        assert stalled.startswith(expected)
        assert scrape(enrich).of("newsloom_event_loop_lag_seconds") > 2
        # A loop that is not blocked answers soon, but a busy machine can delay it.
        lag = "newsloom_event_loop_lag_seconds"
        wait_for(lambda: scrape(curate).of(lag) < 2, "an event loop without lag")
        samples = scrape(curate)
    assert samples.of("newsloom_records_in_flight") == 1
    assert samples.of("newsloom_consumer_lag_records") == 1
    assert samples.of("newsloom_consumer_lag_seconds") > 0


def test_worker_is_ready_after_restore_or_when_it_stands_by(kafka: Kafka) -> None:
    create_topics(kafka)
    send(kafka, generated_events(5))
    with working(kafka, "all"):
        await_all(kafka, 5)
    with watched(kafka, "curate") as (_, port), watched(kafka, "curate") as (_, other):
        wait_for(lambda: ask(port + 1, "/readyz").status == 200, "the first worker to be ready")
        wait_for(lambda: ask(other + 1, "/readyz").status == 200, "the second worker to be ready")
        name = "newsloom_assigned_partitions"
        wait_for(
            lambda: sorted([scrape(port + 1).of(name), scrape(other + 1).of(name)]) == [0, 1],
            "one worker with the partition and one that stands by",
        )
        owner, idle = sorted(
            (port + 1, other + 1), key=lambda candidate: -scrape(candidate).of(name)
        )
        assert not [key for key in scrape(idle) if key[1] & {("lane", "0"), ("partition", "0")}]
        time.sleep(2 * EVERY_S)  # the worker has measured its lag more than once
        samples = scrape(owner)
        assert samples.of("newsloom_consumer_lag_records") == 0, (
            "the marker of a transaction is not a record"
        )
        assert samples.of("newsloom_consumer_lag_seconds") == 0
        assert samples.of("newsloom_last_commit_timestamp_seconds") > 1.7e9
        assert samples.of("newsloom_records_total") == 0, "the earlier worker processed all records"
        assert samples.by("newsloom_committed_inputs", "outcome") == outcomes(kafka)
        assert samples.of("newsloom_live_articles") > 0
    with watched(kafka, "curate", failure=["stall", "during restore", 1]) as (_, port):
        message = "the partitions assigned are being restored"
        wait_for(lambda: ask(port + 1, "/readyz") == Answer(503, message), message)
        assert ask(port + 1, "/healthz") == Answer(200, "ok")
        key = "newsloom_restore_progress_ratio", frozenset({("lane", "0")})
        wait_for(lambda: scrape(port + 1).get(key, 1) < 1, "a restore in progress")


def test_each_partition_is_reported_only_by_its_owner(kafka: Kafka) -> None:
    create_topics(kafka, partitions=2)
    lag = "newsloom_consumer_lag_records"

    def reported(port: int) -> set[str]:
        return {dict(labels)["partition"] for name, labels in scrape(port) if name == lag}

    with watched(kafka, "enrich") as (_, port):
        await_answer(port, "/readyz", 200)
        assert reported(port) == {"0", "1"}
        with watched(kafka, "enrich") as (_, other):
            await_answer(other, "/readyz", 200)
            shared = [["0"], ["1"]]
            wait_for(
                lambda: sorted(map(sorted, [reported(port), reported(other)])) == shared,
                "one partition for each worker",
            )
        wait_for(lambda: reported(port) == {"0", "1"}, "both partitions at the first worker")


def test_port_in_use_is_reported_in_one_line(kafka: Kafka) -> None:
    port = pick_neighbours()
    with Site(port=port + 1) as site:
        with_same_port = replace(kafka, settings={"NEWSLOOM_METRICS_PORT": str(port)})
        result = with_same_port.newsloom("worker", "all")
    assert result.code == 2
    assert result.err == (
        f"newsloom: cannot serve metrics at 127.0.0.1:{site.port}: Address already in use: set "
        "another NEWSLOOM_METRICS_PORT (0 serves none) or NEWSLOOM_METRICS_HOST\n"
    )
