"""Worker processes that are disturbed by a test, and restarted as a service manager would do it.

In: brokers, and calls that say which worker to disturb and how. Out: processes, and the messages of
the workers that ended unexpectedly.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO

from tests.support.forked import COMMAND
from tests.support.kafka import Kafka

STAGES = ("enrich", "curate")
RESTART_S = 0.5
"""The time between the end of a worker and the start of its replacement."""
DRAIN_S = 25.0
"""The longest time that a worker may need to end after SIGTERM."""


@dataclass(slots=True)
class Slot:
    """A place for one worker. The pool starts a new worker in it when its worker ends."""

    stage: str
    worker: subprocess.Popen[bytes]
    stderr: IO[bytes]
    is_wanted: bool = True
    is_drained: bool = False
    restart_at: float | None = None
    """When its worker is replaced; None while the end of the worker is not handled yet."""


class WorkerPool:
    """A number of workers of each stage. Call `tend` again and again during a run."""

    def __init__(self, kafka: Kafka, size: int, folder: Path) -> None:
        self._kafka, self._folder = kafka, folder
        self._slots = [self._start(stage) for _ in range(size) for stage in STAGES]
        self.unexpected_ends: Counter[str] = Counter()
        """The standard error of workers that ended without SIGKILL or SIGTERM, or failed to drain.

        Not every such end is an error: a worker ends itself when brokers fail.
        """

    def _start(self, stage: str) -> Slot:
        environment = self._kafka.environment()
        stderr = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        worker = subprocess.Popen([COMMAND, "worker", stage], env=environment, stderr=stderr)
        return Slot(stage, worker, stderr)

    def tend(self) -> None:
        """Handle workers that have ended, and start replacements that are due."""
        for number, slot in enumerate(self._slots):
            if slot.worker.poll() is None:
                continue
            if slot.restart_at is None:
                self._record_end(slot)
                slot.restart_at = time.monotonic() + RESTART_S
            if slot.is_wanted and time.monotonic() > slot.restart_at:
                self._slots[number] = self._start(slot.stage)
        self._slots = [s for s in self._slots if s.is_wanted or s.restart_at is None]

    def _record_end(self, slot: Slot) -> None:
        slot.stderr.seek(0)
        message = slot.stderr.read().decode(errors="replace").strip()
        slot.stderr.close()
        code = slot.worker.returncode
        if slot.is_drained:
            if code != 0:
                self.unexpected_ends[f"exit code {code} after SIGTERM: {message}"] += 1
        elif code != -signal.SIGKILL:
            self.unexpected_ends[message.replace(self._kafka.prefix, "") or f"code {code}"] += 1

    def _choose(self, random: Random, stage: str | None = None) -> Slot | None:
        """A random running worker that is not draining; None if there is none."""
        running = [
            slot
            for slot in self._slots
            if slot.worker.poll() is None
            and not slot.is_drained
            and slot.stage == (stage or slot.stage)
        ]
        return random.choice(running) if running else None

    def workers(self) -> list[tuple[str, int]]:
        """The stage and process id of each running worker."""
        return [(s.stage, s.worker.pid) for s in self._slots if s.worker.poll() is None]

    def kill(self, random: Random, stage: str | None = None) -> str:
        """Send SIGKILL to a random worker. Returns a line for the log."""
        slot = self._choose(random, stage)
        if slot:
            slot.worker.kill()
        return f"kill {_name(slot)}"

    def drain(self, random: Random, stage: str | None = None) -> str:
        """Send SIGTERM to a random worker. Returns a line for the log."""
        slot = self._choose(random, stage)
        if slot:
            slot.is_drained = True
            slot.worker.terminate()
        return f"drain {_name(slot)}"

    def freeze(self, random: Random) -> tuple[str, int | None]:
        """Send SIGSTOP to a random worker. Returns a line for the log, and its process id."""
        slot = self._choose(random)
        if slot:
            slot.worker.send_signal(signal.SIGSTOP)
        return f"freeze {_name(slot)}", slot.worker.pid if slot else None

    def resume(self, pid: int) -> None:
        """Send SIGCONT to a frozen worker, if it still runs."""
        for slot in self._slots:
            if slot.worker.pid == pid and slot.worker.poll() is None:
                os.kill(pid, signal.SIGCONT)

    def change(self, random: Random, size: int) -> str:
        """Add or remove one worker of a random stage; their number stays near `size`.

        Returns a line for the log.
        """
        stage = random.choice(STAGES)
        wanted = sum(slot.stage == stage and slot.is_wanted for slot in self._slots)
        if wanted <= size - 1 or (wanted == size and random.random() < 0.5):
            self._slots.append(self._start(stage))
            return f"add a worker: {stage}"
        slot = self._choose(random, stage)
        if slot:
            slot.is_wanted, slot.is_drained = False, True
            slot.worker.terminate()
        return f"remove a worker: {stage}"

    def end(self) -> None:
        """Drain all workers. Those that do not end within DRAIN_S are killed and counted."""
        for slot in self._slots:
            if slot.worker.poll() is None:
                slot.is_drained = True
                slot.worker.send_signal(signal.SIGCONT)
                slot.worker.terminate()
        deadline = time.monotonic() + DRAIN_S
        for slot in self._slots:
            with contextlib.suppress(subprocess.TimeoutExpired):
                slot.worker.wait(max(0.1, deadline - time.monotonic()))
            if slot.worker.poll() is None:
                slot.worker.kill()
                slot.worker.wait()
            if slot.restart_at is None:
                self._record_end(slot)
        self._slots = []

    def kill_all(self) -> None:
        """Kill all remaining workers and wait for their end."""
        for slot in self._slots:
            slot.worker.kill()
            slot.worker.wait()


def _name(slot: Slot | None) -> str:
    return slot.stage if slot else "no worker: none runs"
