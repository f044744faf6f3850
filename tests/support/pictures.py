"""Image files built byte by byte: as small as their formats allow, with any stated size."""

import struct
import zlib


def png(width: int = 640, height: int = 360, filler: int = 0) -> bytes:
    """A PNG. It has pixel data only below 1,000,000 pixels; larger ones are never decoded."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * ((width + 1) * height)) if width * height < 10**6 else b"\0"
    chunks = [(b"IHDR", header), (b"tEXt", b"x" * filler), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
        if body or kind == b"IEND"
    )


def jpeg(width: int = 640, height: int = 360, orientation: int = 0, filler: int = 0) -> bytes:
    """A JPEG; `orientation` is the EXIF value, `filler` the bytes of comments before the size."""
    parts = [b"\xff\xd8"]
    if orientation:
        tiff = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", 0x112, 3, 1, orientation, 0, 0)
        parts.append(b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff)
    while filler > 0:
        size = min(filler, 60_000)
        parts.append(b"\xff\xfe" + struct.pack(">H", size + 2) + b"c" * size)
        filler -= size
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0"
    parts.append(b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame)
    parts.append(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + b"\x55" * 64 + b"\xff\xd9")
    return b"".join(parts)


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_of(
    before: bytes, width: int = 640, height: int = 360, pixels: bytes = b"\x55" * 64
) -> bytes:
    """A JPEG with these segments before its size, and these bytes as its pixels."""
    start, end = jpeg(width, height).split(b"\x55" * 64)
    return start[:2] + before + start[2:] + pixels + end


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(before: bytes, width: int = 640, height: int = 360, after: bytes = b"") -> bytes:
    """A PNG with these chunks before its pixels, and after them."""
    whole = png(width, height)
    at, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
    return whole[:at] + before + whole[at:end] + after + whole[end:]


def tiff(orientation: int, order: str = ">", kind: int = 3, tag: int = 0x112) -> bytes:
    """EXIF data that state an orientation; big-endian or little-endian (`<`)."""
    start = b"MM\0*" if order == ">" else b"II*\0"
    entry = struct.pack(order + "HHIHH", tag, kind, 1, orientation, 0)
    return start + struct.pack(order + "IH", 8, 1) + entry + b"\0" * 4


def exif(orientation: int, order: str = ">", rest: bytes = b"") -> bytes:
    """An EXIF segment of a JPEG."""
    return segment(0xE1, b"Exif\0\0" + tiff(orientation, order) + rest)


def colour_profile(size_bytes: int) -> bytes:
    """The segments that hold a colour profile in a JPEG."""
    parts = [bytes(size_bytes)[at : at + 65_519] for at in range(0, size_bytes, 65_519)]
    heads = (b"ICC_PROFILE\0" + bytes([number, len(parts)]) for number in range(1, len(parts) + 1))
    return b"".join(segment(0xE2, head + part) for head, part in zip(heads, parts, strict=True))


def gif(width: int = 640, height: int = 360, frames: int = 1) -> bytes:
    """A GIF with `frames` frames."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    control = b"!\xf9\x04\0\x0a\0\0\0"
    frame = control + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + screen + frame * frames + b";"


def webp(width: int = 640, height: int = 360, form: str = "VP8 ") -> bytes:
    """A WebP: lossy (`VP8 `), lossless (`VP8L`) or extended (`VP8X`)."""
    if form == "VP8 ":
        body = b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0" * 22
    elif form == "VP8L":
        bits = (width - 1) | (height - 1) << 14
        body = b"\x2f" + struct.pack("<I", bits) + b"\0" * 23
    else:
        sizes = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        body = b"\0\0\0\0" + sizes
    chunk = form.encode() + struct.pack("<I", len(body)) + body
    if form == "VP8X":
        chunk += b"ALPH\x02\0\0\0\0\0" + b"VP8 \x02\0\0\0\0\0"
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def avif(width: int = 640, height: int = 360, turn: int = 0, brand: bytes = b"avif") -> bytes:
    """An AVIF; `turn` is the rotation to the left in quarter turns."""
    ispe = _box(b"ispe", b"\0\0\0\0" + struct.pack(">II", width, height))
    irot = _box(b"irot", bytes([turn])) if turn else b""
    indexes = b"\x01\x02" if turn else b"\x01"
    ipma = _box(b"ipma", struct.pack(">IIHB", 0, 1, 1, len(indexes)) + indexes)
    meta = _box(b"hdlr", b"\0" * 8 + b"pict" + b"\0" * 13) + _box(b"pitm", b"\0\0\0\0\0\x01")
    meta += _box(b"iloc", b"\0\0\0\0\x44\0\0\x01\0\x01\0\0\0\x01" + b"\0\0\0\x08\0\0\0\x04")
    meta += _box(b"iprp", _box(b"ipco", ispe + irot) + ipma)
    start = _box(b"ftyp", brand + b"\0\0\0\0mif1" + brand)
    return start + _box(b"meta", b"\0\0\0\0" + meta) + _box(b"mdat", b"\0" * 64)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def svg(attributes: str = 'width="640" height="360"', inside: str = "<path d='M0 0'/>") -> bytes:
    """An SVG with the given attributes and content."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()
