"""Reads image headers.

In: the first bytes of a file. Out: the kind of image and its true size. Only the content counts,
never a file name or an HTTP header. It decodes no pixels, expands no XML entities and accepts no
SVG with scripts. It never raises, whatever the bytes are.
"""

import io
import re
from typing import NamedTuple
from xml.parsers import expat

import imagesize

from newsloom.adapters.images.avif import read_avif_size

_SIGNATURES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF....WEBPVP8[ LX]", re.DOTALL)),
    ("avif", re.compile(rb"....ftyp(?:....){0,16}?avi[fs]", re.DOTALL)),
    (
        "svg",
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE svg|svg)[\s>-]", re.IGNORECASE),
    ),
)
MAX_SVG_DEPTH = 256
"""An SVG whose elements are nested deeper has no size."""

_SVG = "http://www.w3.org/2000/svg"
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
    """The kind of an image, and its displayed width and height in pixels.

    `size` is None if it cannot be read.
    """

    kind: str
    size: tuple[int, int] | None


def read_header(data: bytes) -> Header | None:
    """Reads the header in `data`, a file or its first bytes; None if it is not an image."""
    for kind, signature in _SIGNATURES:
        if signature.match(data):
            return Header(kind, _read_svg(data) if kind == "svg" else _read_size(kind, data))
    return None


def is_complete(kind: str, data: bytes) -> bool:
    """Whether `data`, a whole file of that kind, has the end that its format requires."""
    match kind:
        case "jpeg":  # the end marker must follow the last scan: entropy-coded data has no markers
            return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
        case "png":
            return b"IEND" in data
        case "gif":
            return data.rstrip(b"\0\r\n").endswith(b";")
        case "webp":
            return int.from_bytes(data[4:8], "little") + 8 <= len(data)
        case "avif":
            return _boxes_end(data) <= len(data)
    return True  # a truncated SVG has no size


def _boxes_end(data: bytes) -> int:
    """The end offset of the last top-level box of an ISO media file (ISO/IEC 14496-12, 4.2)."""
    offset = 0
    while offset + 8 <= len(data):
        size = int.from_bytes(data[offset : offset + 4], "big")
        if size == 1:
            size = int.from_bytes(data[offset + 8 : offset + 16], "big")
        if size == 0:  # the box extends to the end of the file
            return len(data)
        offset += max(8, size)
    return offset


def _read_size(kind: str, data: bytes) -> tuple[int, int] | None:
    if kind == "avif":
        return read_avif_size(data)
    width, height = imagesize.get(io.BytesIO(data))
    if (kind == "gif" and len(data) < 10) or (kind == "webp" and len(data) < 30):
        return None
    if kind == "gif":  # imagesize reads the sizes as signed
        return width & 0xFFFF, height & 0xFFFF
    if kind == "webp" and data[12:16] == b"VP8 ":
        return width & 0x3FFF, height & 0x3FFF  # the other bits are scaling: RFC 6386, 9.1
    return None if width < 0 or height < 0 else (width, height)


def _read_svg(data: bytes) -> tuple[int, int] | None:
    """The size that an SVG states; None if it is truncated or refused (see `_SvgReader`)."""
    reader = _SvgReader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, _RefusedError, ValueError, RecursionError):
        return None
    return reader.size


class _RefusedError(Exception):
    """The SVG has content that `_SvgReader` refuses."""


class _SvgReader:
    """Parses an SVG.

    Refuses entities, processing instructions, scripts, embedded documents, references to other
    files, and elements that are nested deeper than `MAX_SVG_DEPTH`.
    """

    def __init__(self) -> None:
        self.size: tuple[int, int] | None = None
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
            if local != "svg" or namespace not in (_SVG, ""):
                raise _RefusedError
            self.size = _svg_size(attributes)
        self._depth += 1
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
