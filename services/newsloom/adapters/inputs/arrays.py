"""Splits a JSON array into its elements, without parsing them.

In: the chunks of a text whose first character is `[`. Out: the bytes of each element, or None while
a pipe is silent. At most MAX_KEPT_BYTES of an element are held. Elements are checked later, as
lines are. What is wrong between two elements is an error: no later element could be trusted.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto

from newsloom.adapters.inputs.chunks import Chunks, DamagedError
from newsloom.adapters.inputs.digests import PartDigest

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""A longer record is cut here; it becomes a dead letter with these first bytes."""

_BLANKS = re.compile(rb"[ \t\r\n]*")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
_TOKEN_OUTSIDE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}, \t\r\n]', re.DOTALL)
"""What can end an element that is in no bracket, such as a number."""
_IN_STRING = re.compile(rb'["\\]')


class _At(Enum):
    BEGINNING = auto()
    VALUE = auto()
    ELEMENT = auto()
    SEPARATOR = auto()
    END = auto()


class _Element:
    """One element: how deep the text is in brackets, and whether it is in a string."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_string = self._is_escaped = False
        self.kept = bytearray()

    def take(self, chunk: bytes, begin: int) -> int | None:
        """Keeps the part of `chunk` from `begin` that belongs to the element.

        Returns the offset after the element, or None if it goes on in the next chunk.
        """
        end = self._find_end(chunk, begin)
        room = MAX_KEPT_BYTES - len(self.kept)
        self.kept += chunk[begin : min(len(chunk) if end is None else end, begin + room)]
        return end

    def _find_end(self, chunk: bytes, at: int) -> int | None:
        while True:
            if self._is_string:
                closed = self._leave_string(chunk, at)
                if closed is None:
                    return None
                at = closed
                if self._depth == 0:
                    return at
            pattern = _TOKEN if self._depth else _TOKEN_OUTSIDE
            match = pattern.search(chunk, at)
            if match is None:
                return None
            at = match.end()
            if (end := self._enter(match)) is not None:
                return end

    def _enter(self, match: re.Match[bytes]) -> int | None:
        """Follows one token; returns the offset after the element if this token ends it."""
        token = match[0]
        if token in b"{[":
            self._depth += 1
        elif token == b'"':
            self._is_string = True  # It goes on in the next chunk.
        elif self._depth == 0:
            if token == b"}":
                return None
            return match.end() if token[0] == ord('"') else match.start()
        elif token in b"}]":
            self._depth -= 1
            return match.end() if self._depth == 0 else None
        return None

    def _leave_string(self, chunk: bytes, at: int) -> int | None:
        """The offset after the end of the string, or None if it goes on in the next chunk."""
        at += self._is_escaped
        self._is_escaped = False
        while match := _IN_STRING.search(chunk, at):
            at = match.end()
            if match[0] == b'"':
                self._is_string = False
                return at
            self._is_escaped = at == len(chunk)
            at += 1
        return None


def split_array(chunks: Chunks, digest: PartDigest, is_resumed: bool) -> Iterator[bytes | None]:
    """Yields each element. `digest` then covers the text up to the end of that element.

    With `is_resumed`, the chunks begin after an element. Raises DamagedError for a text that is no
    array, after the elements before that place.
    """
    at = _At.SEPARATOR if is_resumed else _At.BEGINNING
    element = _Element()
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        offset = added = 0
        while offset < len(chunk):
            if at is _At.ELEMENT:
                end = element.take(chunk, offset)
                if end is None:
                    break
                digest.add(chunk[added:end])
                offset = added = end
                yield bytes(element.kept)
                at, element = _At.SEPARATOR, _Element()
            elif at is _At.BEGINNING:
                # A byte order mark and blanks may precede it.
                offset, at = chunk.index(b"[") + 1, _At.VALUE
            else:
                offset, at = _follow(at, chunk, offset, digest.size - added)
        digest.add(chunk[added:])
    if at is not _At.END:
        raise DamagedError(
            f"ends at byte {digest.size:,} before the ] of its JSON array: it is still being "
            "written, or was cut; run again when it is complete"
        )


def _follow(at: _At, chunk: bytes, offset: int, base: int) -> tuple[int, _At]:
    """Follows blanks and one character between elements. Returns the offset and what comes next."""
    blanks = _BLANKS.match(chunk, offset)
    assert blanks is not None
    offset = blanks.end()
    character = chunk[offset : offset + 1]
    if not character:
        return offset, at
    if at is not _At.END:
        if character == b"]":
            return offset + 1, _At.END
        if character == b",":
            return offset + 1, _At.VALUE
        if at is _At.VALUE:
            return offset, _At.ELEMENT
    where = f"byte {base + offset + 1:,}"
    if at is _At.END:
        raise DamagedError(f"has text after the ] of its JSON array, at {where}; remove it")
    raise DamagedError(f"has neither , nor ] after an element of its JSON array, at {where}")
