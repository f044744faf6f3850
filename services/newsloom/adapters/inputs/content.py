"""Opens the content of an input: recognises its kind, and unpacks it if it is packed.

In: the chunks of an input. Out: the chunks of its text, and the kind of that text. It refuses an
input that holds something else than article events.
"""

from collections.abc import Callable, Generator
from itertools import chain
from typing import BinaryIO, NamedTuple

from newsloom.adapters.failures import UnusableInputError
from newsloom.adapters.inputs.chunks import (
    Chunks,
    DamagedError,
    read_file,
    unpack_gzip,
    unpack_zstd,
)
from newsloom.adapters.inputs.kinds import Kind, is_enough, recognise, recognise_unpacked

_UNPACK: dict[Kind | str, Callable[[Chunks], Chunks]] = {
    Kind.GZIP: unpack_gzip,
    Kind.ZSTD: unpack_zstd,
}


class Content(NamedTuple):
    """The text of an input: lines or an array, and the chunks of its unpacked bytes."""

    kind: Kind
    is_packed: bool
    chunks: Chunks


def open_content(name: str, chunks: Chunks) -> Generator[None, None, Content]:
    """The content of `chunks`. Yields None while a pipe is silent.

    Raises UnusableInputError, which names the input `name`, if it holds no article events.
    """
    head, chunks = yield from _peek(chunks)
    kind = recognise(head)
    is_packed = kind in _UNPACK
    if is_packed:
        head, chunks = yield from _peek(_UNPACK[kind](chunks))
        kind = recognise_unpacked(head)
    if isinstance(kind, str):
        raise UnusableInputError(f"{name} {kind}")
    return Content(kind, is_packed, chunks)


def content_of_file(path: str, stream: BinaryIO) -> Content:
    """The content of an open file, from its beginning. Raises as `open_content` does."""
    stream.seek(0)
    opening = open_content(path, read_file(stream))
    while True:
        try:
            next(opening)
        except StopIteration as end:
            content: Content = end.value
            return content


def _peek(chunks: Chunks) -> Generator[None, None, tuple[bytes, Chunks]]:
    """The beginning of `chunks`, and all of them."""
    head = b""
    try:
        for chunk in chunks:
            if chunk is None:
                yield None
                continue
            head += chunk
            if is_enough(head):
                break
    except DamagedError as error:
        chunks = _fail(error)
    return head, chain([head] if head else [], chunks)


def _fail(error: DamagedError) -> Chunks:
    raise error
    yield  # This makes it a generator, so that the error is raised after the first chunk.
