"""Brokers without Docker start, answer, survive what chaos tests do to them, and leave nothing."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.kafka.brokers import BrokerError, Cluster
from deploy.kafka.loopback import HOST, pick_ports, read_live_brokers
from deploy.kafka.processes import read_start_time
from tests.support.kafka import Kafka

BOUND_S = 20.0
"""For an answer that must come within seconds, on a busy machine."""
SCRIPT = Path(__file__).parents[2] / "deploy" / "kafka" / "brokers.py"


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def await_true(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def ports(cluster: Cluster) -> list[int]:
    return [int(server.rpartition(":")[2]) for server in cluster.bootstrap_servers.split(",")]


def ask(port: int, api_key: int, version: int, body: bytes) -> bytes:
    """One request of Kafka's protocol, by hand: the answer behind its correlation id."""
    request = struct.pack(">hhih", api_key, version, 7, -1) + body
    with socket.create_connection((HOST, port), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            (size,) = struct.unpack(">i", stream.read(4))
            return stream.read(size)[4:]


def create_topic(port: int, name: str) -> None:
    word = struct.pack(">h", len(name)) + name.encode()
    # CreateTopics v2: one topic, one partition, replicas by default of 1, nothing else
    body = struct.pack(">i", 1) + word + struct.pack(">ihii", 1, 1, 0, 0)
    answer = ask(port, 19, 2, body + struct.pack(">ib", 10_000, 0))
    assert word + struct.pack(">h", 0) in answer  # the topic and error code 0


def has_topic(port: int, name: str) -> bool:
    return name.encode() in ask(port, 3, 1, struct.pack(">i", -1))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("one")) as cluster:
        yield cluster


def test_a_broker_answers_the_protocol_and_listens_on_loopback_only(one: Cluster) -> None:
    (port,) = ports(one)
    assert one.bootstrap_servers == f"127.0.0.1:{port}"
    assert read_live_brokers(port) == {1}
    versions = ask(port, 18, 0, b"")  # ApiVersions v0: error code, then the list
    assert struct.unpack(">hi", versions[:6]) >= (0, 30)
    if sys.platform == "linux":
        with socket.socket() as elsewhere, pytest.raises(ConnectionRefusedError):
            elsewhere.connect(("127.0.0.2", port))  # would be open on 0.0.0.0


def test_a_second_start_keeps_the_running_broker(one: Cluster) -> None:
    before = one.pid(1)
    again = call("start", "--dir", str(one.directory))
    assert again.stdout == f"export NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS={one.bootstrap_servers}\n"
    assert (again.returncode, one.pid(1)) == (0, before)
    other = call("start", "--dir", str(one.directory), "--brokers", "3")
    assert other.returncode == 1
    assert "holds 1 broker(s), not 3" in other.stderr
    assert one.pid(1) == before


def test_kill_and_restart_keep_data_and_address(one: Cluster) -> None:
    (port,), before = ports(one), one.pid(1)
    identity = one.directory / "broker-1" / "data" / "meta.properties"
    formatted = identity.read_text()
    create_topic(port, "kept")
    one.kill(1)
    assert one.pid(1) is None
    assert not one.is_answering(1)
    with pytest.raises(BrokerError, match=r"broker 1 .* does not run"):
        one.kill(1)
    one.restart(1)
    assert one.pid(1) != before
    assert ports(one) == [port]
    assert has_topic(port, "kept")
    assert not has_topic(port, "never")
    assert identity.read_text() == formatted


def test_a_paused_broker_is_silent_until_resumed(one: Cluster) -> None:
    (port,), before = ports(one), one.pid(1)
    one.pause(1)
    with pytest.raises(OSError, match="timed out"):
        read_live_brokers(port, timeout_s=0.5)
    assert call("status", "--dir", str(one.directory)).returncode == 3
    one.resume(1)
    await_true(lambda: one.is_answering(1))
    status = call("status", "--dir", str(one.directory))
    assert status.returncode == 0
    assert status.stdout == f"broker 1  127.0.0.1:{port}  process {before}  answers\n"


def test_started_brokers_outlive_the_command_and_stop_ends_them(tmp_path: Path) -> None:
    started = call("start", "--dir", str(tmp_path))
    assert started.returncode == 0, started.stderr
    cluster = Cluster(tmp_path)
    pid = cluster.pid(1)
    assert pid is not None
    try:
        assert cluster.is_answering(1)
        (port,) = ports(cluster)
        cluster.pause(1)  # a frozen broker must not hinder a stop
    finally:
        stopped = call("stop", "--dir", str(tmp_path))
    assert (stopped.returncode, read_start_time(pid)) == (0, None)
    assert (tmp_path / "broker-1" / "data" / ".kafka_cleanshutdown").exists()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind((HOST, port))
        squatter.listen()
        blocked = call("start", "--dir", str(tmp_path))
    assert blocked.returncode == 1
    assert f"port {port} of broker 1" in blocked.stderr
    assert "in use" in blocked.stderr


def test_a_broker_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    foreign = tmp_path / "broker-1" / "data" / "meta.properties"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("version=1\nnode.id=9\ncluster.id=other\n")
    with pytest.raises(BrokerError, match=r"broker 1 ended while starting: its log .*broker\.log"):
        Cluster(tmp_path).start()
    assert Cluster(tmp_path).pid(1) is None


def test_run_hands_over_addresses_and_code(tmp_path: Path) -> None:
    script = "echo $NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS; exit 7"
    ran = call("run", "--brokers", "1", "--", "sh", "-c", script, TMPDIR=str(tmp_path))
    assert ran.returncode == 7, ran.stderr
    assert ran.stdout.startswith("127.0.0.1:")
    with pytest.raises(ConnectionRefusedError):
        read_live_brokers(int(ran.stdout.rpartition(":")[2]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: the kernel ends the brokers")
def test_brokers_end_with_a_killed_parent(tmp_path: Path) -> None:
    order = [sys.executable, str(SCRIPT), "run", "--", "sh", "-c", "echo $$; exec sleep 60"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(order, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        command_pid = int(parent.stdout.readline())
        (folder,) = tmp_path.iterdir()
        broker_pid = Cluster(folder).pid(1)
        parent.send_signal(signal.SIGKILL)
    try:
        assert broker_pid is not None
        await_true(lambda: read_start_time(broker_pid) is None)
        await_true(lambda: read_start_time(command_pid) is None)
    finally:
        Cluster(folder).stop()


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("three"), brokers=3) as cluster:
        yield cluster
        pids = [pid for number in cluster.numbers if (pid := cluster.pid(number))]
    assert pids
    assert not any(map(read_start_time, pids))


@pytest.fixture
def three(trio: Cluster) -> Cluster:
    """Three brokers, all of which run and answer."""
    trio.start()
    return trio


def test_three_brokers_outlast_one(three: Cluster) -> None:
    first, second, third = ports(three)
    assert [read_live_brokers(port) for port in (first, second, third)] == [{1, 2, 3}] * 3
    three.kill(2)
    await_true(lambda: read_live_brokers(first) == {1, 3} == read_live_brokers(third))
    three.restart(2)
    await_true(lambda: read_live_brokers(first) == {1, 2, 3} == read_live_brokers(third))


def test_three_brokers_hold_three_copies_and_a_frozen_one_is_told(three: Cluster) -> None:
    kafka = Kafka(three.bootstrap_servers, "t.")
    created = kafka.newsloom("topics", "create")
    assert (created.code, created.err) == (0, "")
    produced = kafka.newsloom("produce", "examples/events")
    assert (produced.code, produced.err) == (0, "")
    assert kafka.newsloom("topics", "check").code == 0
    # Of three copies two must take a write: one broker less, and all goes on.
    three.kill(1)
    produced = kafka.newsloom("produce", "examples/events")
    assert (produced.code, produced.out.split("  ")[0]) == (
        0,
        "3 records = 3 delivered + 0 too large",
    )
    for number in (2, 3):
        three.pause(number)
    began = time.monotonic()
    frozen = kafka.newsloom("topics", "check")
    assert time.monotonic() - began < BOUND_S
    assert (frozen.code, len(frozen.err.splitlines())) == (1, 1)


@pytest.mark.parametrize(
    ("programs", "told"),
    [
        ({}, "Java is not installed: install Java 17"),
        ({"java": "echo 'openjdk version \"11.0.2\"' >&2"}, "is Java 11: install Java 17"),
        ({"java": "exit 1"}, "is no working Java: install Java 17"),
        ({"java": "echo 'openjdk version \"21\"' >&2"}, "Maven is not installed: install it"),
        (
            {
                "java": "echo 'openjdk version \"17.0.1\"' >&2",
                "mvn": "echo '[ERROR] no way'; exit 1",
            },
            "Maven could not copy Kafka's jars: no way: check the network",
        ),
    ],
    ids=["no java", "old java", "a stub of java", "no maven", "no download"],
)
def test_what_is_missing_is_told_in_one_line(
    programs: dict[str, str], told: str, tmp_path: Path
) -> None:
    path, cache = tmp_path / "bin", tmp_path / "cache"
    path.mkdir()
    for name, script in programs.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    where = tmp_path / "brokers"
    ran = call(
        "start", "--dir", str(where), PATH=str(path), JAVA_HOME="", XDG_CACHE_HOME=str(cache),
        NEWSLOOM_KAFKA_JARS="",
    )  # fmt: skip
    assert ran.returncode == 1
    *progress, line = ran.stderr.splitlines()
    assert line.startswith("brokers: ")
    assert told in line
    assert all(entry.startswith("Copying Kafka") for entry in progress)
    assert not where.exists()
    assert not [jar for jar in cache.rglob("*") if jar.is_file()]


def test_a_recycled_process_id_is_never_taken_for_a_broker(tmp_path: Path) -> None:
    (tmp_path / "broker-1").mkdir()
    (tmp_path / "cluster.json").write_text('{"id": "x", "ports": [[1, 2]]}')
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "broker-1" / "pid").write_text(f"{stranger.pid} 1")
        cluster = Cluster(tmp_path)
        assert cluster.pid(1) is None
        cluster.stop()
        with pytest.raises(BrokerError, match="does not run"):
            cluster.kill(1)
        assert stranger.poll() is None
        stranger.kill()


def test_a_folder_without_brokers_is_told(tmp_path: Path) -> None:
    for what in ("stop", "status"):
        ran = call(what, "--dir", str(tmp_path / "nothing"))
        assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
        assert "holds no brokers" in ran.stderr


def test_ports_are_free_distinct_and_not_for_clients() -> None:
    drawn = pick_ports(50)
    assert len(set(drawn)) == 50
    assert all(20_000 <= port < 32_000 for port in drawn)
