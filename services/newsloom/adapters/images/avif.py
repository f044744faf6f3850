"""Reads the size of an AVIF image.

In: the first bytes of a file. Out: the size at which its primary image is displayed. It parses
only the boxes (ISO/IEC 14496-12) and item properties (ISO/IEC 23008-12) that the size needs.
"""

import struct
from collections.abc import Iterator
from struct import unpack_from

_FULL = 4
"""Bytes of version and flags at the start of a full box (ISO/IEC 14496-12, 4.2)."""


def read_avif_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels after rotation; None if `data` does not contain them."""
    try:
        return _read(memoryview(data))
    except (struct.error, IndexError, KeyError, ValueError):
        return None


def _read(data: memoryview) -> tuple[int, int]:
    meta = dict(_boxes(_named(data, b"meta")[_FULL:]))
    item = _item_id(meta[b"pitm"])
    properties = [*_boxes(_named(meta[b"iprp"], b"ipco"))]
    indexes = _indexes(_named(meta[b"iprp"], b"ipma"), item)
    found = dict(properties[index - 1] for index in indexes if 0 < index <= len(properties))
    width, height = unpack_from(">II", found[b"ispe"], _FULL)
    # The only byte of ImageRotation is the number of quarter turns to the left.
    is_rotated = b"irot" in found and found[b"irot"][0] & 1
    return (height, width) if is_rotated else (width, height)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The kind and the content of each box that `data` holds completely."""
    offset = 0
    while offset + 8 <= len(data):
        size, begin = unpack_from(">I", data, offset)[0], offset + 8
        if size == 1:
            size, begin = unpack_from(">Q", data, begin)[0], begin + 8
        elif size == 0:
            size = len(data) - offset
        if size < begin - offset:
            raise ValueError("a box is smaller than its own header")
        if offset + size <= len(data):
            yield bytes(data[offset + 4 : offset + 8]), data[begin : offset + size]
        offset += size


def _named(data: memoryview, kind: bytes) -> memoryview:
    return next((body for name, body in _boxes(data) if name == kind), data[:0])


def _item_id(pitm: memoryview) -> int:
    return int(unpack_from(">I" if pitm[0] else ">H", pitm, _FULL)[0])


def _indexes(ipma: memoryview, item: int) -> list[int]:
    """The 1-based indexes of the properties of an item."""
    header, wide = (">IB" if ipma[0] else ">HB"), bool(ipma[3] & 1)
    (entries,) = unpack_from(">I", ipma, _FULL)
    offset = _FULL + 4
    for _ in range(entries):
        item_id, count = unpack_from(header, ipma, offset)
        offset += 5 if ipma[0] else 3
        if item_id == item:
            form, mask = (f">{count}H", 0x7FFF) if wide else (f">{count}B", 0x7F)
            return [index & mask for index in unpack_from(form, ipma, offset)]
        offset += count * (2 if wide else 1)
    return []
