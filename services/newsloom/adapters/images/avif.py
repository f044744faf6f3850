"""AVIF: the first bytes of a file in; the size at which its primary image is shown out.

Of ISO/IEC 14496-12 (boxes) and 23008-12 (properties of items) just what a size takes. The header
reader used for all else takes a turned image's `irot` for longer than it is, and refuses it.
"""

import struct
from collections.abc import Iterator
from struct import unpack_from

_FULL = 4
"""Version and flags, with which some boxes begin."""


def read_avif_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, turned as shown; None if they are not in `data`."""
    try:
        return _read(memoryview(data))
    except (struct.error, IndexError, KeyError, ValueError):
        return None


def _read(data: memoryview) -> tuple[int, int]:
    meta = dict(_boxes(_named(data, b"meta")[_FULL:]))
    item = _item_id(meta[b"pitm"])
    properties = [*_boxes(_named(meta[b"iprp"], b"ipco"))]
    own = _indexes(_named(meta[b"iprp"], b"ipma"), item)
    found = dict(properties[index - 1] for index in own if 0 < index <= len(properties))
    width, height = unpack_from(">II", found[b"ispe"], _FULL)
    # ImageRotation: so many quarters to the left, in its only byte.
    is_turned = b"irot" in found and found[b"irot"][0] & 1
    return (height, width) if is_turned else (width, height)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes in `data` by kind, each whole."""
    offset = 0
    while offset + 8 <= len(data):
        size, begin = unpack_from(">I", data, offset)[0], offset + 8
        if size == 1:
            size, begin = unpack_from(">Q", data, begin)[0], begin + 8
        elif size == 0:
            size = len(data) - offset
        if size < begin - offset:
            raise ValueError("a box is smaller than its own head")
        if offset + size <= len(data):
            yield bytes(data[offset + 4 : offset + 8]), data[begin : offset + size]
        offset += size


def _named(data: memoryview, kind: bytes) -> memoryview:
    return next((body for name, body in _boxes(data) if name == kind), data[:0])


def _item_id(pitm: memoryview) -> int:
    return int(unpack_from(">I" if pitm[0] else ">H", pitm, _FULL)[0])


def _indexes(ipma: memoryview, item: int) -> list[int]:
    """Which properties an item has, counted from one."""
    head, wide = (">IB" if ipma[0] else ">HB"), bool(ipma[3] & 1)
    (entries,) = unpack_from(">I", ipma, _FULL)
    offset = _FULL + 4
    for _ in range(entries):
        ident, count = unpack_from(head, ipma, offset)
        offset += 5 if ipma[0] else 3
        if ident == item:
            form, mask = (f">{count}H", 0x7FFF) if wide else (f">{count}B", 0x7F)
            return [index & mask for index in unpack_from(form, ipma, offset)]
        offset += count * (2 if wide else 1)
    return []
