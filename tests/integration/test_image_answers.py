"""Answers of image servers that browsers understand: ranges, codings, statuses, odd headers."""

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from newsloom.adapters.images.checks import ImageChecker
from newsloom.adapters.images.fetch import FIRST_BYTES
from newsloom.adapters.web.client import open_client
from newsloom.records.image_check import ImageCheck
from tests.support.pictures import colour_profile, exif, jpeg_of, png, png_chunk, png_of
from tests.support.site import Act, Request, Site, answer, head, in_turn, raw

PAGE = "http://page.example/"


def _with_range(with_it: Act, without: Act) -> Act:
    """Answers otherwise to a request with Range than to one without."""

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        await (with_it if "range" in request.headers else without)(request, writer)

    return act


def _odd(line: bytes) -> Act:
    """A good answer with an odd header line."""
    start = head(200, {"Content-Length": str(len(png()))})
    return raw(start[:-2] + line + b"\r\n\r\n" + png())


def _coded(body: bytes, coding: str) -> Act:
    return answer(body, has_ranges=False, Content_Encoding=coding)


WHOLE = answer(png(), has_ranges=False)
DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_DEFLATE = DEFLATE.compress(png()) + DEFLATE.flush()
PROFILE = jpeg_of(colour_profile(1_829_077))

ANSWERS: dict[str, tuple[Act, str]] = {
    # Range is refused: the image is asked for once more without it.
    **{
        f"{status} to a range": (_with_range(answer(b"", status), WHOLE), "ok")
        for status in (400, 403, 405, 406, 409, 412, 413, 416, 417, 418, 422, 500, 501, 503)
    },
    "a part without its place": (_with_range(answer(png(), "206 Partial"), WHOLE), "ok"),
    "another part": (
        _with_range(answer(png(), "206 Partial", Content_Range="bytes 5-9/90"), WHOLE),
        "ok",
    ),
    "several parts": (
        _with_range(answer(b"--x", "206 Partial", Content_Type="multipart/byteranges"), WHOLE),
        "ok",
    ),
    "hangs up at a range": (_with_range(raw(b""), WHOLE), "ok"),
    "416 with and without": (answer(b"", 416), "http-error"),
    "416, then not found": (_with_range(answer(b"", 416), answer(b"", 404)), "http-error"),
    "416, then no image": (_with_range(answer(b"", 416), answer(b"<html>")), "not-an-image"),
    "not found to a range": (_with_range(answer(b"", 404), WHOLE), "http-error"),
    # Codings that nobody knows are passed over.
    **{
        f"coded as {coding}": (_coded(png(), coding), "ok")
        for coding in (
            *("aws-chunked", "none", "identity", "utf-8", "UTF-8", "binary", "image/png"),
            *("8bit", "null", "aws-chunked, identity", "", "x-unknown"),
        )
    },
    "coded as gzip": (_coded(gzip.compress(png()), "gzip"), "ok"),
    "coded as GZIP in capitals": (_coded(gzip.compress(png()), "GZIP"), "ok"),
    "coded as x-gzip": (_coded(gzip.compress(png()), "x-gzip"), "ok"),
    "coded as gzip and a word": (_coded(gzip.compress(png()), "aws-chunked,gzip"), "ok"),
    "coded as deflate": (_coded(zlib.compress(png()), "deflate"), "ok"),
    "coded as deflate without zlib": (_coded(RAW_DEFLATE, "deflate"), "ok"),
    "coded as Brotli, which is not decoded": (_coded(b"\x8b\x0b\x80", "br"), "not-an-image"),
    "coded twice": (_coded(gzip.compress(gzip.compress(png())), "gzip, gzip"), "not-an-image"),
    "gzip that is none": (_coded(png(), "gzip"), "not-an-image"),
    # Statuses of success.
    **{
        f"status {status}": (answer(png(), status, has_ranges=False), "ok") for status in (201, 203)
    },
    "status 203 without a reason": (answer(png(), "203 ", has_ranges=False), "ok"),
    "status 205": (raw(head(205, {})), "http-error"),
    # Header lines that are not HTTP.
    **{
        f"header {number}": (_odd(line), "ok")
        for number, line in enumerate(
            (
                *(b"X Powered By: a CMS", b"no colon", b": no name", b"<X>: 1", b"X\x00: 1"),
                *(b"X: a\x00b", b"(c): 2", b"Cach\xe9: 1", b"X\t: 1", b"@: 1", b"X/Y: 1"),
            )
        )
    },
    # The first byte comes late.
    **{f"first byte after {s} s": (answer(png(), after_s=s), "ok") for s in (1.5, 2.5, 3.2, 4)},
    "first byte after 6 s": (answer(png(), after_s=6), "timeout"),
    # Large colour profiles before the size.
    **{
        f"a profile of {size} bytes": (answer(jpeg_of(colour_profile(size))), "ok")
        for size in (3_144, 557_168, 654_352, 1_100_000, 1_829_077, 2_400_000, 2_900_000)
    },
    "a profile, no ranges": (answer(PROFILE, has_ranges=False), "ok"),
    "a profile and EXIF": (answer(jpeg_of(colour_profile(1_829_077) + exif(1))), "ok"),
    "a profile in a PNG": (answer(png_of(png_chunk(b"iCCP", bytes(557_168)))), "ok"),
    "a profile of 4 MB": (answer(jpeg_of(colour_profile(4_000_000))), "too-large"),
    # Paths of Windows.
    "windows/photo": (WHOLE, "ok"),
}


def _path(name: str) -> str:
    return "/" + name.replace(" ", "%20")


@pytest.fixture(scope="module")
def checks() -> Iterator[dict[str, ImageCheck]]:
    """The check of each answer. All are fetched at the same time."""

    async def check_all(site: Site) -> list[list[ImageCheck]]:
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.1/32")]))
        try:
            urls = [site.url(_path(name).replace("windows/", "windows\\")) for name in ANSWERS]
            return await asyncio.gather(*[checker.check([url], PAGE) for url in urls])
        finally:
            await checker.close()

    with Site({_path(name): act for name, (act, _) in ANSWERS.items()}) as site:
        yield {n: c for n, (c,) in zip(ANSWERS, asyncio.run(check_all(site)), strict=True)}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_browsers_understand_is_understood(
    name: str, checks: dict[str, ImageCheck]
) -> None:
    assert checks[name]["verdict"] == ANSWERS[name][1]


def _noise(seed: int, size: int = 40_000) -> bytes:
    """Bytes without markers."""
    return bytes((seed * 31 + n * n) % 251 for n in range(size))


TEXT = png_chunk(b"tEXt", b"a\0" + b"x" * 70_000)
PAIRS: dict[str, tuple[bytes, bytes, bool]] = {
    # The name of the case: (one file, another file, whether they are the same to us).
    "one file": (jpeg_of(b""), jpeg_of(b""), True),
    "one large file": (PROFILE, PROFILE, True),
    "other pixels": (jpeg_of(b"", pixels=_noise(1)), jpeg_of(b"", pixels=_noise(2)), False),
    "another height": (
        jpeg_of(colour_profile(70_000)),
        jpeg_of(colour_profile(70_000), 640, 361),
        False,
    ),
    "other pixels after a profile": (
        jpeg_of(colour_profile(70_000), pixels=_noise(1)),
        jpeg_of(colour_profile(70_000), pixels=_noise(2)),
        False,
    ),
    "other pixels after a profile that ends with the first bytes": (
        jpeg_of(colour_profile(FIRST_BYTES - 200), pixels=_noise(1)),
        jpeg_of(colour_profile(FIRST_BYTES - 200), pixels=_noise(2)),
        False,
    ),
    "other pixels after a profile of print": (
        jpeg_of(colour_profile(557_168), pixels=_noise(3)),
        jpeg_of(colour_profile(557_168), pixels=_noise(4)),
        False,
    ),
    "other pixels after much XMP": (
        jpeg_of(8 * (b"\xff\xe1\xea\x60" + b"x" * 59_998), pixels=_noise(5)),
        jpeg_of(8 * (b"\xff\xe1\xea\x60" + b"x" * 59_998), pixels=_noise(6)),
        False,
    ),
    "another end of a long file": (
        jpeg_of(b"", pixels=_noise(1, 90_000)),
        jpeg_of(b"", pixels=_noise(1, 90_500)),
        False,
    ),
    "other metadata": (jpeg_of(exif(1)), jpeg_of(exif(3)), False),
    "PNG, another height after text": (png_of(TEXT, 640, 360), png_of(TEXT, 640, 361), False),
    "PNG, the same after text": (png_of(TEXT), png_of(TEXT), True),
}  # fmt: skip


@pytest.fixture(scope="module")
def fingerprints() -> dict[str, tuple[str, str]]:
    """The fingerprints of both files; each is served with ranges and without."""

    async def check_all(site: Site) -> list[list[ImageCheck]]:
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.1/32")]))
        try:
            urls = [site.url(path) for path in site.acts]
            return await asyncio.gather(*[checker.check([url], PAGE) for url in urls])
        finally:
            await checker.close()

    acts: dict[str, Act] = {}
    for number, (one, other, _) in enumerate(PAIRS.values()):
        acts |= {f"/{number}/one": answer(one), f"/{number}/other": answer(other, has_ranges=False)}
    with Site(acts) as site:
        found = [check["fingerprint"] for (check,) in asyncio.run(check_all(site))]
    return dict(zip(PAIRS, zip(found[::2], found[1::2], strict=True), strict=True))


@pytest.mark.parametrize("name", PAIRS)
def test_files_that_differ_have_other_fingerprints(
    name: str, fingerprints: dict[str, tuple[str, str]]
) -> None:
    one, other = fingerprints[name]
    assert (one == other) is PAIRS[name][2]


def test_a_refused_range_costs_one_more_request() -> None:
    acts = {
        "/gone.png": answer(b"", 404),
        "/refused.png": _with_range(answer(b"", 416), WHOLE),
        "/busy.png": in_turn(answer(b"", 503), WHOLE),
    }

    async def check(site: Site) -> None:
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.1/32")]))
        for path in acts:
            await checker.check([site.url(path)], PAGE)
        await checker.close()

    with Site(acts) as site:
        asyncio.run(check(site))
        assert site.counts() == {"/gone.png": 1, "/refused.png": 2, "/busy.png": 2}
