"""Where events go: a file of JSON Lines, or a stream.

In: the events of one visit. Out: lines that are on disk when `write` returns. A file is extended,
and an incomplete last line, which a kill left, is cut off first.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from newsloom.adapters.failures import OutageError

_BLOCK_BYTES = 64 * 1024


class Output(Protocol):
    """Takes the events of one visit. When `write` returns, they are safe."""

    def write(self, events: Sequence[dict[str, Any]]) -> None:
        """Writes the events, all or none in the eyes of a reader of whole lines."""


class StreamOutput:
    """Writes to a stream, such as standard output. Nothing is known of what its reader does."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, events: Sequence[dict[str, Any]]) -> None:
        """Writes and flushes the events. Raises BrokenPipeError if nobody reads any more."""
        self._stream.write(_lines(events))
        self._stream.flush()


class FileOutput:
    """Appends to a file."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a+b", buffering=0)
            _cut_last_line(self._file)
        except OSError as error:
            fix = "name a file in a folder that exists and can be written"
            raise OutageError(f"{path}: cannot be written ({error.strerror}); {fix}") from error

    def write(self, events: Sequence[dict[str, Any]]) -> None:
        """Appends the events and waits until they are on disk. Raises OSError."""
        if not events:
            return
        data = memoryview(_lines(events))
        while data:
            data = data[self._file.write(data) :]
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _lines(events: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)


def _cut_last_line(file: Any) -> None:
    """Removes what follows the last line end, unless it is a whole JSON value."""
    end = file.seek(0, os.SEEK_END)
    start, tail = end, b""
    while start and b"\n" not in tail:
        start = max(0, start - _BLOCK_BYTES)
        file.seek(start)
        tail = file.read(end - start)
    rest = tail.rpartition(b"\n")[2]
    if not rest:
        return
    try:
        orjson.loads(rest)
    except orjson.JSONDecodeError:
        file.truncate(end - len(rest))
    else:
        file.write(b"\n")
