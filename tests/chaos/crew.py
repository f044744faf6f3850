"""The workers of a chaos run, and whoever starts them again: what a service manager would do.

In: brokers, and what is to be done to whom. Out: processes; how many ended unasked, and why.
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

from tests.support.kafka import COMMAND, Kafka

STAGES = ("enrich", "curate")
RESTART_S = 0.5
DRAIN_S = 25.0


@dataclass(slots=True)
class Post:
    """A place for a worker; who holds it is started again when it ends."""

    stage: str
    worker: subprocess.Popen[bytes]
    said: IO[bytes]
    is_wanted: bool = True
    is_drained: bool = False
    due_at: float | None = None


class Crew:
    """As many workers of each stage as wanted. `tend` is to be called again and again."""

    def __init__(self, kafka: Kafka, size: int, folder: Path) -> None:
        self._kafka, self._folder = kafka, folder
        self._posts = [self._fill(stage) for _ in range(size) for stage in STAGES]
        self.unasked: Counter[str] = Counter()
        """What those said that ended of themselves."""

    def _fill(self, stage: str) -> Post:
        environment = self._kafka.environment() | {
            "NEWSLOOM_KAFKA_GROUP_PREFIX": self._kafka.prefix
        }
        said = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        worker = subprocess.Popen([COMMAND, "worker", stage], env=environment, stderr=said)
        return Post(stage, worker, said)

    def tend(self) -> None:
        """Buries who has ended, and starts another in his place after a moment."""
        for number, post in enumerate(self._posts):
            if post.worker.poll() is None:
                continue
            if post.due_at is None:
                self._bury(post)
                post.due_at = time.monotonic() + RESTART_S
            if post.is_wanted and time.monotonic() > post.due_at:
                self._posts[number] = self._fill(post.stage)
        self._posts = [p for p in self._posts if p.is_wanted or p.due_at is None]

    def _bury(self, post: Post) -> None:
        post.said.seek(0)
        said = post.said.read().decode(errors="replace").strip()
        post.said.close()
        code = post.worker.returncode
        if post.is_drained:
            if code != 0:
                self.unasked[f"told to end, ended with {code}: {said}"] += 1
        elif code != -signal.SIGKILL:
            self.unasked[said.replace(self._kafka.prefix, "") or f"code {code}"] += 1

    def _choose(self, chance: Random, stage: str | None = None) -> Post | None:
        alive = [
            post
            for post in self._posts
            if post.worker.poll() is None
            and not post.is_drained
            and post.stage == (stage or post.stage)
        ]
        return chance.choice(alive) if alive else None

    def workers(self) -> list[tuple[str, int]]:
        """The stage and process id of each that works."""
        return [(p.stage, p.worker.pid) for p in self._posts if p.worker.poll() is None]

    def kill(self, chance: Random, stage: str | None = None) -> str:
        """SIGKILL to one of them."""
        post = self._choose(chance, stage)
        if post:
            post.worker.kill()
        return f"kill {post.stage if post else 'nobody'}"

    def drain(self, chance: Random, stage: str | None = None) -> str:
        """SIGTERM to one of them."""
        post = self._choose(chance, stage)
        if post:
            post.is_drained = True
            post.worker.terminate()
        return f"drain {post.stage if post else 'nobody'}"

    def freeze(self, chance: Random) -> tuple[str, int | None]:
        """SIGSTOP to one of them; also its process id, to wake it by."""
        post = self._choose(chance)
        if post:
            post.worker.send_signal(signal.SIGSTOP)
        return f"freeze {post.stage if post else 'nobody'}", post.worker.pid if post else None

    def wake(self, pid: int) -> None:
        """SIGCONT to one that was frozen, if it is still there."""
        for post in self._posts:
            if post.worker.pid == pid and post.worker.poll() is None:
                os.kill(pid, signal.SIGCONT)

    def change(self, chance: Random, size: int) -> str:
        """One more of a stage, or one fewer, about `size`."""
        stage = chance.choice(STAGES)
        there = sum(post.stage == stage and post.is_wanted for post in self._posts)
        if there <= size - 1 or (there == size and chance.random() < 0.5):
            self._posts.append(self._fill(stage))
            return f"one more {stage}"
        post = self._choose(chance, stage)
        if post:
            post.is_wanted, post.is_drained = False, True
            post.worker.terminate()
        return f"one fewer {stage}"

    def end(self) -> None:
        """Drains all; those that do not drain in time are counted and killed."""
        for post in self._posts:
            if post.worker.poll() is None:
                post.is_drained = True
                post.worker.send_signal(signal.SIGCONT)
                post.worker.terminate()
        deadline = time.monotonic() + DRAIN_S
        for post in self._posts:
            with contextlib.suppress(subprocess.TimeoutExpired):
                post.worker.wait(max(0.1, deadline - time.monotonic()))
            if post.worker.poll() is None:
                post.worker.kill()
                post.worker.wait()
            if post.due_at is None:
                self._bury(post)
        self._posts = []

    def kill_all(self) -> None:
        """Leaves none behind."""
        for post in self._posts:
            post.worker.kill()
            post.worker.wait()
