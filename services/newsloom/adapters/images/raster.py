"""Reads the parts of JPEG, PNG, GIF and WebP files that come before the pixels.

In: a file or its first bytes. Out: the size at which a browser displays the image, where its pixels
begin, and whether it is complete enough to be shown. It decodes no pixels. It raises struct.error
or IndexError if the bytes end too early.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import NamedTuple

_SIDEWAYS = frozenset({5, 6, 7, 8})
"""The EXIF orientations that exchange width and height (Exif 3.0, 4.6.4.A: Orientation)."""
_ORIENTATION = 0x112
_SHORT = 3
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a frame, which holds the size (ITU-T T.81, table B.1)."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""The markers without a segment."""
_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
_EXIF = b"Exif\0\0"
PNG_START = b"\x89PNG\r\n\x1a\n"


class Raster(NamedTuple):
    """The displayed size in pixels, and the offset at which the pixels begin.

    `size` is None if it cannot be read yet, `pixels_at` if the pixels are not reached yet.
    """

    size: tuple[int, int] | None
    pixels_at: int | None


def read_jpeg(data: bytes) -> Raster:
    """The size is known when the first scan is reached, after all that may turn the image."""
    size: tuple[int, int] | None = None
    orientation: int | None = None
    for marker, begin, end in _segments(data):
        if marker == _SCAN:
            return Raster(_turn(size, orientation), begin - 4)
        if marker in _FRAMES and size is None:
            height, width = unpack_from(">HH", data, begin + 1)
            size = width, height
        if marker == _APP1 and orientation is None and data[begin : begin + 6] == _EXIF:
            orientation = read_orientation(data[begin + 6 : end])
    return Raster(None, None)


def is_complete_jpeg(data: bytes, pixels_at: int | None) -> bool:
    """Whether the end marker follows the first scan: a thumbnail in EXIF has one before it."""
    return pixels_at is not None and data.find(b"\xff\xd9", pixels_at) >= 0


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, begin and end of the content of each segment, up to the first scan.

    Bytes between two segments are passed over, as decoders do.
    """
    offset = 2
    while True:
        offset = data.find(b"\xff", offset)
        if offset < 0 or offset + 4 > len(data):
            return
        marker = data[offset + 1]
        if marker in (0x00, 0xFF) or marker in _ALONE:
            offset += 1 if marker == 0xFF else 2
            continue
        if marker == _END:
            return
        length = unpack_from(">H", data, offset + 2)[0]
        yield marker, offset + 4, offset + 2 + max(2, length)
        offset += 2 + max(2, length)


def read_png(data: bytes) -> Raster:
    """The size may change until the pixels are reached: an eXIf chunk can turn the image."""
    if data[12:16] != b"IHDR":
        return Raster(None, None)
    width, height = unpack_from(">II", data, 16)
    orientation: int | None = None
    offset = len(PNG_START)
    while offset + 8 <= len(data):
        length, kind = unpack_from(">I4s", data, offset)
        if kind == b"IDAT":
            return Raster(_turn((width, height), orientation), offset)
        if kind == b"eXIf" and orientation is None:
            orientation = read_orientation(data[offset + 8 : offset + 8 + length])
        offset += 12 + length
    return Raster(_turn((width, height), orientation), None)


def read_orientation(tiff: bytes) -> int:
    """The orientation in the first directory of EXIF data; 1, which turns nothing, if none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    offset = unpack_from(order + "I", tiff, 4)[0]
    if offset + 2 > len(tiff):
        return 1
    count = min(unpack_from(order + "H", tiff, offset)[0], (len(tiff) - offset - 2) // 12)
    for number in range(count):
        tag, kind, _, value = unpack_from(order + "HHIH", tiff, offset + 2 + 12 * number)
        if tag == _ORIENTATION and kind == _SHORT:
            return int(value)
    return 1


def _turn(size: tuple[int, int] | None, orientation: int | None) -> tuple[int, int] | None:
    return size[::-1] if size and orientation in _SIDEWAYS else size


def read_gif(data: bytes) -> Raster:
    """The size of the screen, which the first frame enlarges if it does not fit."""
    width, height, flags = unpack_from("<HHB", data, 6)
    offset = 13 + _colours(flags)
    while data[offset : offset + 1] == b"!":
        offset = _skip_blocks(data, offset + 2)
    if data[offset : offset + 1] != b",":
        return Raster(None, None)
    left, top, frame_width, frame_height = unpack_from("<HHHH", data, offset + 1)
    size = max(width, left + frame_width), max(height, top + frame_height)
    return Raster(size, offset)


def is_complete_gif(data: bytes, pixels_at: int | None) -> bool:
    """Whether the first frame is complete. Browsers show it, whatever follows."""
    if pixels_at is None or pixels_at + 10 > len(data):
        return False
    flags = data[pixels_at + 9]
    return _skip_blocks(data, pixels_at + 11 + _colours(flags)) <= len(data)


def _colours(flags: int) -> int:
    """The bytes of a colour table (GIF89a, sections 18 to 21)."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(data: bytes, offset: int) -> int:
    """The offset after the blocks of data at `offset`; beyond the end if they do not end."""
    while offset < len(data):
        size = data[offset]
        offset += 1 + size
        if not size:
            return offset
    return len(data) + 1


def read_webp(data: bytes) -> Raster:
    """The size of the canvas, or of the only picture (RFC 9649, 2.5 to 2.7)."""
    if len(data) < 30:
        return Raster(None, None)
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:  # the two highest bits are scaling: RFC 6386, 9.1
        width, height = (side & 0x3FFF for side in unpack_from("<HH", data, 26))
    return Raster((width, height), _webp_pixels_at(data))


def _webp_pixels_at(data: bytes) -> int | None:
    offset = 12
    while offset + 8 <= len(data):
        kind, length = unpack_from("<4sI", data, offset)
        if kind in (b"VP8 ", b"VP8L", b"ANMF"):
            return offset
        offset += 8 + length + length % 2
    return None
