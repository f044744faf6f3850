"""The size at which a browser displays an image, and files of which it shows nothing."""

import struct
from random import Random

import pytest

from newsloom.adapters.images.headers import is_complete, read_header
from tests.support.pictures import (
    colour_profile,
    exif,
    gif,
    jpeg,
    jpeg_of,
    png,
    png_chunk,
    png_of,
    segment,
    svg,
    tiff,
    webp,
)

XMP = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
LAYING, UPRIGHT = (640, 360), (360, 640)


def _exif_chunk(orientation: int, order: str = ">") -> bytes:
    return png_chunk(b"eXIf", tiff(orientation, order))


def _framed(screen: tuple[int, int], frame: tuple[int, int], at: tuple[int, int] = (0, 0)) -> bytes:
    """A GIF whose first frame has another size than its screen."""
    whole = bytearray(gif(*frame))
    whole[6:10] = struct.pack("<HH", *screen)
    begin = whole.index(b",") + 1
    whole[begin : begin + 4] = struct.pack("<HH", *at)
    return bytes(whole)


SIZES: dict[str, tuple[bytes, tuple[int, int]]] = {
    # Of several EXIF segments, the first counts.
    "turned, then no orientation": (
        jpeg_of(exif(6) + segment(0xE1, b"Exif\0\0" + tiff(2, tag=0x128))),
        UPRIGHT,
    ),
    "upright, then turned": (jpeg_of(exif(1) + exif(8)), LAYING),
    "turned, then upright": (jpeg_of(exif(8) + exif(1)), UPRIGHT),
    "no orientation, then turned": (
        jpeg_of(segment(0xE1, b"Exif\0\0" + tiff(2, tag=0x128)) + exif(6)),
        LAYING,
    ),
    "XMP between two": (jpeg_of(exif(5) + XMP + exif(1)), UPRIGHT),
    "XMP before": (jpeg_of(XMP + exif(7)), UPRIGHT),
    "after a colour profile": (jpeg_of(colour_profile(70_000) + exif(6)), UPRIGHT),
    "little-endian": (jpeg_of(exif(6, "<") + exif(1)), UPRIGHT),
    "a thumbnail in EXIF": (jpeg_of(exif(6, rest=jpeg(160, 120)) + exif(1)), UPRIGHT),
    "three segments": (jpeg_of(exif(3) + exif(6) + exif(8)), LAYING),
    "upside down": (jpeg_of(exif(3)), LAYING),
    "an orientation that is none": (jpeg_of(exif(9)), LAYING),
    "an orientation that is no short": (
        jpeg_of(segment(0xE1, b"Exif\0\0" + tiff(6, kind=7))),
        LAYING,
    ),
    "EXIF cut off": (jpeg_of(segment(0xE1, b"Exif\0\0" + tiff(6)[:12])), LAYING),
    "EXIF of another order": (jpeg_of(segment(0xE1, b"Exif\0\0XX*\0" + b"\0" * 40)), LAYING),
    "EXIF that begins beyond its end": (
        jpeg_of(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")),
        LAYING,
    ),
    "fill bytes between segments": (jpeg_of(b"\xff\xff\xff" + exif(6)[1:]), UPRIGHT),
    "bytes between segments": (jpeg_of(exif(6) + b"\0\0\0"), UPRIGHT),
    # eXIf turns a PNG if it comes before the pixels.
    **{f"PNG turned by {n}": (png_of(_exif_chunk(n)), UPRIGHT) for n in (5, 6, 7, 8)},
    **{f"PNG not turned by {n}": (png_of(_exif_chunk(n)), LAYING) for n in (0, 1, 2, 3, 4, 9)},
    "PNG, little-endian": (png_of(_exif_chunk(6, "<")), UPRIGHT),
    "PNG, two eXIf": (png_of(_exif_chunk(6) + _exif_chunk(1)), UPRIGHT),
    "PNG, text before eXIf": (png_of(png_chunk(b"tEXt", b"a\0b") + _exif_chunk(6)), UPRIGHT),
    "PNG, profile before eXIf": (png_of(png_chunk(b"iCCP", bytes(500)) + _exif_chunk(8)), UPRIGHT),
    "PNG, eXIf after the pixels": (png_of(b"", after=_exif_chunk(6)), LAYING),
    "PNG, empty eXIf": (png_of(png_chunk(b"eXIf", b"")), LAYING),
    # The first frame enlarges the screen.
    "GIF without a screen": (_framed((0, 0), LAYING), LAYING),
    "GIF with a small screen": (_framed((10, 10), LAYING), LAYING),
    "GIF with a low screen": (_framed((700, 10), LAYING), (700, 360)),
    "GIF with a frame beside its screen": (_framed((640, 360), (100, 100), (600, 0)), (700, 360)),
    "GIF with a small frame": (_framed((640, 360), (10, 10), (5, 5)), LAYING),
    "GIF with a comment after its end": (gif() + b"\r\n<!-- cached -->", LAYING),
    "GIF with a second end": (gif() + b";;", LAYING),
    "GIF without an end": (gif()[:-1], LAYING),
    "GIF cut off in its second frame": (gif(frames=2)[:-4], LAYING),
    "GIF with a comment before its frame": (
        gif().replace(b"!\xf9", b"!\xfe\x03abc\0!\xf9", 1),
        LAYING,
    ),
    "GIF 87a": (gif().replace(b"89a", b"87a"), LAYING),
    # The three forms of WebP.
    **{f"WebP {form}": (webp(form=form), LAYING) for form in ("VP8 ", "VP8L", "VP8X")},
    "WebP of the greatest width": (webp(16_383, 16_383, "VP8L"), (16_383, 16_383)),
    "WebP with scaling": (webp(640 | 1 << 14, 360 | 2 << 14), LAYING),
    "WebP of a large canvas": (webp(100_000, 300, "VP8X"), (100_000, 300)),
    # SVG, however it begins.
    "SVG after a comment": (b"<!--Generator: a program-->" + svg(), LAYING),
    "SVG after a comment and a declaration": (b"<?xml version='1.0'?><!--x--> " + svg(), LAYING),
    "SVG after spaces and comments": (b" \n<!---->\n<!-- a -->" + svg(), LAYING),
    "SVG after a BOM": (b"\xef\xbb\xbf<!--x-->" + svg(), LAYING),
    "SVG after a document type": (b"<!DOCTYPE  svg>" + svg(), LAYING),
    "SVG with a prefix of its own": (
        b"<!--x--><s:svg xmlns:s='http://www.w3.org/2000/svg' width='640' height='360'>"
        b"<s:g/></s:svg>",
        LAYING,
    ),
    "SVG with a comment in it": (svg(inside="<!--x--><path d='M0 0'/>"), LAYING),
    "SVG with text": (svg(inside="<title>Chart</title><text>7</text>"), LAYING),
    "SVG with an image in it": (svg(inside="<image href='data:image/png;base64,AA'/>"), LAYING),
    "SVG in capital letters of its units": (svg('width="640PX" height="360PX"'), LAYING),
}  # fmt: skip


@pytest.mark.parametrize("case", SIZES)
def test_the_size_is_that_of_a_browser(case: str) -> None:
    data, size = SIZES[case]
    header = read_header(data)
    assert header is not None
    assert header.size == size
    assert is_complete(header, data)


NOTHING: dict[str, bytes] = {
    "JPEG cut off before its scan": jpeg_of(exif(1, rest=jpeg(160, 120))).rpartition(b"\xff\xda")[
        0
    ],
    "JPEG cut off in its scan, after a thumbnail": jpeg_of(exif(1, rest=jpeg(160, 120)))[:-2],
    "JPEG that is its header": jpeg()[:20],
    "JPEG that ends before its scan": jpeg().partition(b"\xff\xda")[0] + b"\xff\xd9",
    "JPEG without a frame": b"\xff\xd8" + exif(1) + b"\xff\xd9",
    "JPEG of height 0": jpeg(640, 0),
    "PNG without pixels": png_of(b"").replace(b"IDAT", b"teXt"),
    "PNG cut off before its pixels": png().partition(b"IDAT")[0],
    "PNG without an end": png()[:-12],
    "GIF without a frame": b"GIF89a" + struct.pack("<HHBBB", 640, 360, 0, 0, 0) + b";",
    "GIF cut off in its frame": gif()[:-4],
    "GIF with a comment only": b"GIF89a"
    + struct.pack("<HHBBB", 640, 360, 0, 0, 0)
    + b"!\xfe\1a\0;",
    "WebP cut off": webp()[:-4],
    "WebP without a picture": webp(form="VP8X").replace(b"VP8 ", b"XMP "),
    "SVG without its namespace": svg().replace(b'xmlns="http://www.w3.org/2000/svg"', b""),
    "SVG of another namespace": svg().replace(b"2000/svg", b"1999/xhtml"),
    "SVG without content": svg(inside=""),
    "SVG of a title": svg(inside="<title>Chart</title><desc>A chart</desc>"),
    "SVG of definitions": svg(inside="<defs/><style>a{}</style>"),
    "HTML after a comment": b"<!--x--><html><svg/></html>",
    "RSS after a comment": b"<!-- x --><rss/>",
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_file_that_shows_nothing_is_no_image(case: str) -> None:
    data = NOTHING[case]
    header = read_header(data)
    shows = header is not None and header.size is not None and is_complete(header, data)
    assert not shows or (header and header.size and min(header.size) == 0)


@pytest.mark.parametrize("case", SIZES)
def test_no_bytes_raise_an_exception(case: str) -> None:
    data, chance = SIZES[case][0][:2_000], Random(case)
    for _ in range(40):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            changed[chance.randrange(len(changed))] = chance.choice((0, 1, 0x2C, 0xFF))
        cut = bytes(changed[: chance.randrange(len(changed) + 1)])
        header = read_header(cut)
        if header is not None and header.size is not None:
            is_complete(header, cut)
