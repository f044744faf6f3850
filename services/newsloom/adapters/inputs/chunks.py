"""Reads an input in chunks of bytes, and unpacks gzip and Zstandard data.

In: a file, or a descriptor of a pipe that may be silent. Out: chunks in order, or None while a pipe
has none. Unpacking gives chunks of at most 33 MB, whatever the data expand to.
"""

import os
import select
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import zstandard

Chunks = Iterator[bytes | None]
CHUNK_BYTES = 1024 * 1024
PAUSE_S = 0.2
"""Seconds between two attempts to read, while nothing is available."""

_ZSTD_FEED_BYTES = 1024
"""Three bytes of Zstandard can expand to 128 KiB, and the library has no limit for its output."""
_ZSTD_WINDOW_BYTES = 128 * 1024 * 1024
_CUT = "ends in the middle of its {} data: it is still being written, or was cut; run again later"
_DAMAGED = "has damaged {} data ({}); compress the original again"


class DamagedError(Exception):
    """Packed data are cut or damaged. The message is the rest of a sentence about the input."""


def read_file(stream: BinaryIO) -> Chunks:
    """The chunks of a file from its present offset to its end."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def read_pipe(descriptor: int) -> Chunks:
    """The chunks of a pipe until it is closed, and None while it is silent."""
    while True:
        if not select.select([descriptor], [], [], PAUSE_S)[0]:
            yield None
        elif chunk := os.read(descriptor, CHUNK_BYTES):
            yield chunk
        else:
            return


def unpack_gzip(chunks: Chunks) -> Chunks:
    """The content of all gzip members. Raises DamagedError after what could be unpacked."""
    member = None
    try:
        for chunk in chunks:
            if chunk is None:
                yield None
                continue
            while chunk:
                # Some programs pad the space between two members with zeros.
                if member is None and not (chunk := chunk.lstrip(b"\0")):
                    break
                member = member or zlib.decompressobj(wbits=31)
                if piece := member.decompress(chunk, CHUNK_BYTES):
                    yield piece
                chunk = member.unused_data if member.eof else member.unconsumed_tail
                member = None if member.eof else member
    except zlib.error as error:
        raise DamagedError(_DAMAGED.format("gzip", error)) from error
    if member is not None:
        raise DamagedError(_CUT.format("gzip"))


def unpack_zstd(chunks: Chunks) -> Chunks:
    """The content of all Zstandard frames. Raises DamagedError after what could be unpacked."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    frame = None
    try:
        for fed in _feed(chunks, _ZSTD_FEED_BYTES):
            if fed is None:
                yield None
                continue
            while fed:
                frame = frame or decompressor.decompressobj()
                if piece := frame.decompress(fed):
                    yield piece
                fed = frame.unused_data if frame.eof else b""
                frame = None if frame.eof else frame
    except zstandard.ZstdError as error:
        raise DamagedError(_DAMAGED.format("Zstandard", error)) from error
    if frame is not None:
        raise DamagedError(_CUT.format("Zstandard"))


def _feed(chunks: Chunks, size: int) -> Chunks:
    for chunk in chunks:
        if chunk is None:
            yield None
        else:
            yield from (chunk[at : at + size] for at in range(0, len(chunk), size))
