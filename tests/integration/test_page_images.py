"""Images found on pages: those that the page declares, if robots.txt and the guard allow it."""

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
SCRIPT = b"<script>%s</script>"
NEWS = b'{"@type": "NewsArticle", "image": "/ld.png"}'
STAND_INS = b"".join(OG.replace(b"og.png", b"placeholder.png?%d" % n) for n in range(5))

PAGES: dict[str, tuple[bytes, list[str]]] = {
    "Open Graph": (OG, ["/og.png"]),
    "Open Graph by name": (b'<meta name="og:image" content="/og.png">', ["/og.png"]),
    "upper case": (b'<META PROPERTY="OG:IMAGE" CONTENT="/og.png">', ["/og.png"]),
    "relative URL": (b'<meta property="og:image" content="og.png">', ["/news/og.png"]),
    "surrounding spaces": (b'<meta property="og:image" content=" /og.png ">', ["/og.png"]),
    "entities": (b'<meta property="og:image" content="/og.png?a=1&amp;b=2">', ["/og.png?a=1&b=2"]),
    "Twitter": (TWITTER, ["/tw.png"]),
    "Open Graph first": (TWITTER + OG, ["/og.png", "/tw.png"]),
    "same image twice": (OG + OG, ["/og.png"]),
    "JSON-LD": (LD % b'{"@type": "NewsArticle", "image": "/ld.png"}', ["/ld.png"]),
    "JSON-LD object": (LD % b'{"@type": "Article", "image": {"url": "/ld.png"}}', ["/ld.png"]),
    "JSON-LD lists": (
        LD % b'{"@type": ["X", "Posting"], "image": ["/1", {"url": "/2"}]}',
        ["/1", "/2"],
    ),
    "JSON-LD graph": (LD % b'{"@graph": [{"@type": "Article", "image": "/ld.png"}]}', ["/ld.png"]),
    "JSON-LD of an organisation": (LD % b'{"@type": "Organization", "image": "/logo.png"}', []),
    "invalid JSON": (LD % b"{" + LD % b'{"@type": "Article", "image": "/ld.png"}', ["/ld.png"]),
    "JSON of unexpected types": (LD % b'[1, {"@type": 5, "image": {"url": 5}}]', []),
    "deeply nested JSON": (LD % (b"[" * 900 + b"]" * 900), []),
    "file URL": (b'<meta property="og:image" content="file:///etc/passwd">', []),
    "data URL": (b'<meta property="og:image" content="data:image/png;base64,AAAA">', []),
    "invalid URL": (b'<meta property="og:image" content="http://[">', []),
    "meta without content": (b'<meta property="og:image">', []),
    "in the body text only": (b"<p>og:image</p><img src='/a.png'>", []),
    "empty page": (b"", []),
    "binary data": (bytes(range(256)), []),
    "more than the limit of images": (
        b"".join(OG.replace(b"og.", b"og%d." % n) for n in range(9)),
        [f"/og{n}.png" for n in range(5)],
    ),
    # Named stand-ins count only if there is nothing else.
    "five stand-ins, then Twitter": (STAND_INS + TWITTER, ["/tw.png"]),
    "five stand-ins, then JSON-LD": (STAND_INS + LD % NEWS, ["/ld.png"]),
    "fifty stand-ins, then JSON-LD": (10 * STAND_INS + LD % NEWS, ["/ld.png"]),
    "a stand-in, then Open Graph": (STAND_INS[: len(STAND_INS) // 5] + OG, ["/og.png"]),
    "Open Graph, then stand-ins": (OG + STAND_INS, ["/og.png"]),
    "stand-ins of other names": (
        b"".join(OG.replace(b"/og", name) for name in (b"/default-image", b"/no-photo", b"/spacer",
                                                       b"/fallback", b"/blank", b"/1x1")) + TWITTER,
        ["/tw.png"],
    ),
    "stand-ins in JSON-LD": (
        LD % b'{"@type": "Article", "image": ["/placeholder.png", "/ld.png"]}',
        ["/ld.png"],
    ),
    "six stand-ins in JSON-LD": (
        LD % (b'{"@type": "Article", "image": [' + b'"/placeholder.png",' * 6 + b'"/ld.png"]}'),
        ["/ld.png"],
    ),
    "a beacon, then Twitter": (OG.replace(b"og.", b"pixel.") + TWITTER, ["/tw.png"]),
    "only a stand-in": (OG.replace(b"og.", b"placeholder."), ["/placeholder.png"]),
    # References are relative to the base of the page.
    "a base": (b'<base href="/img/">' + OG.replace(b"/og", b"og"), ["/img/og.png"]),
    "a base without effect": (b'<base href="/img/">' + OG, ["/og.png"]),
    "an invalid base": (b'<base href="http://[">' + OG, ["/og.png"]),
    "backslashes": (OG.replace(b"/og.png", b"\\img\\og.png"), ["/img/og.png"]),
    "a backslash in a query": (OG.replace(b"og.png", b"og.png?a=\\b"), ["/og.png?a=\\b"]),
    "a line break within": (OG.replace(b"og.png", b"\nog\t.png"), ["/og.png"]),
    "the eleventh script": (10 * (LD % b"{}") + LD % NEWS, ["/ld.png"]),
    # Broken JSON-LD, and references within it.
    "JSON-LD with a line break": (
        LD % b'{"@type": "NewsArticle", "headline": "Fog\nlifts", "image": "/ld.png"}',
        ["/ld.png"],
    ),
    "JSON-LD in CDATA": (LD % (b"\n//<![CDATA[\n" + NEWS + b"\n//]]>\n"), ["/ld.png"]),
    "JSON-LD by reference": (
        LD % (b'{"@graph": [{"@type": "NewsArticle", "image": {"@id": "#a"}},'
              b' {"@type": "ImageObject", "@id": "#a", "url": "/ld.png"}]}'),
        ["/ld.png"],
    ),
    "JSON-LD with a charset in its type": (
        LD.replace(b"ld+json", b"ld+json; charset=utf-8") % NEWS,
        ["/ld.png"],
    ),
    "JSON-LD in capital letters": (LD.replace(b"ld+json", b"LD+JSON") % NEWS, ["/ld.png"]),
    # Far down in the page, after scripts with many tags.
    "after 700 kB of script": (SCRIPT % (b"var a=1;" * 87_500) + OG, ["/og.png"]),
    "after 700 kB of style": (b"<style>" + b"a{b:c}" * 117_000 + b"</style>" + OG, ["/og.png"]),
    "after a script with 9,000 tags": (SCRIPT % (b"'<b>'" * 9_000) + OG, ["/og.png"]),
    "after 200 scripts": (SCRIPT % b"'<a><b><c>'" * 200 + OG, ["/og.png"]),
    "JSON-LD after 700 kB": (SCRIPT % (b"var a=1;" * 87_500) + LD % NEWS, ["/ld.png"]),
    "in a comment": (b"<!-- " + OG + b" -->", []),
    "in a script": (SCRIPT % OG, []),
}  # fmt: skip


@pytest.mark.parametrize("case", PAGES)
def test_page_yields_its_declared_images(case: str) -> None:
    page, expected = PAGES[case]
    assert find_page_images(page, BASE) == [f"https://site.example{path}" for path in expected]


@pytest.mark.parametrize("part", [b"<div>", b"<b><i>", b"<table><td>", b"<!--", b"<p x='", b"&amp"])
def test_parsing_a_hostile_page_takes_under_two_seconds(part: bytes) -> None:
    started_s = time.process_time()
    assert find_page_images(OG + part * (512 * 1024 // len(part)), BASE)[:1] == [
        str(BASE.join("/og.png"))
    ]
    assert time.process_time() - started_s < 2


def test_a_large_page_in_an_old_encoding_is_read(tmp_path: Path) -> None:
    """The page names its image after 1.5 MB, in the encoding of its content type."""
    text = '<meta property="og:image" content="/фото.png">'
    page = SCRIPT % (b"var a=1;" * 190_000) + text.encode("cp1251")
    path = "/%D1%84%D0%BE%D1%82%D0%BE.png"
    acts = {
        "/page": answer(page, has_ranges=False, Content_Type="text/html; charset=windows-1251"),
        path: answer(png()),
    }
    with Site(acts) as site:
        source = write_lines(tmp_path / "events.jsonl", [article(1, webUrl=site.url("/page"))])
        options = ("--discover-images",)
        complete(source, *options, output=tmp_path / "out", environment=LOOPBACK)
        (record,) = records(tmp_path / "out", "curated.jsonl")
        assert site.counts()[path] == 1
    assert len(record["images"]) == 1


CLOSED = b"User-agent: *\nDisallow: /\n"
# The response for robots.txt, and whether the page is fetched (RFC 9309, section 2.3.1).
ROBOTS: dict[str, tuple[Act, bool]] = {
    "not found": (answer(b"", 404), True),
    "gone": (answer(b"", 410), True),
    "robots.txt is forbidden": (answer(b"", 403), True),
    "empty": (answer(b""), True),
    "all are allowed": (answer(b"User-agent: *\nAllow: /\n"), True),
    "all are disallowed": (answer(CLOSED), False),
    "Newsloom is disallowed": (answer(b"User-agent: newsloom\nDisallow: /news\n"), False),
    "another crawler is disallowed": (answer(b"User-agent: other\nDisallow: /\n"), True),
    "only Newsloom is allowed": (answer(CLOSED + b"\nUser-agent: Newsloom\nAllow: /\n"), True),
    "this page is disallowed": (answer(b"User-agent: *\nDisallow: /*1$\n"), False),
    "another page is disallowed": (answer(b"User-agent: *\nDisallow: /sport\n"), True),
    "one redirect": (redirect("/rules.txt"), False),
    "service unavailable": (answer(b"", 503), False),
    "too many requests": (answer(b"", 429), False),
    "no answer": (silence(), False),
    "endless": (endless(head(200, {}), b"User-agent: *\nDisallow: /sport\n" * 99), True),
    "binary data, ignored": (answer(bytes(range(256)) * 99), True),
    "endless redirects": (redirect("/robots.txt"), False),
    "redirect to a private address": (redirect("http://10.0.0.1/robots.txt"), False),
}  # fmt: skip


@pytest.mark.parametrize("case", ROBOTS)
def test_robots_txt_decides_if_the_page_is_fetched(case: str) -> None:
    robots, is_fetched = ROBOTS[case]
    responses: dict[str, Act] = {
        "/robots.txt": robots,
        "/rules.txt": answer(CLOSED),
        "/news/1": answer(OG, Content_Type="text/html; charset=utf-8"),
        "/og.png": answer(png()),
    }
    with Site(responses) as site:
        checks = _discover(site.url("/news/1"), site.url("/news/1"))
        assert [[check["verdict"] for check in checks_of_page] for checks_of_page in checks] == [
            ["ok"] * is_fetched
        ] * 2
        counts = site.counts()
    assert counts["/news/1"] == 2 * is_fetched
    assert counts["/og.png"] == is_fetched
    if case != "endless redirects":
        assert counts["/robots.txt"] == 1, "robots.txt must be fetched once"


def _discover(*urls: str) -> list[Any]:
    async def check() -> list[Any]:
        client = open_client("Newsloom/test", [ip_network("127.0.0.1/32")])
        checker = ImageChecker(client, should_discover=True)
        try:
            return await asyncio.gather(*[checker.check([], url) for url in urls])
        finally:
            await checker.close()

    return asyncio.run(check())


UNREADABLE: dict[str, Act] = {
    "not found": answer(OG, 404),
    "an image": answer(png(), Content_Type="image/png"),
    "slow body": endless(head(200, {}), b"<", 0.3),
    "no answer": silence(),
    "unknown content encoding": answer(OG, Content_Encoding="br"),
    "redirect to a private address": redirect("http://127.0.0.2/"),
    "endless redirects": redirect("/page"),
    "redirect to a path that robots.txt disallows": redirect("/closed"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_page_yields_no_images(case: str) -> None:
    robots = answer(b"User-agent: *\nDisallow: /closed\n")
    with Site({"/page": UNREADABLE[case], "/robots.txt": robots, "/closed": answer(OG)}) as site:
        assert _discover(site.url("/page")) == [[]]
        assert "/closed" not in site.counts()


def test_pages_are_fetched_only_with_the_option_and_for_articles_without_images(
    tmp_path: Path,
) -> None:
    page = answer(OG, Content_Type="text/html")
    responses = {
        "/1": page,
        "/2": page,
        "/og.png": answer(png()),
        "/own.png": in_turn(answer(png(320, 200))),
    }
    with Site(responses) as site:
        lines = [
            article(1, webUrl=site.url("/1")),
            article(2, site.url("/own.png"), webUrl=site.url("/2")),
        ]
        source = write_lines(tmp_path / "events.jsonl", lines)
        for options, expected_widths in (([], [None, 320]), (["--discover-images"], [640, 320])):
            out = tmp_path / f"out{len(options)}"
            complete(source, *options, output=out, environment=LOOPBACK)
            widths = [
                record.get("images", [{}])[0].get("width")
                for record in records(out, "curated.jsonl")
            ]
            assert widths == expected_widths
            assert site.counts()["/1"] == len(options)
        assert site.counts()["/2"] == 0
