"""The real `newsloom run` in a process of its own, and what it leaves in its folder.

In: arguments, and event lines to write. Out: how the process ended; a folder's rows, positions
and files, compared byte for byte. It looks into the folder only while nobody runs in it.
"""

import base64
import os
import sqlite3
import subprocess
import sys
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
from tests.support.generator import generate
from tests.support.malformed import cases
from tests.support.processes import start_process

COMMAND = Path(sys.executable).with_name("newsloom")
PROJECTIONS = ("curated.jsonl", "stories.jsonl", "dead-letters.jsonl")
START = datetime(2024, 3, 4, tzinfo=UTC)
"""Long past on every machine, so that the time of a run bounds the time of no event."""
DEADLINE_S = 60
_BAD_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a run leaves: rows by key, bytes and lines read by input, files by name."""

    rows: dict[str, bytes]
    inputs: dict[str, tuple[int, int]]
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Reference:
    """Lines, a file of them, and the folder of one undisturbed run. Not to be changed."""

    lines: list[bytes]
    source: Path
    folder: Path

    @classmethod
    def of(cls, folder: Path) -> "Reference":
        """What `run_once` made in `folder`."""
        source = folder / "events.jsonl"
        return cls(source.read_bytes().split(b"\n")[:-1], source, folder / "out")


def start(
    *arguments: object,
    environment: Mapping[str, str | None] | None = None,
    command: str = "run",
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Starts `newsloom run`, or another command; settings of the caller's own are kept from it.

    Images are trusted unless `environment` says otherwise (None: says nothing): no test is to ask
    the web.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLOOM_")}
    images: dict[str, str | None] = {"NEWSLOOM_IMAGES": "trust"}
    told = own | images | dict(environment or {})
    usual: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "cwd": Path(__file__).parent,
    }
    return start_process(
        [COMMAND, command, *map(str, arguments)],
        env={name: value for name, value in told.items() if value is not None},
        **(usual | options),
    )


@contextmanager
def started(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Starts `newsloom run` with `arguments`; whatever happens, it does not outlive the block."""
    with start(*arguments, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: subprocess.Popen[bytes], given: bytes | None = None) -> Ended:
    """Waits for the end of a process, having `given` it its standard input."""
    try:
        out, err = process.communicate(given, timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, (out or b"").decode(), err.decode())


def run(*arguments: object, **options: Any) -> Ended:
    """Runs `newsloom run` with `arguments` to its end."""
    return finish(start(*arguments, **options))


def complete(*arguments: object, output: Path, given: bytes | None = None, **options: Any) -> None:
    """Runs `newsloom run` into the folder `output`, in silence and without a failure."""
    if given is not None:
        options["stdin"] = subprocess.PIPE
    ended = finish(start(*arguments, "--output", output, "--quiet", **options), given)
    assert ended == Ended(0, "", "")


def wait_until(is_met: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Waits for something that the running `process` is to bring about."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_met():
        assert process.poll() is None, finish(process)
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def size(path: Path) -> int:
    """The bytes in a file, none if it is not there."""
    return path.stat().st_size if path.exists() else 0


def assert_failed_in_one_line(ended: Ended, *words: str) -> None:
    """A failure of something outside: exit code 1 and one line that holds `words`."""
    assert ended.code == 1, ended
    assert ended.out == ""
    assert ended.err.startswith("newsloom: ")
    assert ended.err.endswith("\n")
    assert len(ended.err.splitlines()) == 1, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err


def read_outcome(folder: Path) -> Outcome:
    """What runs have left in `folder`."""
    files = [folder / name for name in PROJECTIONS] + sorted(folder.glob("articles/*"))
    return Outcome(
        rows=dict(_select(folder, "SELECT key, value FROM rows")),
        inputs={
            p: (end, n) for p, end, n in _select(folder, "SELECT path, bytes, lines FROM inputs")
        },
        files={str(file.relative_to(folder)): file.read_bytes() for file in files},
    )


def outcomes(folder: Path) -> dict[str, int]:
    """How many inputs ended how, by the lane's own row."""
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
    """The same rows, positions and files, byte for byte.

    `aside` names the fields of dead letters that may differ, because what was read stood
    elsewhere (`input`, `position`); then the positions read up to are not compared either.
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
    # Spelt out, since a difference of megabytes tells nobody anything.
    assert one.keys() ^ two.keys() == set()
    for name, text in one.items():
        if text != two[name]:
            pairs = zip(text.splitlines(), two[name].splitlines(), strict=False)
            first = next((pair for pair in pairs if pair[0] != pair[1]), "one is the longer")
            raise AssertionError(f"{name}: {len(text)} and {len(two[name])} bytes: {first}")


def _without(lines: bytes, names: tuple[str, ...]) -> bytes:
    letters = [orjson.loads(line) for line in lines.splitlines()]
    kept = [{k: v for k, v in letter.items() if k not in names} for letter in letters]
    return b"".join(orjson.dumps(letter) + b"\n" for letter in kept)


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records in a projection."""
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
    """`count` generated events as lines, with malformed ones among them."""
    chance = Random(seed)
    for event in generate(seed, count, start=START, articles_per_day=articles_per_day):
        yield orjson.dumps(event)
        if chance.random() < _BAD_SHARE:
            yield chance.choice(_bad_lines())


def write_lines(path: Path, lines: Iterable[bytes]) -> Path:
    """Writes `lines`, each with its line end; `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def run_once(folder: Path, lines: list[bytes]) -> None:
    """Writes `lines` to a file in `folder` and runs over it."""
    complete(write_lines(folder / "events.jsonl", lines), output=folder / "out")
