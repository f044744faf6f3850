"""Unpacks the records of a batch: gzip, Snappy, LZ4 and Zstandard.

In: packed bytes, and the memory to unpack them into. Out: the number of bytes. It never unpacks
more than fits, whatever the packed bytes are.
"""

from collections.abc import Callable, Mapping

import cramjam

CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
"""Kafka's numbers of the codecs."""

_XERIAL = b"\x82SNAPPY\0"
_XERIAL_HEADER_BYTES = 16
"""The magic word, a version, and the oldest version that can read it. There is one version."""
_FULL = "failed to write whole buffer"


class BatchError(Exception):
    """A batch cannot be read. The message is the rest of a sentence about the batch."""


def unpack(codec: int, packed: memoryview, unpacked: memoryview) -> int:
    """Unpacks into `unpacked`, and returns the number of bytes.

    Raises BatchError if they do not fit, if `packed` is damaged, or if `codec` is unknown.
    """
    if codec not in _UNPACK:
        raise BatchError(f"is packed with the unknown codec {codec}")
    try:
        return _UNPACK[codec](packed, unpacked)
    except cramjam.DecompressionError as error:
        if str(error) == _FULL:
            raise BatchError(f"unpacks to more than {len(unpacked):,} bytes") from error
        raise BatchError(f"holds damaged {CODECS[codec]} data ({error})") from error


def _unpack_snappy(packed: memoryview, unpacked: memoryview) -> int:
    """Unpacks one block, or the blocks in the frame of the Java library `xerial`."""
    if packed[: len(_XERIAL)] != _XERIAL:
        return _unpack_block(packed, unpacked)
    at, size = _XERIAL_HEADER_BYTES, 0
    while at < len(packed):
        begin = at + 4
        at = begin + int.from_bytes(packed[at:begin], "big")
        size += _unpack_block(packed[begin:at], unpacked[size:])
    return size


def _unpack_block(packed: memoryview, unpacked: memoryview) -> int:
    if cramjam.snappy.decompress_raw_len(packed) > len(unpacked):
        raise cramjam.DecompressionError(_FULL)
    return cramjam.snappy.decompress_raw_into(packed, unpacked)


_UNPACK: Mapping[int, Callable[[memoryview, memoryview], int]] = {
    1: cramjam.gzip.decompress_into,
    2: _unpack_snappy,
    3: cramjam.lz4.decompress_into,
    4: cramjam.zstd.decompress_into,
}
