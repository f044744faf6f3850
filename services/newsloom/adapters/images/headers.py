"""Reads image headers.

In: the first bytes of a file. Out: the kind of image and its true size. Only the content counts,
never a file name or an HTTP header. It decodes no pixels, expands no XML entities and accepts no
SVG with scripts. It never raises, whatever the bytes are.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from newsloom.adapters.images.avif import read_avif_size
from newsloom.adapters.images.raster import (
    Raster,
    is_complete_gif,
    is_complete_jpeg,
    read_gif,
    read_jpeg,
    read_png,
    read_webp,
)

_SIGNATURES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF....WEBPVP8[ LX]", re.DOTALL)),
    ("avif", re.compile(rb"....ftyp(?:....){0,16}?avi[fs]", re.DOTALL)),
    (
        "svg",
        re.compile(
            rb"(?:\xef\xbb\xbf)?\s*<(?:!--|(?:\?xml|!DOCTYPE\s+svg|svg)[\s>/])", re.IGNORECASE
        ),
    ),
)
MAX_SVG_BYTES = 1024 * 1024
"""A larger SVG has no size. Parsing one takes the longest of all formats."""
MAX_SVG_DEPTH = 256
"""An SVG whose elements are nested deeper has no size."""

_SVG = "http://www.w3.org/2000/svg"
_SVG_UNSEEN = frozenset({"title", "desc", "metadata", "defs", "style", "svg"})
_SVG_ACTIVE = frozenset({"script", "foreignobject", "iframe", "object", "embed", "handler"})
_LENGTH = re.compile(r"\s*\+?(\d{1,9}(?:\.\d+)?|\.\d+)\s*(px|pt|pc|in|cm|mm|q)?\s*$", re.IGNORECASE)
_PIXELS = {
    "px": 1,
    "pt": 96 / 72,
    "pc": 16,
    "in": 96,
    "cm": 96 / 2.54,
    "mm": 9.6 / 2.54,
    "q": 2.4 / 2.54,
}
"""CSS pixels per unit (CSS Values and Units, section 6.2)."""


class Header(NamedTuple):
    """The kind of an image, its displayed width and height in pixels, and where its pixels begin.

    `size` is None if it cannot be read, `pixels_at` if the pixels are not reached.
    """

    kind: str
    size: tuple[int, int] | None
    pixels_at: int | None = 0


def read_header(data: bytes) -> Header | None:
    """Reads the header in `data`, a file or its first bytes; None if it is not an image."""
    for kind, signature in _SIGNATURES:
        if signature.match(data):
            try:
                return Header(kind, *_read(kind, data))
            except _RefusedError:
                return None
            except (struct.error, ValueError, IndexError):
                return Header(kind, None, None)
    return None


def is_complete(header: Header, data: bytes) -> bool:
    """Whether `data`, a whole file with that header, has what its format needs to be shown."""
    match header.kind:
        case "jpeg":
            return is_complete_jpeg(data, header.pixels_at)
        case "png":
            return header.pixels_at is not None and b"IEND" in data
        case "gif":
            return is_complete_gif(data, header.pixels_at)
        case "webp":
            is_whole = int.from_bytes(data[4:8], "little") + 8 <= len(data)
            return header.pixels_at is not None and is_whole
        case "avif":
            return _boxes_end(data) <= len(data)
    return True  # a truncated SVG has no size


def _boxes_end(data: bytes) -> int:
    """The end offset of the last top-level box of an ISO media file (ISO/IEC 14496-12, 4.2)."""
    return max((end for _, _, end in _boxes(data)), default=0)


def _box_offset(data: bytes, kind: bytes) -> int | None:
    return next((begin for name, begin, _ in _boxes(data) if name == kind), None)


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of each top-level box that begins in `data`."""
    offset = 0
    while offset + 8 <= len(data):
        size = int.from_bytes(data[offset : offset + 4], "big")
        if size == 1:
            size = int.from_bytes(data[offset + 8 : offset + 16], "big")
        if size == 0:  # the box extends to the end of the file
            size = len(data) - offset
        end = offset + max(8, size)
        yield data[offset + 4 : offset + 8], offset, end
        offset = end


def _read(kind: str, data: bytes) -> Raster:
    match kind:
        case "jpeg":
            return read_jpeg(data)
        case "png":
            return read_png(data)
        case "gif":
            return read_gif(data)
        case "webp":
            return read_webp(data)
        case "avif":
            return Raster(read_avif_size(data), _box_offset(data, b"mdat"))
    return Raster(_read_svg(data), 0)


def _read_svg(data: bytes) -> tuple[int, int] | None:
    """The size that an SVG states; None if it is truncated, shows nothing or states no size.

    Raises _RefusedError for what `_SvgReader` refuses, and what is no SVG at all.
    """
    if len(data) > MAX_SVG_BYTES:
        return None
    reader = _SvgReader()
    try:
        reader.parser.Parse(data, False)
    except (expat.ExpatError, ValueError, RecursionError) as error:
        raise _RefusedError from error
    try:
        reader.parser.Parse(b"", True)
    except expat.ExpatError:
        return None
    return reader.size if reader.has_content else None


class _RefusedError(Exception):
    """The SVG has content that `_SvgReader` refuses."""


class _SvgReader:
    """Parses an SVG.

    Refuses entities, processing instructions, scripts, embedded documents, references to other
    files, and elements that are nested deeper than `MAX_SVG_DEPTH`.
    """

    def __init__(self) -> None:
        self.size: tuple[int, int] | None = None
        self.has_content = False
        self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ProcessingInstructionHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise _RefusedError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if self._depth == 0:
            if local != "svg" or namespace != _SVG:  # browsers show no other one as an image
                raise _RefusedError
            self.size = _svg_size(attributes)
        self._depth += 1
        self.has_content |= local.lower() not in _SVG_UNSEEN
        if self._depth > MAX_SVG_DEPTH or local.lower() in _SVG_ACTIVE:
            raise _RefusedError
        if any(_is_active(key, value) for key, value in attributes.items()):
            raise _RefusedError

    def _end(self, _name: str) -> None:
        self._depth -= 1


def _is_active(key: str, value: str) -> bool:
    """Whether an attribute is an event handler or refers to another file."""
    name = key.rpartition(" ")[2].lower()
    return name.startswith("on") or (name in ("href", "src") and not _is_local(value))


def _is_local(reference: str) -> bool:
    return reference.strip().lower().startswith(("#", "data:image/png", "data:image/jpeg"))


def _svg_size(attributes: dict[str, str]) -> tuple[int, int] | None:
    """The size a browser gives a stand-alone SVG: its width and height, else its view box."""
    width, height = (_pixels(attributes.get(name, "")) for name in ("width", "height"))
    box = [_pixels(part) for part in attributes.get("viewBox", "").replace(",", " ").split()[2:4]]
    box_width, box_height = box if len(box) == 2 else (None, None)
    if box_width and box_height:
        if width is None and height is None:
            width, height = box_width, box_height
        elif width is None and height is not None:
            width = height * box_width / box_height
        elif height is None and width is not None:
            height = width * box_height / box_width
    return None if width is None or height is None else (round(width), round(height))


def _pixels(length: str) -> float | None:
    found = _LENGTH.match(length)
    return float(found[1]) * _PIXELS[(found[2] or "px").lower()] if found else None
