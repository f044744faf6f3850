"""A new lane on a broker, with one worker of each stage under the memory limit of its pod.

In: events. Out: the transactions of the curate worker, and the peak memory and processor time of
the workers. A transaction is read from the lane's rows: it ends with the row of the position, and
each of its records has taken one revision of the lane's row.
"""

import contextlib
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord

from tests.support.kafka import Kafka, Reader
from tests.support.processes import peak_mib, processor_s
from tests.support.verifier import PUBLISHED, verify
from tests.support.workers import (
    LANE_STATE,
    Event,
    create_topics,
    create_uncompacted,
    send,
    start_worker,
)

STAGES = ("enrich", "curate")
MIB = 1024 * 1024
_KUBERNETES = Path(__file__).parents[3] / "deploy" / "kubernetes"
_LIMIT = re.compile(r"limits: \{memory: (\d+)(Mi|Gi)\}")
_CGROUPS = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")
"""The folder of the memory controller and the file of the limit, in version 1 and 2."""
_QUIET_READS = 15
_PATIENCE_S = 120.0
"""The longest time without a transaction while inputs wait."""


def memory_limit_mib(file: str) -> int:
    """The memory limit of the pod in a file of deploy/kubernetes."""
    found = _LIMIT.search((_KUBERNETES / file).read_text())
    assert found, f"no memory limit in {file}"
    return int(found[1]) * (1024 if found[2] == "Gi" else 1)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of the curate worker. `position` is the next input offset after it."""

    at_s: float
    rows: int
    records: int
    position: int
    is_pending: bool
    """Whether it leaves work of its last input."""

    @property
    def size(self) -> int:
        """Its records and rows."""
        return self.rows + self.records


class Transactions:
    """The transactions that a reader of lane-state has found, in order.

    `outcomes` are the counts of inputs by outcome after the last of them.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.all: list[Transaction] = []
        self.outcomes: dict[str, int] = {}
        self._lane: dict[str, Any] = {"revision": 0, "outcomes": {}}
        self._rows = self._published = 0
        self._is_pending = False

    def read(self) -> int:
        """Reads further transactions, and returns their number. Waits 0.2 s if there are none."""
        before = len(self.all)
        for record in self._reader.more():
            self._take(record)
        return len(self.all) - before

    def catch_up(self) -> None:
        """Reads until nothing has come for some seconds."""
        quiet = 0
        while quiet < _QUIET_READS:
            quiet = 0 if self.read() else quiet + 1

    def _take(self, record: ConsumerRecord) -> None:
        self._rows += 1
        if record.key == b"lane":
            self._lane = json.loads(record.value)
        elif record.key == b"pending":
            self._is_pending = bool(record.value and json.loads(record.value)["tasks"])
        elif record.key == b"position":
            self._add(record.timestamp / 1000, json.loads(record.value)["next_offset"])

    def _add(self, at_s: float, position: int) -> None:
        revision, self.outcomes = self._lane["revision"], self._lane["outcomes"]
        records = revision - self._published
        self.all.append(Transaction(at_s, self._rows, records, position, self._is_pending))
        self._rows, self._published = 0, revision

    @property
    def is_pending(self) -> bool:
        """Whether the last transaction left work of its last input."""
        return bool(self.all) and self.all[-1].is_pending


@dataclass(slots=True)
class Usage:
    """What the workers of a stage used."""

    limit_mib: int
    peak_mib: float = 0.0
    processor_s: float = 0.0


@dataclass(slots=True)
class Lane:
    """A new lane with its workers. Use `running_lane`."""

    kafka: Kafka
    transactions: Transactions
    usage: dict[str, Usage]
    folder: Path
    is_confined: bool = True
    """Whether the kernel enforces the memory limits."""
    _workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, stage: str, struck: Sequence[object] = ()) -> None:
        """Starts the worker of a stage. For `struck` see `start_worker`."""
        with (self.folder / f"{self.kafka.prefix}{stage}.log").open("ab") as log:
            worker = start_worker(self.kafka, stage, struck=struck, said=log, is_fresh=True)
        self._workers[stage] = worker
        if not _confine(worker.pid, self.usage[stage].limit_mib):
            self.is_confined = False

    def stop(self, stage: str) -> None:
        """Ends the worker of a stage with SIGTERM."""
        code = self._end(stage, signal.SIGTERM)
        assert code == 0, f"{stage} ended with {code}: {self._log(stage)}"

    def kill_all(self) -> None:
        """Ends the workers that still run with SIGKILL."""
        for stage in list(self._workers):
            self._end(stage, signal.SIGKILL)

    def await_kill(self, stage: str) -> None:
        """Waits until the worker of a stage has been struck, and reads what it committed."""
        code = self._workers[stage].wait(_PATIENCE_S)
        assert code == -signal.SIGKILL, f"{stage} ended with {code}: {self._log(stage)}"
        self._end(stage, signal.SIGKILL)
        self.transactions.catch_up()

    def _end(self, stage: str, how: signal.Signals) -> int:
        worker, usage = self._workers.pop(stage), self.usage[stage]
        if worker.poll() is None:
            usage.peak_mib = max(usage.peak_mib, peak_mib(worker.pid))
            usage.processor_s += processor_s(worker.pid)
            worker.send_signal(how)
        code = worker.wait(_PATIENCE_S)
        _release(worker.pid)
        return code

    def _log(self, stage: str) -> str:
        return (self.folder / f"{self.kafka.prefix}{stage}.log").read_text().strip()

    def send(self, events: Iterable[Event]) -> float:
        """Sends events; returns the time at which it began."""
        began_s = time.time()
        send(self.kafka, events)
        return began_s

    def _wait(self, is_met: Callable[[], bool], what: str) -> None:
        """Waits until a condition of the transactions is met. AssertionError if none comes."""
        latest_s = time.monotonic()
        while not is_met():
            if self.transactions.read():
                latest_s = time.monotonic()
            for stage, worker in self._workers.items():
                ended = worker.poll()
                assert ended is None, f"{stage} ended with {ended}: {self._log(stage)}"
            waited_s = time.monotonic() - latest_s
            assert waited_s < _PATIENCE_S, f"no transaction for {_PATIENCE_S:g} s: {what}"

    def await_inputs(self, count: int) -> None:
        """Waits until that many inputs are decided and no work of them is left."""
        transactions = self.transactions
        self._wait(
            lambda: sum(transactions.outcomes.values()) >= count and not transactions.is_pending,
            f"{count:,} inputs",
        )

    def verify(self) -> list[str]:
        """What is wrong in what the workers committed, the view of a subscriber included."""
        account = verify(self.kafka.servers, self.kafka.prefix)
        return account.faults

    def content(self) -> dict[str, object]:
        """All records in order, and the last rows, without the position in the input.

        The offsets of the input depend on the transactions of the enrich worker.
        """
        content: dict[str, object] = {
            topic: [(r.key, r.value) for r in self.kafka.read(self.kafka.prefix + topic)]
            for topic in PUBLISHED
        }
        rows = {r.key: r.value for r in self.kafka.read(self.kafka.prefix + LANE_STATE)}
        rows.pop(b"position")
        content[LANE_STATE] = {key: value for key, value in rows.items() if value is not None}
        return content


@contextmanager
def running_lane(
    servers: str, name: str, folder: Path, limits_mib: dict[str, int], settings: dict[str, str]
) -> Iterator[Lane]:
    """A new lane whose workers run; they are killed at the end if they still run."""
    kafka = Kafka(servers, f"{name}.", settings)
    create_uncompacted(kafka, (*PUBLISHED, LANE_STATE))
    create_topics(kafka)
    usage = {stage: Usage(limits_mib[stage]) for stage in STAGES}
    with kafka.reading(LANE_STATE) as reader:
        lane = Lane(kafka, Transactions(reader), usage, folder)
        for stage in STAGES:
            lane.start(stage)
        try:
            yield lane
        finally:
            lane.kill_all()


def _confine(pid: int, limit_mib: int) -> bool:
    """Moves a process to a cgroup with a memory limit. False if this user may not do that."""
    for folder, file in _CGROUPS:
        group = Path(folder) / f"newsloom-{pid}"
        with contextlib.suppress(OSError):
            group.mkdir()
            (group / file).write_text(str(limit_mib * MIB))
            (group / "cgroup.procs").write_text(str(pid))
            return True
    return False


def _release(pid: int) -> None:
    """Removes the cgroup of a process that has ended."""
    for folder, _ in _CGROUPS:
        with contextlib.suppress(OSError):
            (Path(folder) / f"newsloom-{pid}").rmdir()
