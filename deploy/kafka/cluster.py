"""Kafka brokers in a folder: start, stop, kill, freeze.

Enters: a folder and how many brokers (1 or 3). Leaves: Java processes that answer on 127.0.0.1;
their data, logs and process ids stay below the folder. Never ends a process it did not start.
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
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.kafka.jars import BrokerError, copy_jars, find_java
from deploy.kafka.loopback import HOST, is_free, pick_ports, read_live_brokers
from deploy.kafka.processes import exit_with_parent, read_start_time

SETTINGS = Path(__file__).with_name("server.properties")
HEAP_MB = 320
START_TIMEOUT_S, STOP_TIMEOUT_S, POLL_S = 60.0, 10.0, 0.05

# A leash is tied to the thread that lays it: this one lives as long as we do, whichever thread
# calls start or restart.
_LAUNCHER = ThreadPoolExecutor(max_workers=1)


class Cluster:
    """One or three brokers in a folder, numbered from 1. Methods block and raise BrokerError.

    What runs is read from the folder, so any process can stop what another started. Brokers end
    with the process that started them, however it ends (Linux), unless `outlive` is set. Without
    `brokers` there are as many as the folder holds, in a new one 1.
    """

    def __init__(
        self, directory: str | Path, brokers: int | None = None, *, outlive: bool = False
    ) -> None:
        self.directory = Path(directory).absolute()
        self._wanted, self._outlive = brokers, outlive
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def numbers(self) -> range:
        """Numbers of the brokers; they are Kafka's node ids."""
        return range(1, len(self._ports()) + 1)

    @property
    def bootstrap_servers(self) -> str:
        """host:port of each broker, comma between; the same for the life of the folder."""
        return ",".join(f"{HOST}:{port}" for port, _ in self._ports())

    def log(self, number: int) -> Path:
        """Where the broker logs; earlier runs come first."""
        return self._home(number) / "broker.log"

    def pid(self, number: int) -> int | None:
        """Process id of the broker; None when it does not run, even if the id is in use again."""
        try:
            pid, _, start = (self._home(number) / "pid").read_text().partition(" ")
        except OSError:
            return None
        if read_start_time(int(pid)) == start:
            return int(pid)
        child = self._children.pop(number, None)
        if child:
            child.wait()  # it has ended: this buries it
        return None

    def is_answering(self, number: int, of: Iterable[int] = ()) -> bool:
        """Whether the broker serves requests and holds itself, and those of `of`, for alive."""
        try:
            return read_live_brokers(self._ports()[number - 1][0]) >= {number, *of}
        except OSError:
            return False

    def start(self) -> None:
        """Start what does not run and wait until all answer and know one another.

        Idempotent: running brokers are kept (paused ones resumed), a folder is formatted once. On
        failure the brokers started by this call are ended.
        """
        find_java(), copy_jars()  # before the folder is touched
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._lay_out()
            down = [number for number in self.numbers if self.pid(number) is None]
            for number in set(self.numbers) - set(down):
                self.resume(number)
            self._launch(down, self.numbers)

    def stop(self) -> None:
        """End all brokers, politely for 10 s, then by force; returns when none is left.

        A broker that has closed its logs is not waited for: the last of three would seek a quorum
        for five more seconds.
        """
        with self._locked():
            for number in self._running():
                with contextlib.suppress(BrokerError):  # it may end just now
                    self._signal(number, signal.SIGCONT)
                    self._signal(number, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while not all(map(self._is_closed, self._running())) and time.monotonic() < deadline:
                time.sleep(POLL_S)
            self._end(self._running())

    def kill(self, number: int) -> None:
        """End the broker at once (SIGKILL), paused or not; its data stay."""
        self._signal(number, signal.SIGKILL)
        while self.pid(number) is not None:
            time.sleep(POLL_S)

    def restart(self, number: int) -> None:
        """Start the broker again, killing it first if it runs; wait until it answers."""
        if self.pid(number) is not None:
            self.kill(number)
        with self._locked():
            self._launch([number], [number])

    def pause(self, number: int) -> None:
        """Freeze the broker (SIGSTOP): its connections stay, it answers nothing."""
        self._signal(number, signal.SIGSTOP)

    def resume(self, number: int) -> None:
        """Let a frozen broker go on."""
        self._signal(number, signal.SIGCONT)

    def _home(self, number: int) -> Path:
        return self.directory / f"broker-{number}"

    def _running(self) -> list[int]:
        return [number for number in self.numbers if self.pid(number) is not None]

    def _is_closed(self, number: int) -> bool:
        return (self._home(number) / "data" / ".kafka_cleanshutdown").exists()

    def _signal(self, number: int, what: signal.Signals) -> None:
        pid = self.pid(number)
        if pid is None:
            raise BrokerError(f"broker {number} in {self.directory} does not run: start it")
        with contextlib.suppress(ProcessLookupError):  # it ended just now
            os.kill(pid, what)

    def _end(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            with contextlib.suppress(BrokerError):
                self.kill(number)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One start or stop at a time in a folder, whatever the process."""
        if not self.directory.is_dir():
            raise BrokerError(f"{self.directory} holds no brokers: start some there first")
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ports(self) -> list[tuple[int, int]]:
        try:
            ports = json.loads((self.directory / "cluster.json").read_text())["ports"]
        except OSError:
            raise BrokerError(
                f"{self.directory} holds no brokers: start some there first"
            ) from None
        return [(port, controller_port) for port, controller_port in ports]

    def _lay_out(self) -> None:
        """Choose ports and cluster id once; write each broker's settings anew."""
        kept = self.directory / "cluster.json"
        if not kept.exists():
            flat = pick_ports(2 * (self._wanted or 1))
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            ports = list(zip(flat[::2], flat[1::2], strict=True))
            _write(kept, json.dumps({"id": cluster_id, "ports": ports}))
        ports = self._ports()
        if self._wanted not in (None, len(ports)):
            raise BrokerError(
                f"{self.directory} holds {len(ports)} broker(s), not {self._wanted}: "
                "start as many, or start in another folder"
            )
        voters = ",".join(f"{n}@{HOST}:{port}" for n, (_, port) in enumerate(ports, 1))
        for number, (port, controller_port) in enumerate(ports, 1):
            (self._home(number) / "tmp").mkdir(parents=True, exist_ok=True)
            (self._home(number) / "server.properties").write_text(
                SETTINGS.read_text().format(
                    number=number,
                    voters=voters,
                    port=port,
                    controller_port=controller_port,
                    replicas=len(ports),
                    in_sync=1 if len(ports) == 1 else 2,
                )
            )

    def _launch(self, numbers: Iterable[int], waited: Iterable[int]) -> None:
        """Start `numbers`; wait until all of `waited` answer and know one another."""
        java, jars = find_java(), copy_jars()
        for number, port in ((n, port) for n in numbers for port in self._ports()[n - 1]):
            if not is_free(port):
                raise BrokerError(
                    f"port {port} of broker {number} in {self.directory} is in use: "
                    "end what listens there, or start in another folder"
                )
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda number: self._format(java, jars, number), numbers))
        try:
            for number in numbers:
                _LAUNCHER.submit(self._spawn, java, jars, number).result()
            self._await(waited)
        except BaseException:
            self._end(numbers)
            raise

    def _java(self, java: str, jars: Path, number: int) -> list[str]:
        # On two cores the quick compiler and the plain collector halve the processor time of a
        # start and of the first 100,000 records.
        order = [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Xmx{HEAP_MB}m"]
        # Native libraries and counters go below the folder too, not to a /tmp nobody clears.
        order += [
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            f"-Djava.io.tmpdir={self._home(number)}/tmp",
        ]
        logger = "-Dorg.slf4j.simpleLogger."
        order += [f"{logger}defaultLogLevel=warn", f"{logger}log.kafka.server.KafkaRaftServer=info"]
        order += [f"{logger}showDateTime=true", f"{logger}dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS"]
        return [*order, "-cp", f"{jars}/*"]

    def _format(self, java: str, jars: Path, number: int) -> None:
        home = self._home(number)
        if (home / "data" / "meta.properties").exists():  # Kafka writes it last
            return
        cluster_id = json.loads((self.directory / "cluster.json").read_text())["id"]
        order = [*self._java(java, jars, number), "kafka.tools.StorageTool", "format"]
        order += [f"--cluster-id={cluster_id}", "--config=server.properties"]
        with self.log(number).open("ab") as log:
            ran = subprocess.run(order, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if ran.returncode:
            raise BrokerError(self._obituary(number, "could not be formatted"))

    def _spawn(self, java: str, jars: Path, number: int) -> None:
        home = self._home(number)
        order = [] if self._outlive else exit_with_parent(signal.SIGKILL)
        order += [*self._java(java, jars, number), "kafka.Kafka", "server.properties"]
        with self.log(number).open("ab") as log:
            child = subprocess.Popen(
                order,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a terminal's Ctrl-C is not for brokers
            )
        _write(home / "pid", f"{child.pid} {read_start_time(child.pid)}")
        self._children[number] = child

    def _await(self, numbers: Iterable[int]) -> None:
        waiting, deadline = set(numbers), time.monotonic() + START_TIMEOUT_S
        while waiting:
            for number in sorted(waiting):
                if self.pid(number) is None:
                    raise BrokerError(self._obituary(number, "ended while starting"))
                if self.is_answering(number, numbers):
                    waiting.discard(number)
                elif time.monotonic() > deadline:
                    what = f"did not answer within {START_TIMEOUT_S:.0f} s"
                    raise BrokerError(self._obituary(number, what))
            time.sleep(POLL_S)

    def _obituary(self, number: int, what: str) -> str:
        log = self.log(number)
        lines = log.read_text(errors="replace").splitlines()
        told = [line for line in lines if line.strip() and not line.lstrip().startswith("at ")]
        return "\n  ".join([f"broker {number} {what}: its log {log} ends with", *told[-5:]])


def _write(path: Path, text: str) -> None:
    """Whole or not at all, since other processes read it."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)
