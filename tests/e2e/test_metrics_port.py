"""`newsloom run --metrics-port`: metrics and health of a run that follows its input."""

import json
import signal
import socket
from pathlib import Path

from newsloom.observability.definitions import ALL
from newsloom.observability.labels import RUN
from tests.support.endpoint import Answer, ask, scrape
from tests.support.generator import generate
from tests.support.ports import pick_neighbours
from tests.support.runs import run, start, write_lines
from tests.support.workers import wait_for


def test_following_run_serves_metrics_and_health(tmp_path: Path) -> None:
    lines = [json.dumps(event).encode() for event in generate(7, 40)]
    source = write_lines(tmp_path / "events.jsonl", [*lines, b"{"])
    port = pick_neighbours()
    follow = start(source, "--output", tmp_path / "out", "--follow", "--metrics-port", port)
    try:
        wait_for(lambda: ask(port, "/metrics").status == 200, "/metrics to answer")
        wait_for(lambda: scrape(port).of("newsloom_records_total", stage="run") == 41, "41 records")
        metrics = scrape(port)
        exposed = ask(port, "/metrics").text
        assert ask(port, "/readyz") == ask(port, "/healthz") == Answer(200, "ok")
    finally:
        follow.send_signal(signal.SIGTERM)
        follow.communicate(timeout=20)
    assert follow.returncode == 0
    assert metrics.of("newsloom_inputs_total", outcome="dead-lettered") == 1
    assert metrics.of("newsloom_inputs_total") == metrics.of("newsloom_committed_inputs") == 41
    assert metrics.of("newsloom_unaccounted_inputs") == 0
    assert metrics.of("newsloom_batch_seconds_count") >= 1
    for metric in ALL:
        assert (f"# TYPE {metric.name} " in exposed) == (RUN in metric.set_by), metric.name


def test_port_in_use_is_reported(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "events.jsonl", [b"{}"])
    port = pick_neighbours()
    with socket.create_server(("127.0.0.1", port)):
        refused = run(source, "--output", tmp_path / "out", "--metrics-port", port)
    assert refused.code == 2
    assert refused.err.startswith(f"newsloom: cannot serve metrics at 127.0.0.1:{port}: ")
    assert refused.err.count("\n") == 1
