"""Reads the records of one source, in order, and continues where an earlier run ended.

In: a source, and the position up to which it was read before. Out: the bytes of each record and the
position after it, which the caller commits. A line of a JSON Lines file, an element of a JSON array
and a front-matter file are one record each. A part that was read before and is no longer the same
is never passed over: a new file is read from its beginning, a changed one is refused.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from newsloom.adapters.failures import InputError, UnusableInputError
from newsloom.adapters.inputs.arrays import MAX_KEPT_BYTES, split_array
from newsloom.adapters.inputs.chunks import Chunks, DamagedError, read_file, read_pipe
from newsloom.adapters.inputs.content import Content, content_of_file, open_content
from newsloom.adapters.inputs.digests import (
    PartDigest,
    digest_of_file,
    short_digest,
    stamp_of_file,
)
from newsloom.adapters.inputs.kinds import Kind
from newsloom.adapters.inputs.lines import ChunkLines, GrowingFile, Lines
from newsloom.adapters.inputs.positions import InputRecord, Position
from newsloom.adapters.inputs.sources import STANDARD_INPUT, Source

Records = Iterator[InputRecord | None]


def read(
    source: Source,
    start: Position,
    should_follow: bool,
    is_stopped: Callable[[], bool],
    clock: Callable[[], float],
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[InputRecord | Position | None]:
    """Yields the records of `source` after `start`, in order.

    With `should_follow`, or from a pipe, it yields None while no complete record is available. At
    the end of a file it yields a position if there is more to remember than after the last record.
    Blank lines are skipped. `clock` returns seconds since the epoch. `warn` gets a line of text if
    a new file has taken the place of the one that was read before.

    Raises InputError if the source cannot be read on or was changed before `start`, and
    UnusableInputError if it holds no article events.
    """
    reader = _Reader(source, start, is_stopped, clock, warn)
    try:
        if source.is_pipe:
            yield from reader.read_pipe()
        elif source.is_front_matter:
            yield from reader.read_document()
        else:
            yield from reader.read_file(should_follow)
    except OSError as error:
        raise InputError(f"cannot read {source.path}: {error.strerror or error}") from error
    except DamagedError as error:
        raise InputError(f"{source.path} {error}") from error


def read_all(source: Source) -> Iterator[InputRecord]:
    """Yields all records of `source`, in order, and raises as `read` does."""
    for record in read(source, Position(), False, lambda: False, time.time):
        if isinstance(record, InputRecord):
            yield record


@dataclass(slots=True)
class _Reader:
    """Reads one source. `_at` is the position after the last record, `_known` what the caller has.

    They differ if an earlier version of Newsloom committed the position.
    """

    _source: Source
    _at: Position
    _is_stopped: Callable[[], bool]
    _clock: Callable[[], float]
    _warn: Callable[[str], None]
    _known: Position = field(init=False)

    def __post_init__(self) -> None:
        self._known = self._at

    def read_pipe(self) -> Records:
        """The records of standard input, or of another pipe or device."""
        if self._source.path != STANDARD_INPUT:
            with open(self._source.path, "rb", buffering=0) as stream:
                yield from self._read_descriptor(stream.fileno(), self._source.path)
        elif sys.stdin is None:
            raise InputError("cannot read standard input: it is closed")
        else:
            yield from self._read_descriptor(sys.stdin.fileno(), "standard input")

    def _read_descriptor(self, descriptor: int, name: str) -> Records:
        opening = open_content(name, read_pipe(descriptor))
        content = yield from self._until_stopped(opening)
        if content is not None:
            self._at = Position()
            digest = PartDigest()
            yield from self._records(self._found(content, digest), digest, lambda: 0)

    def _until_stopped(
        self, opening: Generator[None, None, Content]
    ) -> Generator[None, None, Content | None]:
        while not self._is_stopped():
            try:
                next(opening)
            except StopIteration as end:
                content: Content = end.value
                return content
            yield None
        return None

    def read_document(self) -> Iterator[InputRecord | Position]:
        """The document, unless it is the same as when it was read before."""
        with open(self._source.path, "rb") as stream:
            status, now = os.fstat(stream.fileno()), self._clock()
            stamp = stamp_of_file(status, now)
            if stamp and stamp == self._at.stamp:
                return
            payload = stream.read(MAX_KEPT_BYTES)
        digest = PartDigest()
        digest.add(payload)
        size = max(status.st_size, len(payload))
        after = Position(size, 1, int(now), size, digest.value(), stamp=stamp)
        if size == self._at.bytes and self._at.digest in ("", after.digest):
            yield from self._remember(after._replace(opened_at=self._at.opened_at))
        else:
            yield InputRecord(payload, 1, after, is_front_matter=True)

    def read_file(self, should_follow: bool) -> Iterator[InputRecord | Position | None]:
        """The records of a file after the position; the file may be packed."""
        while True:
            with open(self._source.path, "rb") as stream:
                yield from self._read_stream(stream, should_follow)
            # A file that is followed ends only when another one takes its place.
            if not should_follow or self._is_stopped():
                return

    def _read_stream(
        self, stream: BinaryIO, should_follow: bool
    ) -> Iterator[InputRecord | Position | None]:
        status, now = os.fstat(stream.fileno()), self._clock()
        stamp = stamp_of_file(status, now)
        if stamp and stamp == self._at.stamp and not should_follow:
            return
        content = content_of_file(self._source.path, stream)
        if should_follow and (content.is_packed or content.kind is Kind.ARRAY):
            what = "it is packed" if content.is_packed else "it is a JSON array"
            raise UnusableInputError(
                f"cannot follow {self._source.path}: {what}; only JSON Lines files and - can be"
            )
        chunks, digest = self._resume(stream, content)
        if content.is_packed and self._at.opened_bytes != status.st_size:
            self._at = self._at._replace(opened_at=int(now), opened_bytes=status.st_size)
        if should_follow:
            found = self._lines(GrowingFile(stream), digest)
        else:
            found = self._found(content._replace(chunks=chunks), digest)
        size = None if content.is_packed else (lambda: os.fstat(stream.fileno()).st_size)
        yield from self._records(found, digest, size)
        if not should_follow and not self._is_stopped():
            yield from self._remember(self._at._replace(stamp=stamp))

    def _remember(self, position: Position) -> Iterator[Position]:
        if position.bytes and position != self._known:
            yield position

    def _resume(self, stream: BinaryIO, content: Content) -> tuple[Chunks, PartDigest]:
        """The chunks after the position, and the digest of what precedes it.

        Begins again if another file is there now. The stream is then where the chunks begin.
        """
        if self._at.bytes:
            chunks, digest = _skip(stream, content, self._at.bytes)
            if digest is not None and self._is_same(content, digest):
                return chunks, digest
            self._begin_again(content, digest is None)
            content = content_of_file(self._source.path, stream)
        if not content.is_packed:
            stream.seek(0)
        return content.chunks if content.is_packed else read_file(stream), PartDigest()

    def _is_same(self, content: Content, digest: PartDigest) -> bool:
        """Whether the part that was read is the same. Completes the position of an old version."""
        if self._at.digest:
            return self._at.digest == digest.value()
        if _is_new_kind(content):
            return False
        first = self._first_record() or ""
        self._at = self._at._replace(digest=digest.value(), first=first)
        return True

    def _begin_again(self, content: Content, is_shorter: bool) -> None:
        """Sets the position to the beginning if that loses and repeats nothing, else raises."""
        path, before, first = self._source.path, self._at, self._first_record()
        if first is None:
            self._warn(f"{path} is empty now; {before.bytes:,} bytes of it were read before")
        elif not before.digest and _is_new_kind(content):
            self._warn(f"{path} is read from its beginning: the version before could not read it")
        elif before.first and first != before.first:
            self._warn(
                f"{path} is another file than the one read before; it is read from its beginning. "
                "If the former file has lines that were not read, give it as an input too"
            )
        else:
            raise InputError(_change_text(path, before.bytes, is_shorter))
        self._at = Position()

    def _first_record(self) -> str | None:
        """The digest of the first record of the file as it is now, None if it holds none."""
        reader = _Reader(self._source, Position(), lambda: False, self._clock, lambda _: None)
        records = (r for r in reader.read_file(False) if isinstance(r, InputRecord))
        record = next(records, None)
        return record.after.first if record else None

    def _records(
        self,
        found: Iterator[tuple[int, bytes] | None],
        digest: PartDigest,
        size: Callable[[], int] | None,
    ) -> Records:
        """The records that were `found` after the position, with their numbers.

        `size` returns the present size of the file; without it, the arrival time stays the same.
        """
        for numbered in found:
            if numbered is None:
                yield None
                continue
            number, record = numbered
            before = self._at
            first = before.first if before.bytes else short_digest(record)
            opened_at, opened_bytes = before.opened_at, before.opened_bytes
            if size is not None and digest.size > opened_bytes:
                opened_at, opened_bytes = int(self._clock()), size()
            self._at = self._known = Position(
                digest.size, number, opened_at, opened_bytes, digest.value(), first
            )
            yield InputRecord(record, number, self._at)

    def _found(self, content: Content, digest: PartDigest) -> Iterator[tuple[int, bytes] | None]:
        if content.kind is Kind.ARRAY:
            return self._elements(content.chunks, digest)
        return self._lines(ChunkLines(content.chunks), digest)

    def _elements(self, chunks: Chunks, digest: PartDigest) -> Iterator[tuple[int, bytes] | None]:
        number = self._at.lines
        for element in split_array(chunks, digest, self._at.bytes > 0):
            if self._is_stopped():
                return
            number += element is not None
            yield None if element is None else (number, element)

    def _lines(self, lines: Lines, digest: PartDigest) -> Iterator[tuple[int, bytes] | None]:
        # If the last line that was read had no end, its rest has the same number.
        number = self._at.lines - (not digest.ends_line)
        while not self._is_stopped():
            line = lines.readline(MAX_KEPT_BYTES)
            if line is None:
                yield None
                continue
            if not line:
                return
            digest.add(line)
            if not self._skip_line(lines, line, digest):
                return
            number += 1
            payload = line.rstrip(b"\r\n")
            if payload.strip():
                yield number, payload

    def _skip_line(self, lines: Lines, line: bytes, digest: PartDigest) -> bool:
        """Skips the rest of a line that is longer than MAX_KEPT_BYTES; False if stopped there."""
        while not line.endswith(b"\n") and len(line) == MAX_KEPT_BYTES:
            while (more := lines.readline(MAX_KEPT_BYTES)) is None or self._is_stopped():
                if self._is_stopped():
                    return False
            line = more
            digest.add(line)
        return True


def _skip(stream: BinaryIO, content: Content, size: int) -> tuple[Chunks, PartDigest | None]:
    """Skips the first `size` unpacked bytes: the chunks after them, and the digest of them.

    The digest is None if the content is shorter.
    """
    if not content.is_packed:
        return read_file(stream), digest_of_file(stream, size)
    digest = PartDigest()
    for chunk in filter(None, content.chunks):
        room = size - digest.size
        digest.add(chunk[:room])
        if digest.size == size:
            return chain(filter(None, [chunk[room:]]), content.chunks), digest
    return content.chunks, None


def _is_new_kind(content: Content) -> bool:
    """Whether earlier versions, which stored no digests, took the content for lines of text."""
    return content.is_packed or content.kind is Kind.ARRAY


def _change_text(path: str, read: int, is_shorter: bool) -> str:
    change = "is shorter than" if is_shorter else "was changed within"
    return (
        f"{path} {change} the part that was read before ({read:,} bytes): restore it and append "
        "new lines, or give the file another name, and all of it is read"
    )
