"""Images found on pages: named as the page's own, where robots may, behind the guard."""

import asyncio
import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsloom.adapters.images.checks import ImageChecker
from newsloom.adapters.images.page import find_page_images
from newsloom.adapters.web.client import open_client
from tests.support.illustrated import LOOPBACK, article
from tests.support.pictures import png
from tests.support.runs import complete, records, write_lines
from tests.support.site import Act, Site, answer, endless, head, in_turn, redirect, silence

BASE = httpx.URL("https://site.example/news/1")
OG = b'<meta property="og:image" content="/og.png">'
TWITTER = b'<meta name="twitter:image" content="/tw.png">'
LD = b"<script type='application/ld+json'>%s</script>"

PAGES: dict[str, tuple[bytes, list[str]]] = {
    "Open Graph": (OG, ["/og.png"]),
    "by name": (b'<meta name="og:image" content="/og.png">', ["/og.png"]),
    "in capitals": (b'<META PROPERTY="OG:IMAGE" CONTENT="/og.png">', ["/og.png"]),
    "relative": (b'<meta property="og:image" content="og.png">', ["/news/og.png"]),
    "with spaces around": (b'<meta property="og:image" content=" /og.png ">', ["/og.png"]),
    "entities": (b'<meta property="og:image" content="/og.png?a=1&amp;b=2">', ["/og.png?a=1&b=2"]),
    "Twitter": (TWITTER, ["/tw.png"]),
    "Open Graph first": (TWITTER + OG, ["/og.png", "/tw.png"]),
    "the same twice": (OG + OG, ["/og.png"]),
    "JSON-LD": (LD % b'{"@type": "NewsArticle", "image": "/ld.png"}', ["/ld.png"]),
    "an object": (LD % b'{"@type": "Article", "image": {"url": "/ld.png"}}', ["/ld.png"]),
    "a list": (LD % b'{"@type": ["X", "Posting"], "image": ["/1", {"url": "/2"}]}', ["/1", "/2"]),
    "in a graph": (LD % b'{"@graph": [{"@type": "Article", "image": "/ld.png"}]}', ["/ld.png"]),
    "of an organisation": (LD % b'{"@type": "Organization", "image": "/logo.png"}', []),
    "no JSON": (LD % b"{" + LD % b'{"@type": "Article", "image": "/ld.png"}', ["/ld.png"]),
    "JSON of another shape": (LD % b'[1, {"@type": 5, "image": {"url": 5}}]', []),
    "deep JSON": (LD % (b"[" * 900 + b"]" * 900), []),
    "a file": (b'<meta property="og:image" content="file:///etc/passwd">', []),
    "data": (b'<meta property="og:image" content="data:image/png;base64,AAAA">', []),
    "no URL": (b'<meta property="og:image" content="http://[">', []),
    "no content": (b'<meta property="og:image">', []),
    "in the text only": (b"<p>og:image</p><img src='/a.png'>", []),
    "nothing": (b"", []),
    "no HTML": (bytes(range(256)), []),
    "more than enough": (
        b"".join(OG.replace(b"og.", b"og%d." % n) for n in range(9)),
        [f"/og{n}.png" for n in range(5)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", PAGES)
def test_a_page(reason: str) -> None:
    page, expected = PAGES[reason]
    assert find_page_images(page, BASE) == [f"https://site.example{path}" for path in expected]


@pytest.mark.parametrize("part", [b"<div>", b"<b><i>", b"<table><td>", b"<!--", b"<p x='", b"&amp"])
def test_no_page_takes_long(part: bytes) -> None:
    began = time.process_time()
    assert find_page_images(OG + part * (512 * 1024 // len(part)), BASE)[:1] == [
        str(BASE.join("/og.png"))
    ]
    assert time.process_time() - began < 2


CLOSED = b"User-agent: *\nDisallow: /\n"
# robots.txt, and whether the page is fetched (RFC 9309, 2.3.1)
ROBOTS: dict[str, tuple[Act, bool]] = {
    "none": (answer(b"", 404), True),
    "gone": (answer(b"", 410), True),
    "forbidden itself": (answer(b"", 403), True),
    "empty": (answer(b""), True),
    "all may": (answer(b"User-agent: *\nAllow: /\n"), True),
    "nobody may": (answer(CLOSED), False),
    "we may not": (answer(b"User-agent: newsloom\nDisallow: /news\n"), False),
    "another may not": (answer(b"User-agent: other\nDisallow: /\n"), True),
    "we may, others not": (answer(CLOSED + b"\nUser-agent: Newsloom\nAllow: /\n"), True),
    "not this page": (answer(b"User-agent: *\nDisallow: /*1$\n"), False),
    "not another page": (answer(b"User-agent: *\nDisallow: /sport\n"), True),
    "by a redirect": (redirect("/rules.txt"), False),
    "out of order": (answer(b"", 503), False),
    "too many asked": (answer(b"", 429), False),
    "silent": (silence(), False),
    "endless": (endless(head(200, {}), b"User-agent: *\nDisallow: /sport\n" * 99), True),
    "no text": (answer(bytes(range(256)) * 99), True),
    "redirects for ever": (redirect("/robots.txt"), False),
    "into private space": (redirect("http://10.0.0.1/robots.txt"), False),
}  # fmt: skip


@pytest.mark.parametrize("reason", ROBOTS)
def test_robots(reason: str) -> None:
    robots, is_fetched = ROBOTS[reason]
    acts: dict[str, Act] = {
        "/robots.txt": robots,
        "/rules.txt": answer(CLOSED),
        "/news/1": answer(OG, Content_Type="text/html; charset=utf-8"),
        "/og.png": answer(png()),
    }
    with Site(acts) as site:
        checks = _discover(site.url("/news/1"), site.url("/news/1"))
        assert [[check["verdict"] for check in found] for found in checks] == [
            ["ok"] * is_fetched
        ] * 2
        counts = site.counts()
    assert counts["/news/1"] == 2 * is_fetched
    assert counts["/og.png"] == is_fetched
    if "redirects" not in reason:
        assert counts["/robots.txt"] == 1, "asked once"


def _discover(*urls: str) -> list[Any]:
    async def work() -> list[Any]:
        client = open_client("Newsloom/test", [ip_network("127.0.0.1/32")])
        checker = ImageChecker(client, should_discover=True)
        try:
            return await asyncio.gather(*[checker.check([], url) for url in urls])
        finally:
            await checker.close()

    return asyncio.run(work())


ODD: dict[str, Act] = {
    "not found": answer(OG, 404),
    "an image": answer(png(), Content_Type="image/png"),
    "slow": endless(head(200, {}), b"<", 0.3),
    "silent": silence(),
    "in a coding we do not know": answer(OG, Content_Encoding="br"),
    "a redirect into private space": redirect("http://127.0.0.2/"),
    "a redirect for ever": redirect("/page"),
    "a redirect to where robots may not": redirect("/closed"),
}


@pytest.mark.parametrize("reason", ODD)
def test_a_page_that_cannot_be_read_gives_none(reason: str) -> None:
    robots = answer(b"User-agent: *\nDisallow: /closed\n")
    with Site({"/page": ODD[reason], "/robots.txt": robots, "/closed": answer(OG)}) as site:
        assert _discover(site.url("/page")) == [[]]
        assert "/closed" not in site.counts()


def test_only_when_asked_for_and_only_without_images(tmp_path: Path) -> None:
    page = answer(OG, Content_Type="text/html")
    acts = {
        "/1": page,
        "/2": page,
        "/og.png": answer(png()),
        "/own.png": in_turn(answer(png(320, 200))),
    }
    with Site(acts) as site:
        lines = [
            article(1, webUrl=site.url("/1")),
            article(2, site.url("/own.png"), webUrl=site.url("/2")),
        ]
        source = write_lines(tmp_path / "events.jsonl", lines)
        for flags, images in (([], [None, 320]), (["--discover-images"], [640, 320])):
            out = tmp_path / f"out{len(flags)}"
            complete(source, *flags, output=out, environment=LOOPBACK)
            shown = [
                record.get("images", [{}])[0].get("width")
                for record in records(out, "curated.jsonl")
            ]
            assert shown == images
            assert site.counts()["/1"] == len(flags)
        assert site.counts()["/2"] == 0
