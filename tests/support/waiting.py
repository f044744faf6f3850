"""A worker that waits for something: what its log, metrics and health say, until it goes on.

In: brokers with a topic prefix, and a stage. Out: a worker that is restarted when it fails.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen

from tests.support.endpoint import ask, scrape
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.workers import start_worker, wait_for

METRIC = "newsloom_worker_waiting"
RAW = ("Unclosed", "never retrieved", "Traceback", "object at 0x")


@dataclass(slots=True)
class Post:
    """A worker, the port of its endpoint, and the file of its log."""

    worker: Popen[bytes]
    port: int
    log: Path

    def lines(self) -> list[str]:
        """The log so far. AssertionError if a line is not for a person."""
        lines = self.log.read_text().splitlines()
        for line in lines:
            assert line.startswith("newsloom: "), line
            assert not any(raw in line for raw in RAW), line
        return lines

    def reasons(self) -> set[str]:
        """The reasons for which the worker waits, by its metrics."""
        return set(scrape(self.port).by(METRIC, "reason"))

    def await_told(self, reason: str, *words: str) -> float:
        """Waits until log, metrics and `/readyz` give the reason, and the words; the seconds."""
        began = time.monotonic()

        def is_told() -> bool:
            answer = ask(self.port, "/readyz")
            return answer.status == 503 and answer.text.startswith(f"{reason}: ")

        wait_for(is_told, f"{reason} from /readyz; the log: {self.lines()}")
        text = ask(self.port, "/readyz").text
        assert self.reasons() == {reason}
        assert ask(self.port, "/healthz").status == 200
        told = [line for line in self.lines() if line.endswith(f" reason={reason}")]
        assert told, self.lines()
        for word in words:
            assert word in text, text
            assert word in told[-1], told[-1]
        return time.monotonic() - began

    def await_well(self) -> float:
        """Waits until the worker is ready and waits for nothing; the seconds."""
        began = time.monotonic()
        wait_for(self._is_well, f"a ready worker; the log: {self.lines()}")
        return time.monotonic() - began

    def _is_well(self) -> bool:
        return ask(self.port, "/readyz").status == 200 and not self.reasons()


@contextmanager
def posted(kafka: Kafka, stage: str, folder: Path) -> Iterator[Post]:
    """Runs a worker with `--restart`, which ends with the block with exit code 0."""
    port = pick_neighbours()
    settings = {**kafka.settings, "NEWSLOOM_METRICS_PORT": str(port)}
    path = folder / f"{kafka.prefix}{stage}.log"
    with path.open("wb") as log:
        worker = start_worker(replace(kafka, settings=settings), stage, "--restart", said=log)
    post = Post(worker, port + (stage == "curate"), path)
    yield post
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    post.lines()
