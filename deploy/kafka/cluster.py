"""The Kafka brokers of one folder: start, stop, kill and pause them.

In: a folder and the number of brokers (1 or 3). Out: Java processes that answer on 127.0.0.1. Their
data, logs and process ids are stored in the folder. Never ends a process that is not such a broker.
"""

import base64
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.kafka.jars import BrokerError, copy_jars, find_java
from deploy.kafka.loopback import HOST, is_free, pick_ports, read_live_brokers
from deploy.kafka.processes import exit_with_parent, read_start_time

SETTINGS = Path(__file__).with_name("server.properties")
HEAP_MB = 320
START_TIMEOUT_S, STOP_TIMEOUT_S, POLL_S = 60.0, 10.0, 0.05

# The kernel signals a child when the thread that started it ends (see exit_with_parent.py). So one
# thread starts all brokers, and it lives as long as this process.
_LAUNCHER = ThreadPoolExecutor(max_workers=1)


class Cluster:
    """One or three brokers in a folder, numbered from 1. Methods block and raise BrokerError.

    The state is read from the folder, so any process can stop brokers that another one started. On
    Linux, brokers end with the process that started them, unless `outlive` is set. Without
    `brokers`, the folder sets the number of brokers; a new folder gets 1. `settings` take the place
    of those in server.properties; `start` applies them to the brokers that it starts.
    """

    def __init__(
        self,
        directory: str | Path,
        brokers: int | None = None,
        *,
        outlive: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = Path(directory).absolute()
        self._brokers, self._outlive = brokers, outlive
        self.settings = dict(settings or {})
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def numbers(self) -> range:
        """The numbers of the brokers. They are also Kafka's node ids."""
        return range(1, len(self._ports()) + 1)

    @property
    def bootstrap_servers(self) -> str:
        """host:port of each broker, separated by commas. They never change for a folder."""
        return ",".join(f"{HOST}:{port}" for port, _ in self._ports())

    def log(self, number: int) -> Path:
        """The path of the broker's log. New runs are appended."""
        return self._home(number) / "broker.log"

    def data(self, number: int) -> Path:
        """The folder of the broker's logs of partitions, TOPIC-PARTITION each."""
        return self._home(number) / "data"

    def pid(self, number: int) -> int | None:
        """The process id of the broker; None if it does not run, even if the id was reused."""
        try:
            pid, _, start = (self._home(number) / "pid").read_text().partition(" ")
        except OSError:
            return None
        if read_start_time(int(pid)) == start:
            return int(pid)
        child = self._children.pop(number, None)
        if child:
            child.wait()  # It has ended; this removes the zombie process.
        return None

    def is_answering(self, number: int, of: Iterable[int] = ()) -> bool:
        """Whether the broker serves requests and lists itself and all of `of` as live brokers."""
        try:
            return read_live_brokers(self._ports()[number - 1][0]) >= {number, *of}
        except OSError:
            return False

    def start(self) -> None:
        """Start the brokers that do not run, and wait until all answer and list one another.

        Idempotent: running brokers are kept, paused ones are resumed, and storage is formatted
        once. On failure, the brokers that this call started are ended.
        """
        find_java()  # This and the next call may raise, so they run before the folder changes.
        copy_jars()
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._write_settings()
            down = [number for number in self.numbers if self.pid(number) is None]
            for number in set(self.numbers) - set(down):
                self.resume(number)
            self._launch(down, self.numbers)

    def stop(self) -> None:
        """End all brokers with SIGTERM, after 10 s with SIGKILL; returns when none runs.

        A broker that has closed its logs is killed without waiting: the last of three brokers would
        otherwise look for a quorum for five more seconds.
        """
        with self._locked():
            for number in self._running():
                with contextlib.suppress(BrokerError):  # It may have ended since the check.
                    self._signal(number, signal.SIGCONT)
                    self._signal(number, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while not all(map(self._is_closed, self._running())) and time.monotonic() < deadline:
                time.sleep(POLL_S)
            self._end(self._running())

    def kill(self, number: int) -> None:
        """End the broker at once (SIGKILL), even if it is paused. Its data is kept."""
        self._signal(number, signal.SIGKILL)
        while self.pid(number) is not None:
            time.sleep(POLL_S)

    def restart(self, number: int) -> None:
        """Start the broker again and wait until it answers. If it runs, it is killed first."""
        if self.pid(number) is not None:
            self.kill(number)
        with self._locked():
            self._launch([number], [number])

    def pause(self, number: int) -> None:
        """Pause the broker (SIGSTOP). Its connections stay open, but it does not answer."""
        self._signal(number, signal.SIGSTOP)

    def resume(self, number: int) -> None:
        """Resume a paused broker (SIGCONT)."""
        self._signal(number, signal.SIGCONT)

    def _home(self, number: int) -> Path:
        return self.directory / f"broker-{number}"

    def _running(self) -> list[int]:
        return [number for number in self.numbers if self.pid(number) is not None]

    def _is_closed(self, number: int) -> bool:
        return (self.data(number) / ".kafka_cleanshutdown").exists()

    def _signal(self, number: int, what: signal.Signals) -> None:
        pid = self.pid(number)
        if pid is None:
            raise BrokerError(f"broker {number} in {self.directory} does not run: start it")
        with contextlib.suppress(ProcessLookupError):  # It may have ended since the check.
            os.kill(pid, what)

    def _end(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            with contextlib.suppress(BrokerError):
                self.kill(number)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Allow one start or stop at a time per folder, across all processes."""
        if not self.directory.is_dir():
            raise BrokerError(f"{self.directory} holds no brokers: start brokers there first")
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ports(self) -> list[tuple[int, int]]:
        try:
            ports = json.loads((self.directory / "cluster.json").read_text())["ports"]
        except OSError:
            raise BrokerError(
                f"{self.directory} holds no brokers: start brokers there first"
            ) from None
        return [(port, controller_port) for port, controller_port in ports]

    def _write_settings(self) -> None:
        """Choose ports and cluster id once; write each broker's settings file at every start."""
        description = self.directory / "cluster.json"
        if not description.exists():
            free = pick_ports(2 * (self._brokers or 1))
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            ports = list(zip(free[::2], free[1::2], strict=True))
            _write(description, json.dumps({"id": cluster_id, "ports": ports}))
        ports = self._ports()
        if self._brokers not in (None, len(ports)):
            raise BrokerError(
                f"{self.directory} holds {len(ports)} broker(s), not {self._brokers}: "
                f"use --brokers {len(ports)}, or another folder"
            )
        voters = ",".join(f"{n}@{HOST}:{port}" for n, (_, port) in enumerate(ports, 1))
        for number, (port, controller_port) in enumerate(ports, 1):
            (self._home(number) / "tmp").mkdir(parents=True, exist_ok=True)
            text = SETTINGS.read_text().format(
                number=number,
                voters=voters,
                port=port,
                controller_port=controller_port,
                replicas=len(ports),
                in_sync=1 if len(ports) == 1 else 2,
            )
            # Of two lines with the same name the last one counts.
            text += "".join(f"{name}={value}\n" for name, value in self.settings.items())
            (self._home(number) / "server.properties").write_text(text)

    def _launch(self, numbers: Iterable[int], expected: Iterable[int]) -> None:
        """Start `numbers`; wait until all of `expected` answer and list one another."""
        java, jars = find_java(), copy_jars()
        for number, port in ((n, port) for n in numbers for port in self._ports()[n - 1]):
            if not is_free(port):
                raise BrokerError(
                    f"port {port} of broker {number} in {self.directory} is in use: "
                    "end the program that listens there, or start in another folder"
                )
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda number: self._format(java, jars, number), numbers))
        try:
            for number in numbers:
                _LAUNCHER.submit(self._spawn, java, jars, number).result()
            self._await(expected)
        except BaseException:
            self._end(numbers)
            raise

    def _java(self, java: str, jars: Path, number: int) -> list[str]:
        # On two cores, the C1 compiler and the serial collector halve the processor time of a
        # start and of the first 100,000 records.
        command = [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Xmx{HEAP_MB}m"]
        # No files in /tmp: native libraries go to the broker's folder, and there are no counters.
        command += [
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            f"-Djava.io.tmpdir={self._home(number)}/tmp",
        ]
        log = "-Dorg.slf4j.simpleLogger."
        command += [f"{log}defaultLogLevel=warn", f"{log}log.kafka.server.KafkaRaftServer=info"]
        command += [f"{log}showDateTime=true", f"{log}dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS"]
        return [*command, "-cp", f"{jars}/*"]

    def _format(self, java: str, jars: Path, number: int) -> None:
        home = self._home(number)
        if (home / "data" / "meta.properties").exists():  # Kafka writes it as the last step.
            return
        cluster_id = json.loads((self.directory / "cluster.json").read_text())["id"]
        command = [*self._java(java, jars, number), "kafka.tools.StorageTool", "format"]
        command += [f"--cluster-id={cluster_id}", "--config=server.properties"]
        with self.log(number).open("ab") as log:
            done = subprocess.run(
                command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if done.returncode:
            raise BrokerError(self._failure(number, "storage could not be formatted"))

    def _spawn(self, java: str, jars: Path, number: int) -> None:
        home = self._home(number)
        command = [] if self._outlive else exit_with_parent(signal.SIGKILL)
        command += [*self._java(java, jars, number), "kafka.Kafka", "server.properties"]
        with self.log(number).open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal must not reach the brokers.
            )
        _write(home / "pid", f"{child.pid} {read_start_time(child.pid)}")
        self._children[number] = child

    def _await(self, numbers: Iterable[int]) -> None:
        starting, deadline = set(numbers), time.monotonic() + START_TIMEOUT_S
        while starting:
            for number in sorted(starting):
                if self.pid(number) is None:
                    raise BrokerError(self._failure(number, "ended while starting"))
                if self.is_answering(number, numbers):
                    starting.discard(number)
                elif time.monotonic() > deadline:
                    what = f"did not answer within {START_TIMEOUT_S:.0f} s"
                    raise BrokerError(self._failure(number, what))
            time.sleep(POLL_S)

    def _failure(self, number: int, what: str) -> str:
        """A message with the last five lines of the broker's log, without Java stack frames."""
        log = self.log(number)
        lines = log.read_text(errors="replace").splitlines()
        useful = [line for line in lines if line.strip() and not line.lstrip().startswith("at ")]
        return "\n  ".join([f"broker {number} {what}: its log {log} ends with", *useful[-5:]])


def _write(path: Path, text: str) -> None:
    """Write a file atomically, because other processes read it."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)
