"""Brokers without Docker: they start, stop, restart and recover, and leave no process behind."""

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

BOUND_S = 20.0
"""The time limit for an answer that takes a few seconds, also on a busy machine."""
SCRIPT = Path(__file__).parents[2] / "deploy" / "kafka" / "brokers.py"


def run_script(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def wait_until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"the condition is still false after {timeout_s} s"
        time.sleep(0.05)


def ports(cluster: Cluster) -> list[int]:
    return [int(server.rpartition(":")[2]) for server in cluster.bootstrap_servers.split(",")]


def send_request(port: int, api_key: int, version: int, body: bytes) -> bytes:
    """Sends one request of Kafka's protocol; returns the answer without its correlation id."""
    request = struct.pack(">hhih", api_key, version, 7, -1) + body
    with socket.create_connection((HOST, port), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            (size,) = struct.unpack(">i", stream.read(4))
            return stream.read(size)[4:]


def create_topic(port: int, name: str) -> None:
    encoded_name = struct.pack(">h", len(name)) + name.encode()
    # CreateTopics v2: one topic, one partition, one replica, no assignments, no settings
    body = struct.pack(">i", 1) + encoded_name + struct.pack(">ihii", 1, 1, 0, 0)
    answer = send_request(port, 19, 2, body + struct.pack(">ib", 10_000, 0))
    assert encoded_name + struct.pack(">h", 0) in answer  # the topic and error code 0


def has_topic(port: int, name: str) -> bool:
    return name.encode() in send_request(port, 3, 1, struct.pack(">i", -1))


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("single")) as cluster:
        yield cluster


def test_broker_answers_the_protocol_and_listens_on_loopback_only(single: Cluster) -> None:
    (port,) = ports(single)
    assert single.bootstrap_servers == f"127.0.0.1:{port}"
    assert read_live_brokers(port) == {1}
    versions = send_request(port, 18, 0, b"")  # ApiVersions v0: error code, then the list
    assert struct.unpack(">hi", versions[:6]) >= (0, 30)
    if sys.platform == "linux":
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect(("127.0.0.2", port))  # succeeds if the broker listens on 0.0.0.0


def test_second_start_keeps_the_running_broker(single: Cluster) -> None:
    before = single.pid(1)
    second = run_script("start", "--dir", str(single.directory))
    assert second.stdout == f"export NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS={single.bootstrap_servers}\n"
    assert (second.returncode, single.pid(1)) == (0, before)
    other = run_script("start", "--dir", str(single.directory), "--brokers", "3")
    assert other.returncode == 1
    assert "holds 1 broker(s), not 3" in other.stderr
    assert single.pid(1) == before


def test_killed_broker_keeps_data_and_address_after_restart(single: Cluster) -> None:
    (port,), before = ports(single), single.pid(1)
    properties = single.directory / "broker-1" / "data" / "meta.properties"
    before_kill = properties.read_text()
    create_topic(port, "created")
    single.kill(1)
    assert single.pid(1) is None
    assert not single.is_answering(1)
    with pytest.raises(BrokerError, match=r"broker 1 .* does not run"):
        single.kill(1)
    single.restart(1)
    assert single.pid(1) != before
    assert ports(single) == [port]
    assert has_topic(port, "created")
    assert not has_topic(port, "not-created")
    assert properties.read_text() == before_kill


def test_paused_broker_does_not_answer_until_resumed(single: Cluster) -> None:
    (port,), before = ports(single), single.pid(1)
    single.pause(1)
    with pytest.raises(OSError, match="timed out"):
        read_live_brokers(port, timeout_s=0.5)
    assert run_script("status", "--dir", str(single.directory)).returncode == 3
    single.resume(1)
    wait_until(lambda: single.is_answering(1))
    status = run_script("status", "--dir", str(single.directory))
    assert status.returncode == 0
    assert status.stdout == f"broker 1  127.0.0.1:{port}  process {before}  answers\n"


def test_brokers_run_after_the_start_command_ends_until_stop(tmp_path: Path) -> None:
    started = run_script("start", "--dir", str(tmp_path))
    assert started.returncode == 0, started.stderr
    cluster = Cluster(tmp_path)
    pid = cluster.pid(1)
    assert pid is not None
    try:
        assert cluster.is_answering(1)
        (port,) = ports(cluster)
        cluster.pause(1)  # stop must also end a paused broker
    finally:
        stopped = run_script("stop", "--dir", str(tmp_path))
    assert (stopped.returncode, read_start_time(pid)) == (0, None)
    assert (tmp_path / "broker-1" / "data" / ".kafka_cleanshutdown").exists()
    with socket.socket() as other_server:
        other_server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other_server.bind((HOST, port))
        other_server.listen()
        blocked = run_script("start", "--dir", str(tmp_path))
    assert blocked.returncode == 1
    assert f"port {port} of broker 1" in blocked.stderr
    assert "in use" in blocked.stderr


def test_broker_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    other_properties = tmp_path / "broker-1" / "data" / "meta.properties"
    other_properties.parent.mkdir(parents=True)
    other_properties.write_text("version=1\nnode.id=9\ncluster.id=other\n")
    with pytest.raises(BrokerError, match=r"broker 1 ended while starting: its log .*broker\.log"):
        Cluster(tmp_path).start()
    assert Cluster(tmp_path).pid(1) is None


def test_run_sets_the_addresses_and_returns_the_exit_code(tmp_path: Path) -> None:
    script = "echo $NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS; exit 7"
    done = run_script("run", "--brokers", "1", "--", "sh", "-c", script, TMPDIR=str(tmp_path))
    assert done.returncode == 7, done.stderr
    assert done.stdout.startswith("127.0.0.1:")
    with pytest.raises(ConnectionRefusedError):
        read_live_brokers(int(done.stdout.rpartition(":")[2]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: the kernel ends the brokers")
def test_brokers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "run", "--", "sh", "-c", "echo $$; exec sleep 60"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        command_pid = int(parent.stdout.readline())
        (folder,) = tmp_path.iterdir()
        broker_pid = Cluster(folder).pid(1)
        parent.send_signal(signal.SIGKILL)
    try:
        assert broker_pid is not None
        wait_until(lambda: read_start_time(broker_pid) is None)
        wait_until(lambda: read_start_time(command_pid) is None)
    finally:
        Cluster(folder).stop()


@pytest.mark.parametrize(
    ("programs", "message"),
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
    ids=["no Java", "old Java", "broken Java", "no Maven", "failed download"],
)
def test_missing_program_is_reported_in_one_line(
    programs: dict[str, str], message: str, tmp_path: Path
) -> None:
    path, cache = tmp_path / "bin", tmp_path / "cache"
    path.mkdir()
    for name, script in programs.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    directory = tmp_path / "brokers"
    done = run_script(
        "start", "--dir", str(directory), PATH=str(path), JAVA_HOME="", XDG_CACHE_HOME=str(cache),
        NEWSLOOM_KAFKA_JARS="",
    )  # fmt: skip
    assert done.returncode == 1
    *progress, line = done.stderr.splitlines()
    assert line.startswith("brokers: ")
    assert message in line
    assert all(entry.startswith("Copying Kafka") for entry in progress)
    assert not directory.exists()
    assert not [jar for jar in cache.rglob("*") if jar.is_file()]


def test_reused_process_id_is_not_mistaken_for_a_broker(tmp_path: Path) -> None:
    (tmp_path / "broker-1").mkdir()
    (tmp_path / "cluster.json").write_text('{"id": "x", "ports": [[1, 2]]}')
    with subprocess.Popen(["sleep", "60"]) as other_process:
        (tmp_path / "broker-1" / "pid").write_text(f"{other_process.pid} 1")
        cluster = Cluster(tmp_path)
        assert cluster.pid(1) is None
        cluster.stop()
        with pytest.raises(BrokerError, match="does not run"):
            cluster.kill(1)
        assert other_process.poll() is None
        other_process.kill()


def test_folder_without_brokers_is_reported(tmp_path: Path) -> None:
    for command in ("stop", "status"):
        done = run_script(command, "--dir", str(tmp_path / "nothing"))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "holds no brokers" in done.stderr


def test_picked_ports_are_distinct_and_below_the_client_range() -> None:
    picked = pick_ports(50)
    assert len(set(picked)) == 50
    assert all(20_000 <= port < 32_000 for port in picked)
