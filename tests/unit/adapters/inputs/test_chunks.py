"""Unpacking is bounded: whatever a few bytes expand to, it comes in chunks."""

import gzip
from collections.abc import Iterator

import pytest
import zstandard

from newsloom.adapters.inputs.chunks import Chunks, unpack_gzip, unpack_zstd

SIZE = 200_000_000


def _gzip_bomb() -> Iterator[bytes]:
    yield gzip.compress(bytes(SIZE), compresslevel=1)


def _zstd_bomb() -> Iterator[bytes]:
    yield zstandard.compress(bytes(SIZE))


@pytest.mark.parametrize(
    ("chunks", "limit"),
    [(unpack_gzip(_gzip_bomb()), 1 << 20), (unpack_zstd(_zstd_bomb()), 34_000_000)],
    ids=["gzip", "Zstandard"],
)
def test_bomb_is_unpacked_in_bounded_chunks(chunks: Chunks, limit: int) -> None:
    sizes = [len(chunk or b"") for chunk in chunks]
    assert sum(sizes) == SIZE
    assert max(sizes) <= limit


@pytest.mark.parametrize(
    ("pack", "unpack"),
    [(gzip.compress, unpack_gzip), (zstandard.compress, unpack_zstd)],
    ids=["gzip", "Zstandard"],
)
def test_silent_pipe_gives_none_and_what_was_complete(pack, unpack) -> None:  # type: ignore[no-untyped-def]
    packed = pack(b"first\n")
    given = [packed[:5], None, packed[5:], None, pack(b"second\n")]
    assert list(unpack(iter(given))) == [None, b"first\n", None, b"second\n"]
