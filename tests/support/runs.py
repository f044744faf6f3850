"""Runs the real `newsloom run` as a process, and reads and compares its output folder.

In: arguments, and event lines to write. Out: how the process ended; a folder's rows, positions
and files, compared byte for byte. It never reads a folder while a run uses it.
"""

import base64
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import orjson

# Compiles the search loops, if they are not cached yet. A command that compiled them itself would
# print a notice, and tests compare what commands print.
import newsloom.pipeline.lane.state  # noqa: F401
from tests.support.forked import COMMAND
from tests.support.generator import generate
from tests.support.malformed import cases
from tests.support.processes import start_process

PROJECTIONS = ("curated.jsonl", "stories.jsonl", "dead-letters.jsonl")
START = datetime(2024, 3, 4, tzinfo=UTC)
"""In the past on every machine, so that no event time is limited by the time of a run."""
DEADLINE_S = 180
"""Far more than any run takes on a loaded machine: it ends a test whose program hangs."""
_BAD_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The output of a run: rows by key, bytes and lines read by input path, files by name."""

    rows: dict[str, bytes]
    inputs: dict[str, tuple[int, int]]
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Reference:
    """Event lines, the file with them, and the output folder of an uninterrupted run. Read-only."""

    lines: list[bytes]
    source: Path
    folder: Path

    @classmethod
    def of(cls, folder: Path) -> "Reference":
        """Reads the events that `run_once` wrote to `folder`, and names its output folder."""
        source = folder / "events.jsonl"
        return cls(source.read_bytes().split(b"\n")[:-1], source, folder / "out")


def start(
    *arguments: object,
    environment: Mapping[str, str | None] | None = None,
    command: str = "run",
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Starts `newsloom run`, or another command, without the `NEWSLOOM_*` variables of the caller.

    `environment` adds variables; the value None removes one. NEWSLOOM_IMAGES is `trust` by
    default, so that no test sends a request to the web.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("NEWSLOOM_")
    }
    images: dict[str, str | None] = {"NEWSLOOM_IMAGES": "trust"}
    variables = inherited | images | dict(environment or {})
    defaults: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "cwd": Path(__file__).parent,
    }
    return start_process(
        [COMMAND, command, *map(str, arguments)],
        env={name: value for name, value in variables.items() if value is not None},
        **(defaults | options),
    )


@contextmanager
def started(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Starts `newsloom run` with `arguments`, and kills it when the block is left."""
    with start(*arguments, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: subprocess.Popen[bytes], given: bytes | None = None) -> Ended:
    """Writes `given` to the standard input of a process and waits until it ends.

    After DEADLINE_S it kills the process and raises subprocess.TimeoutExpired.
    """
    try:
        out, err = process.communicate(given, timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, (out or b"").decode(), err.decode())


def run(*arguments: object, **options: Any) -> Ended:
    """Runs `newsloom run` with `arguments` until it ends."""
    return finish(start(*arguments, **options))


def complete(*arguments: object, output: Path, given: bytes | None = None, **options: Any) -> None:
    """Runs `newsloom run` into the folder `output`; it must succeed and print nothing."""
    if given is not None:
        options["stdin"] = subprocess.PIPE
    ended = finish(start(*arguments, "--output", output, "--quiet", **options), given)
    assert ended == Ended(0, "", "")


def wait_until(is_met: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Waits for a condition that the running `process` must make true.

    AssertionError if the process ends first, or after DEADLINE_S.
    """
    deadline = time.monotonic() + DEADLINE_S
    while not is_met():
        assert process.poll() is None, finish(process)
        assert time.monotonic() < deadline, f"the condition was not met within {DEADLINE_S} s"
        time.sleep(0.002)


def size(path: Path) -> int:
    """The size of a file in bytes; 0 if it does not exist."""
    return path.stat().st_size if path.exists() else 0


def assert_failed_in_one_line(ended: Ended, *words: str) -> None:
    """Asserts exit code 1 and one line of error with all of `words`, as for an external failure."""
    assert ended.code == 1, ended
    assert ended.out == ""
    assert ended.err.startswith("newsloom: ")
    assert ended.err.endswith("\n")
    assert len(ended.err.splitlines()) == 1, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err


def read_outcome(folder: Path) -> Outcome:
    """The output of all runs into `folder`."""
    files = [folder / name for name in PROJECTIONS] + sorted(folder.glob("articles/*"))
    return Outcome(
        rows=dict(_select(folder, "SELECT key, value FROM rows")),
        inputs={
            p: (end, n) for p, end, n in _select(folder, "SELECT path, bytes, lines FROM inputs")
        },
        files={str(file.relative_to(folder)): file.read_bytes() for file in files},
    )


def outcomes(folder: Path) -> dict[str, int]:
    """The number of inputs by outcome, as the lane's row states it."""
    ((row,),) = _select(folder, "SELECT value FROM rows WHERE key = 'lane'")
    counts: dict[str, int] = orjson.loads(row)["outcomes"]
    return counts


def _select(folder: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(folder / "newsloom.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def assert_same(folder: Path, other: Path, aside: tuple[str, ...] = ()) -> None:
    """Asserts that two folders have the same rows, positions and files, byte for byte.

    `aside` names fields of dead letters that may differ (`input`, `position`), because the runs
    read the same events from other places. Then the positions of the inputs are not compared.
    """
    one, two = read_outcome(folder), read_outcome(other)
    _assert_same_parts(one.rows, two.rows)
    if aside:
        for files in (one.files, two.files):
            files["dead-letters.jsonl"] = _without(files["dead-letters.jsonl"], aside)
    else:
        assert one.inputs == two.inputs
    _assert_same_parts(one.files, two.files)


def _assert_same_parts(one: dict[str, bytes], two: dict[str, bytes]) -> None:
    # pytest's own difference of two values of megabytes would be unreadable.
    assert one.keys() ^ two.keys() == set()
    for name, text in one.items():
        if text != two[name]:
            pairs = zip(text.splitlines(), two[name].splitlines(), strict=False)
            first = next((pair for pair in pairs if pair[0] != pair[1]), "one text is longer")
            raise AssertionError(f"{name}: {len(text)} and {len(two[name])} bytes: {first}")


def _without(lines: bytes, names: tuple[str, ...]) -> bytes:
    letters = [orjson.loads(line) for line in lines.splitlines()]
    kept = [{k: v for k, v in letter.items() if k not in names} for letter in letters]
    return b"".join(orjson.dumps(letter) + b"\n" for letter in kept)


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records of a projection."""
    return [orjson.loads(line) for line in (folder / name).read_bytes().splitlines()]


def payloads(folder: Path) -> list[bytes]:
    """The bytes of each dead letter, in order."""
    return [base64.b64decode(letter["payload"]) for letter in records(folder, "dead-letters.jsonl")]


@cache
def _bad_lines() -> list[bytes]:
    return [
        case.payload
        for case in cases()
        if case.reason is not None and b"\n" not in case.payload and len(case.payload) < 2_000
    ]


def noisy_lines(seed: int, count: int, articles_per_day: int = 20_000) -> Iterator[bytes]:
    """`count` generated events as lines, with malformed lines between them."""
    random = Random(seed)
    for event in generate(seed, count, start=START, articles_per_day=articles_per_day):
        yield orjson.dumps(event)
        if random.random() < _BAD_SHARE:
            yield random.choice(_bad_lines())


def write_lines(path: Path, lines: Iterable[bytes]) -> Path:
    """Writes `lines`, each with a line end, and returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def run_once(folder: Path, lines: list[bytes]) -> None:
    """Writes `lines` to `events.jsonl` in `folder`, and runs over it into the folder `out`.

    The run is in a new interpreter. So a run that is compared with it has another hash seed.
    """
    complete(write_lines(folder / "events.jsonl", lines), output=folder / "out", is_fresh=True)
