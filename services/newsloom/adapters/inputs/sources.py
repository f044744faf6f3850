"""Reads records from files, folders and standard input, in order.

In: paths, and the position up to which each was read before. Out: the bytes of each record and the
position after it. Each line of a JSON Lines file is a record; a front-matter file is one record.
The caller commits the positions.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from newsloom.adapters.failures import OutageError
from newsloom.adapters.front_matter import FrontMatterError, loads
from newsloom.adapters.inputs.lines import GrowingFile, Lines, PipeLines
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.parse_json import MAX_RECORD_BYTES, parse_json, too_large
from newsloom.records.faults import Fault, Reason

STANDARD_INPUT = "-"
MAX_KEPT_BYTES = 64 * 1024 * 1024
"""A longer line or document is cut here; it becomes a dead letter with these first bytes."""

_SUFFIXES = (".jsonl", ".ndjson", ".md")


@dataclass(frozen=True, slots=True)
class Source:
    """A file, identified by its absolute path, or standard input. `size` is in bytes."""

    path: str
    size: int

    @property
    def is_front_matter(self) -> bool:
        """Whether the whole file is one record."""
        return self.path.endswith(".md")


class Position(NamedTuple):
    """How far an input has been read, in bytes and lines, and the arrival time of that part.

    Bytes before offset `opened_bytes` count as arrived at `opened_at` (seconds since the epoch).
    When reading reaches that offset, both are set again, to the current time and file size.
    """

    bytes: int = 0
    lines: int = 0
    opened_at: int = 0
    opened_bytes: int = 0


class InputRecord(NamedTuple):
    """The bytes of one record. `position` is its 1-based line; `after` the position after it."""

    payload: bytes
    position: int
    after: Position
    is_front_matter: bool = False

    @property
    def raw(self) -> RawInput:
        """The record with the parser of its format."""
        parse = _parse_front_matter if self.is_front_matter else parse_json
        return RawInput(self.payload, parse=parse)


def find_sources(inputs: Sequence[str], output: Path | None = None) -> list[Source]:
    """The files that `inputs` name. Files of a folder are in path order, without those in `output`.

    Raises OutageError for an input that is missing, cannot be read, or is a folder without inputs.
    """
    sources = [source for name in inputs for source in _find_sources(name, output)]
    return list(dict.fromkeys(sources))


def _find_sources(name: str, output: Path | None) -> list[Source]:
    if name == STANDARD_INPUT:
        return [Source(STANDARD_INPUT, 0)]
    try:
        return [Source(str(file), file.stat().st_size) for file in _find_files(name, output)]
    except OSError as error:
        raise OutageError(f"cannot read {name}: {error.strerror or error}") from error


def _find_files(name: str, output: Path | None) -> list[Path]:
    path = Path(name).absolute()
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.suffix in _SUFFIXES and f.is_file())
        if output:
            files = [file for file in files if output.absolute() not in file.parents]
        if not files:
            kinds = ", ".join(_SUFFIXES)
            raise OutageError(f"the folder {name} contains no {kinds} file: check the path")
        return files
    if not path.exists():
        raise OutageError(f"there is no input {name}: check the path")
    return [path]


def read(
    source: Source,
    start: Position,
    should_follow: bool,
    is_stopped: Callable[[], bool],
    clock: Callable[[], float],
) -> Iterator[InputRecord | None]:
    """Yields the records of `source` after `start`, in order.

    With `should_follow`, or on standard input, it yields None while no complete line is available.
    Blank lines are skipped. `clock` returns seconds since the epoch. Raises OutageError if the
    file cannot be read, or is shorter than the part that was read before.
    """
    try:
        if source.path == STANDARD_INPUT:
            if sys.stdin is None:
                raise OutageError("cannot read standard input: it is closed")
            yield from _read_lines(PipeLines(sys.stdin.fileno()), start, is_stopped, clock)
        elif source.is_front_matter:
            yield from _read_document(source, start, int(clock()))
        else:
            _check_length(source, start)
            with open(source.path, "rb") as stream:
                start = _resume(stream, start)
                lines = GrowingFile(stream) if should_follow else stream
                yield from _read_lines(lines, start, is_stopped, clock)
    except OSError as error:
        raise OutageError(f"cannot read {source.path}: {error.strerror or error}") from error


def _check_length(source: Source, start: Position) -> None:
    if source.size < start.bytes:
        raise OutageError(
            f"{source.path} is shorter ({source.size:,} bytes) than the part that was read before "
            f"({start.bytes:,} bytes): it was replaced; give the new file another name"
        )


def _read_document(source: Source, start: Position, now: int) -> Iterator[InputRecord]:
    if source.size == start.bytes:
        return
    with open(source.path, "rb") as stream:
        payload = stream.read(MAX_KEPT_BYTES)
    after = Position(source.size, 1, opened_at=now, opened_bytes=source.size)
    yield InputRecord(payload, 1, after, is_front_matter=True)


def _resume(stream: BinaryIO, start: Position) -> Position:
    """Seeks to `start`. If the last line read was incomplete, its rest has the same line number."""
    if start.bytes == 0:
        return start
    stream.seek(start.bytes - 1)
    is_line_over = stream.read(1) == b"\n"
    return start if is_line_over else start._replace(lines=start.lines - 1)


def _read_lines(
    stream: Lines, start: Position, is_stopped: Callable[[], bool], clock: Callable[[], float]
) -> Iterator[InputRecord | None]:
    offset, lines = start.bytes, start.lines
    opened_at, opened_bytes = start.opened_at, start.opened_bytes
    while not is_stopped():
        line = stream.readline(MAX_KEPT_BYTES)
        if line is None:
            yield None
            continue
        if not line:
            return
        if offset >= opened_bytes:
            opened_at, opened_bytes = int(clock()), os.fstat(stream.fileno()).st_size
        offset += len(line) + _skip_line(stream, line, is_stopped)
        lines += 1
        payload = line.rstrip(b"\r\n")
        if payload.strip():
            yield InputRecord(payload, lines, Position(offset, lines, opened_at, opened_bytes))


def _skip_line(stream: Lines, beginning: bytes, is_stopped: Callable[[], bool]) -> int:
    """Skips the rest of a line that is longer than `MAX_KEPT_BYTES`; its length in bytes."""
    skipped, part = 0, beginning
    while not part.endswith(b"\n") and len(part) == MAX_KEPT_BYTES:
        while (more := stream.readline(MAX_KEPT_BYTES)) is None:
            if is_stopped():
                return skipped
        part = more
        skipped += len(part)
    return skipped


def _parse_front_matter(payload: bytes) -> dict[str, Any] | Fault:
    if len(payload) > MAX_RECORD_BYTES:
        return too_large(payload)
    try:
        return loads(payload.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Fault(Reason.NOT_UTF8, None, f"byte {error.start} is not UTF-8")
    except FrontMatterError as error:
        return Fault(Reason.NOT_FRONT_MATTER, None, str(error))
