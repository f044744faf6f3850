"""Hostile image servers over real connections: each check ends in time with the right verdict."""

import asyncio
import gzip
import os
import resource
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from newsloom.adapters.images.checks import RECORD_S, ImageChecker
from newsloom.adapters.images.fetch import FETCH_S, TIMEOUT
from newsloom.adapters.web.client import Body, ask, open_client, read_body
from newsloom.records.image_check import ImageCheck
from tests.support.pictures import avif, gif, jpeg, png, svg, webp
from tests.support.site import (
    Act,
    Site,
    answer,
    endless,
    head,
    in_turn,
    raw,
    redirect,
    silence,
)

OK = head(200, {"Content-Type": "image/png"})
CHUNKED = head(200, {"Transfer-Encoding": "chunked"})
XML_BOMB = b"""<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""

PAGE = "http://page.example/"
SLOW_MACHINE = ("timeout", "unreachable")
"""Verdicts that a busy machine can cause without a fault in the product."""


def _bomb(start: bytes, mebibytes: int = 256) -> bytes:
    """Gzip of `start` and `mebibytes` + 1 MiB of zeros: a few hundred KiB, without its end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(start + b"\0" * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush, equal input gives equal output: compress one MiB and repeat the result.
    return first + (packer.compress(b"\0" * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)) * mebibytes


def _chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


def _range(content_range: str, body: bytes, **headers: Any) -> Act:
    return answer(body, "206 Partial Content", Content_Range=content_range, **headers)


SVG_START = b"<svg xmlns='http://www.w3.org/2000/svg'>"
BOMB = _bomb(b"")
PNG_BOMB = _bomb(png()[:33])

# The name of the case: (the response of the server, the verdict). The path is the name.
CASES: dict[str, tuple[Act, str]] = {
    "PNG": (answer(png()), "ok"),
    "JPEG": (answer(jpeg()), "ok"),
    "JPEG turned by its orientation": (answer(jpeg(360, 640, orientation=6)), "ok"),
    "GIF": (answer(gif()), "ok"),
    "animated GIF": (answer(gif(frames=50)), "ok"),
    "lossy WebP": (answer(webp()), "ok"),
    "lossless WebP": (answer(webp(form="VP8L")), "ok"),
    "extended WebP": (answer(webp(form="VP8X")), "ok"),
    "AVIF": (answer(avif()), "ok"),
    "rotated AVIF": (answer(avif(360, 640, turn=1)), "ok"),
    "SVG": (answer(svg()), "ok"),
    "SVG by its view box": (answer(svg('viewBox="0 0 640 360"')), "ok"),
    "no ranges": (answer(png(), has_ranges=False), "ok"),
    "no length": (raw(OK + png()), "ok"),
    "chunked": (raw(CHUNKED + _chunk(png()) + b"0\r\n\r\n"), "ok"),
    "JPEG with its size after 400 KB of comments": (answer(jpeg(filler=400_000)), "ok"),
    "JPEG with its size after 400 KB of comments, no ranges": (
        answer(jpeg(filler=400_000), has_ranges=False),
        "ok",
    ),
    "JPEG with its size after 2 MB of comments": (answer(jpeg(filler=2_000_000)), "ok"),
    "JPEG with its size after 4 MB of comments": (answer(jpeg(filler=4_000_000)), "too-large"),
    "PNG with the content type of HTML": (answer(png(), Content_Type="text/html"), "ok"),
    "PNG with an empty content type": (answer(png(), Content_Type=""), "ok"),
    "HTML page with the content type of PNG": (
        answer(b"<html>", Content_Type="image/png"),
        "not-an-image",
    ),
    "HTML page with an SVG in it": (answer(b"<html>" + svg()), "not-an-image"),
    "JSON": (answer(b'{"error": "no image"}'), "not-an-image"),
    "PDF": (answer(b"%PDF-1.7\n" + png()), "not-an-image"),
    "HEIC, which browsers do not support": (answer(avif(brand=b"heic")), "not-an-image"),
    "BMP": (answer(b"BM" + b"\0" * 100), "not-an-image"),
    "ICO": (answer(b"\0\0\1\0\1\0" + b"\0" * 100), "not-an-image"),
    "MP4": (answer(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), "not-an-image"),
    "empty body": (answer(b""), "not-an-image"),
    "one byte": (answer(b"\xff"), "not-an-image"),
    "no content": (raw(head(204, {})), "http-error"),
    "GIF that is also a script": (answer(b"GIF89a/*" + b"\0" * 9 + b"*/=alert(1)"), "not-an-image"),
    "JPEG followed by a script": (answer(jpeg() + b"<script>alert(1)</script>"), "ok"),
    "JPEG followed by an archive": (answer(jpeg() + b"PK\x03\x04" + b"\0" * 99), "ok"),
    "gzipped": (answer(gzip.compress(svg()), has_ranges=False, Content_Encoding="gzip"), "ok"),
    "gzip bomb": (
        answer(BOMB, has_ranges=False, Content_Encoding="gzip"),
        "not-an-image",
    ),
    "gzip bomb after a PNG header": (
        answer(PNG_BOMB, has_ranges=False, Content_Encoding="gzip"),
        "ok",
    ),
    "gzip bomb in an SVG": (
        answer(_bomb(SVG_START + b"<!--", 64), has_ranges=False, Content_Encoding="gzip"),
        "not-an-image",
    ),
    "gzip in gzip": (
        answer(gzip.compress(BOMB), has_ranges=False, Content_Encoding="gzip, gzip"),
        "not-an-image",
    ),
    "deflate bomb": (
        answer(zlib.compress(b"\0" * 2**24, 9), has_ranges=False, Content_Encoding="deflate"),
        "not-an-image",
    ),
    "Brotli, which was not requested": (
        answer(b"\x5b\xff\xff\x03\0" * 999, has_ranges=False, Content_Encoding="br"),
        "not-an-image",
    ),
    "zstd, which was not requested": (
        answer(b"\x28\xb5\x2f\xfd" * 999, has_ranges=False, Content_Encoding="zstd"),
        "not-an-image",
    ),
    "gzip encoding of a body that is not gzip": (
        answer(png(), has_ranges=False, Content_Encoding="gzip"),
        "not-an-image",
    ),
    "truncated gzip": (
        answer(gzip.compress(png())[:40], has_ranges=False, Content_Encoding="gzip"),
        "not-an-image",
    ),
    "PNG of 50,000 x 50,000": (answer(png(50_000, 50_000)), "too-large"),
    "PNG of width 2^31": (answer(png(2**31, 640)), "too-large"),
    "PNG of width and height 2^32 - 1": (answer(png(2**32 - 1, 2**32 - 1)), "too-large"),
    "JPEG of 65,535 x 65,535": (answer(jpeg(65_535, 65_535)), "too-large"),
    "GIF of 65,535 x 65,535": (answer(gif(65_535, 65_535)), "too-large"),
    "AVIF of 2^31 x 2^31": (answer(avif(2**31, 2**31)), "too-large"),
    "SVG of 999,999 x 999,999": (answer(svg('width="999999" height="999999"')), "too-large"),
    "Content-Length of 1 GiB": (raw(head(200, {"Content-Length": str(2**30)})), "too-large"),
    "Content-Range of 1 GiB": (_range("bytes 0-9/1073741824", png()), "too-large"),
    "PNG of width 0": (answer(png(0, 360)), "not-an-image"),
    "GIF of 1 x 1": (answer(gif(1, 1)), "tracking-pixel"),
    "PNG of 2 x 3": (answer(png(2, 3)), "tracking-pixel"),
    "JPEG of 150 x 150": (answer(jpeg(150, 150)), "too-small"),
    "JPEG of 90 x 300, turned by its orientation": (
        answer(jpeg(90, 300, orientation=8)),
        "too-small",
    ),
    "banner": (answer(jpeg(970, 250)), "bad-shape"),
    "tall banner": (answer(jpeg(160, 600)), "bad-shape"),
    "endless body": (endless(OK, b"\0" * 65_536), "not-an-image"),
    "endless body after the start of a JPEG": (
        endless(OK + jpeg()[:2], b"\xff\xfe\xff\xff" + b"\0" * 65_533),
        "too-large",
    ),
    "endless SVG": (endless(OK + SVG_START, b"<g/>" * 9_999), "too-large"),
    "endless chunks": (endless(CHUNKED, _chunk(b"\xff\xd8\xff" * 9_999)), "too-large"),
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 999), "unreachable"),
    "one endless header": (endless(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 65_536), "unreachable"),
    "slow headers": (endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.3), "timeout"),
    "slow body": (endless(OK + png()[:8], b"\0", 0.3), "timeout"),
    "silence": (silence(), "timeout"),
    "silence after the headers": (endless(OK, b"", 60), "timeout"),
    "connection closed before the end of the body": (
        raw(head(200, {"Content-Length": "5000"}) + png()[:50]),
        "unreachable",
    ),
    "body longer than its Content-Length": (
        raw(head(200, {"Content-Length": "9"}) + png()),
        "not-an-image",
    ),
    "Content-Length that is not a number": (
        raw(head(200, {"Content-Length": "lots"}) + png()),
        "unreachable",
    ),
    "negative Content-Length": (raw(head(200, {"Content-Length": "-1"}) + png()), "unreachable"),
    "two Content-Length headers": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 500\r\n\r\n" + png()),
        "unreachable",
    ),
    "invalid chunk size": (raw(CHUNKED + b"zz\r\n" + png()), "unreachable"),
    "SSH banner": (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "unreachable"),
    "HTTP 0.9 response": (raw(png()), "unreachable"),
    "connection closed at once": (raw(b""), "unreachable"),
    "range that was not requested": (_range("bytes 100-200/5000", png()), "http-error"),
    "invalid Content-Range": (_range("bytes all", png()), "http-error"),
    "partial content without Content-Range": (answer(png(), "206 Partial Content"), "http-error"),
    "range larger than requested": (
        _range(f"bytes 0-{len(jpeg(filler=400_000)) - 1}/*", jpeg(filler=400_000)),
        "ok",
    ),
    "multipart ranges": (
        answer(png(), "206 Partial Content", Content_Type="multipart/byteranges"),
        "http-error",
    ),
    "range not satisfiable": (answer(b"", 416), "http-error"),
    "not found": (answer(png(), 404), "http-error"),
    "forbidden": (answer(png(), 403), "http-error"),
    "payment required": (answer(png(), 402), "http-error"),
    "not modified, without a conditional request": (answer(b"", 304), "http-error"),
    "status 999": (answer(png(), 999), "http-error"),
    "too many requests, then OK": (in_turn(answer(b"", 429, Retry_After="1"), answer(png())), "ok"),
    "too many requests, retry after an hour": (answer(b"", 429, Retry_After="3600"), "http-error"),
    "service unavailable, then OK": (in_turn(answer(b"", 503), answer(png())), "ok"),
    "internal server error": (answer(b"", 500), "http-error"),
    "connection closed at once, then OK": (in_turn(raw(b""), answer(png())), "ok"),
    "redirect": (redirect("/PNG"), "ok"),
    "redirect to another file name": (redirect("/placeholder.png"), "placeholder"),
    "redirect to itself": (redirect("/redirect%20to%20itself"), "too-many-redirects"),
    "redirect in a circle": (redirect("/redirect%20in%20a%20circle%202"), "too-many-redirects"),
    "redirect in a circle 2": (redirect("/redirect%20in%20a%20circle"), "too-many-redirects"),
    "redirect without a Location": (answer(b"", 302), "http-error"),
    "redirect to a file": (redirect("file:///etc/passwd"), "blocked-address"),
    "redirect to a private address": (redirect("http://10.0.0.1/a.png"), "blocked-address"),
    "redirect to a cloud metadata address": (
        redirect("http://169.254.169.254/"),
        "blocked-address",
    ),
    "redirect with credentials": (redirect("http://a:b@127.0.0.1/"), "blocked-address"),
    "redirect to an invalid URL": (redirect("http://[::1"), "http-error"),
    "SVG with entities": (answer(XML_BOMB + svg(inside="&b;")), "not-an-image"),
    "SVG with an external entity": (
        answer(b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg(inside="&x;")),
        "not-an-image",
    ),
    "SVG with a script": (answer(svg(inside="<script>alert(1)</script>")), "not-an-image"),
    "SVG with an event handler": (
        answer(svg('width="640" height="360" onload="a()"')),
        "not-an-image",
    ),
    "SVG with a foreign object": (answer(svg(inside="<foreignObject/>")), "not-an-image"),
    "SVG that loads another file": (
        answer(svg(inside='<image href="http://10.0.0.1/"/>')),
        "not-an-image",
    ),
    "SVG without a size": (answer(svg("")), "not-an-image"),
    "SVG nested too deep": (answer(svg(inside="<g>" * 9_999)), "not-an-image"),
    "truncated SVG": (answer(svg()[:-3]), "not-an-image"),
    "PNG truncated in its header": (answer(png()[:20]), "not-an-image"),
    "PNG truncated in its pixels": (answer(png()[:-20]), "not-an-image"),
    "JPEG truncated in its header": (answer(jpeg()[:12]), "not-an-image"),
    "JPEG truncated in its pixels": (answer(jpeg()[:-5]), "not-an-image"),
    "GIF truncated in its header": (answer(gif()[:8]), "not-an-image"),
    "GIF truncated in its pixels": (answer(gif()[:-4]), "not-an-image"),
    "WebP truncated in its header": (answer(webp()[:20]), "not-an-image"),
    "WebP truncated in its pixels": (answer(webp()[:-4]), "not-an-image"),
    "AVIF truncated in its header": (answer(avif()[:60]), "not-an-image"),
    "AVIF truncated in its pixels": (answer(avif()[:-9]), "not-an-image"),
    "AVIF with 65,535 item locations": (
        answer(avif().replace(b"iloc\0\0\0\0\x44\0\0\x01", b"iloc\0\0\0\0\0\0\xff\xff")),
        "ok",
    ),
    "AVIF with 5,000 empty boxes": (
        answer(avif()[:24] + b"\0\0\0\x08meta" * 5_000),
        "not-an-image",
    ),
    "PNG with a wrong first chunk": (
        answer(png()[:8] + struct.pack(">I", 13) + b"tEXt" + b"\0" * 17 + png()[8:]),
        "not-an-image",
    ),
}


def _path(name: str) -> str:
    return "/" + name.replace(" ", "%20").replace("^", "%5E").replace(",", "%2C")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    responses = {_path(name): response for name, (response, _) in CASES.items()}
    with Site(responses | {"/placeholder.png": answer(png())}) as server:
        yield server


@pytest.fixture(scope="module")
def results(site: Site) -> dict[str, tuple[ImageCheck, float]]:
    """The check of each case and its duration in seconds. All are fetched at the same time."""

    async def check_case(checker: ImageChecker, name: str) -> tuple[ImageCheck, float]:
        started_s = time.monotonic()
        (check,) = await checker.check([site.url(_path(name))], PAGE)
        return check, time.monotonic() - started_s

    async def check_cases(names: Sequence[str]) -> list[tuple[ImageCheck, float]]:
        client = open_client("Newsloom/test", [ip_network("127.0.0.1/32")])
        checker = ImageChecker(client)
        try:
            return await asyncio.gather(*[check_case(checker, name) for name in names])
        finally:
            await checker.close()

    before = _memory_bytes()
    by_name = dict(zip(CASES, asyncio.run(check_cases(list(CASES))), strict=True))
    # On a busy machine a connection may take too long: fetch such a case again, alone.
    for name, (check, _) in by_name.items():
        if check["verdict"] in SLOW_MACHINE and check["verdict"] != CASES[name][1]:
            (by_name[name],) = asyncio.run(check_cases([name]))
    grown_mib = (_memory_bytes() - before) / 2**20
    assert grown_mib < 50, f"memory has grown by {grown_mib:.0f} MiB"
    return by_name


def _memory_bytes() -> int:
    if Path("/proc/self/statm").exists():
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("name", CASES)
def test_check_ends_in_time_with_the_expected_verdict(
    name: str, results: dict[str, tuple[ImageCheck, float]]
) -> None:
    check, seconds = results[name]
    assert check["verdict"] == CASES[name][1]
    assert seconds < RECORD_S
    if check["verdict"] == "ok":
        assert (check["width"], check["height"]) == (640, 360)


def test_no_check_takes_longer_than_its_fetch_and_the_wait_for_a_slot(
    results: dict[str, tuple[ImageCheck, float]],
) -> None:
    assert max(seconds for _, seconds in results.values()) < 3 * FETCH_S


def test_decompression_stops_at_the_limit() -> None:
    """Memory during decompression is bounded, not only the part of the body that is kept."""
    response_with_bomb = answer(
        BOMB, has_ranges=False, Content_Encoding="gzip", Content_Type="image/png"
    )

    async def read() -> Body:
        client = open_client("Newsloom/test", [ip_network("127.0.0.1/32")])
        async with client, ask(client, server.url("/"), {}, TIMEOUT) as response:
            tracemalloc.start()
            return await read_body(response, 64 * 1024)

    with Site({"/": response_with_bomb}) as server:
        try:
            body = asyncio.run(read())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (len(body.data), body.is_whole) == (64 * 1024, False)
    assert peak < 2 * 2**20
