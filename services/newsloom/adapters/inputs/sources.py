"""Inputs: the bytes of each record of files, folders and standard input, one after another.

JSON Lines give a record a line, a front-matter file is one record. Positions are committed by
the caller; reading goes on where they say.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from newsloom.adapters.failures import OutageError
from newsloom.adapters.front_matter import FrontMatterError, loads
from newsloom.adapters.inputs.lines import Followed, Lines, Pipe
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.parse_json import MAX_RECORD_BYTES, parse_json, too_large
from newsloom.records.faults import Fault, Reason

STANDARD_INPUT = "-"
MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Of a line longer than this a dead letter keeps the beginning; the file still has the rest."""

_SUFFIXES = (".jsonl", ".ndjson", ".md")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read (or standard input), known by its absolute path."""

    path: str
    size: int

    @property
    def is_front_matter(self) -> bool:
        """Whether the file as a whole is one record."""
        return self.path.endswith(".md")


class Position(NamedTuple):
    """How far an input has been read, in bytes and lines, and when that part of it arrived.

    What stood in a file when it was opened arrived then (`opened_at`, in seconds), up to its size
    at the time (`opened_bytes`); what was added later arrives when it is next met.
    """

    bytes: int = 0
    lines: int = 0
    opened_at: int = 0
    opened_bytes: int = 0


class InputRecord(NamedTuple):
    """One record's own bytes, and the position after it. `position` is its 1-based line."""

    payload: bytes
    position: int
    after: Position
    is_front_matter: bool = False

    @property
    def raw(self) -> RawInput:
        """The record as the pipeline takes it."""
        parse = _parse_front_matter if self.is_front_matter else parse_json
        return RawInput(self.payload, parse=parse)


def find_sources(inputs: Sequence[str], output: Path | None = None) -> list[Source]:
    """The files that `inputs` name, folders in path order, without those below `output`.

    Raises OutageError for a missing one.
    """
    sources = []
    for name in inputs:
        if name == STANDARD_INPUT:
            sources.append(Source(STANDARD_INPUT, 0))
            continue
        try:
            files = _find_files(name, output)
            sources += [Source(str(file), file.stat().st_size) for file in files]
        except OSError as error:
            raise OutageError(f"cannot read {name}: {error.strerror or error}") from error
    return list(dict.fromkeys(sources))


def _find_files(name: str, output: Path | None) -> list[Path]:
    path = Path(name).absolute()
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.suffix in _SUFFIXES and f.is_file())
        if output:
            files = [file for file in files if output.absolute() not in file.parents]
        if not files:
            raise OutageError(f"{name} holds no {', '.join(_SUFFIXES)} file")
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
    """The records of `source` after `start`, in order; None where nothing new came for a while, in
    a file that is followed or on standard input.

    Blank lines are passed over. Raises OutageError for a file that cannot be read, or that has
    become shorter than what was read of it.
    """
    try:
        if source.path == STANDARD_INPUT:
            if sys.stdin is None:
                raise OutageError("cannot read standard input: it is closed")
            yield from _read_lines(Pipe(sys.stdin.fileno()), start, is_stopped, clock)
        elif source.is_front_matter:
            yield from _read_document(source, start, int(clock()))
        else:
            if source.size < start.bytes:
                raise OutageError(
                    f"{source.path} is shorter ({source.size:,} bytes) than what was read of it "
                    f"({start.bytes:,}): it was replaced; give the new one another name"
                )
            with open(source.path, "rb") as stream:
                start = _resume(stream, start)
                lines = Followed(stream) if should_follow else stream
                yield from _read_lines(lines, start, is_stopped, clock)
    except OSError as error:
        raise OutageError(f"cannot read {source.path}: {error.strerror or error}") from error


def _read_document(source: Source, start: Position, now: int) -> Iterator[InputRecord]:
    if source.size == start.bytes:
        return
    with open(source.path, "rb") as stream:
        payload = stream.read(MAX_KEPT_BYTES)
    after = Position(source.size, 1, opened_at=now, opened_bytes=source.size)
    yield InputRecord(payload, 1, after, is_front_matter=True)


def _resume(stream: BinaryIO, start: Position) -> Position:
    """Goes to `start`. What was added to a last line without its end is still of that line."""
    if start.bytes == 0:
        return start
    stream.seek(start.bytes - 1)
    is_line_over = stream.read(1) == b"\n"
    return start if is_line_over else start._replace(lines=start.lines - 1)


def _read_lines(
    stream: Lines,
    start: Position,
    is_stopped: Callable[[], bool],
    clock: Callable[[], float],
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
    """Passes over the rest of a line that is too long to keep; its length in bytes."""
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
