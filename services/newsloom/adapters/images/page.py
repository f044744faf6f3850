"""Finds the images that an article's page names.

In: the URL of an article. Out: image URLs from Open Graph, Twitter cards and JSON-LD, in this
order. It fetches through the guard, obeys robots.txt and reads at most the first 2 MiB of a page.
Raises nothing but MemoryError.
"""

import asyncio
import logging
from collections.abc import Iterator

import httpx
from selectolax.lexbor import LexborHTMLParser

from newsloom.adapters.images.linked_data import find_article_images
from newsloom.adapters.images.page_text import decode_page, trim_page
from newsloom.adapters.web.client import (
    FETCH_ERRORS,
    RefusedError,
    Turn,
    as_browsers_read,
    ask,
    read_body,
)
from newsloom.adapters.web.hosts import HostDownError, Hosts, NoTurnError
from newsloom.adapters.web.robots import Robots
from newsloom.rules.addresses.urls import url_fault
from newsloom.rules.images import Verdict, judge_name

PAGE_S = 5.0
"""Seconds for fetching one page."""
MAX_BYTES = 2 * 1024 * 1024
"""Some pages have 700 KB of scripts before they name their image."""
MAX_IMAGES = 5
MAX_SCRIPTS = 50

_TIMEOUT = httpx.Timeout(connect=2.0, read=PAGE_S, write=2.0, pool=PAGE_S)
_HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip"}
_NAMES = (
    "og:image",
    "og:image:url",
    "og:image:secure_url",
    "twitter:image",
    "twitter:image:src",
)

log = logging.getLogger(__name__)


class PageImages:
    """Finds images on pages. Use it on one asyncio loop only."""

    def __init__(self, client: httpx.AsyncClient, hosts: Hosts) -> None:
        self._client = client
        self._hosts = hosts
        self._robots = Robots(client)

    async def find(self, url: str) -> list[str]:
        """At most five image URLs, most likely first; empty if the page cannot be fetched."""
        try:
            async with asyncio.timeout(PAGE_S) as limit:
                return await self._read(url, lambda hop: self._hosts.turn(hop, limit))
        except (*FETCH_ERRORS, RefusedError, HostDownError, NoTurnError) as error:
            log.info("no images from the page %s: %r", url, error)
        except MemoryError:
            raise
        except Exception as error:  # a hostile page can raise anything in the libraries
            log.warning("the page %s could not be read: %r", url, error)
        return []

    async def _read(self, url: str, turn: Turn) -> list[str]:
        may_fetch = self._robots.may_fetch
        async with ask(self._client, url, _HEADERS, _TIMEOUT, may_fetch, turn) as response:
            kind = response.headers.get("content-type", "text/html").lower()
            if response.status_code != 200 or "html" not in kind:
                return []
            body = await read_body(response, MAX_BYTES)
            return find_page_images(body.data, response.url, kind)


def find_page_images(page: bytes, base: httpx.URL, content_type: str = "") -> list[str]:
    """The URLs of at most five images that `page`, fetched from `base`, names, without repeats.

    Images that are named as stand-ins count only if there is no other one.
    """
    parser = LexborHTMLParser(trim_page(decode_page(page, content_type)))
    base = _base_of(parser, base)
    found: dict[str, None] = {}
    for reference in (*_from_metadata(parser), *_from_json(parser)):
        try:
            image = base.join(as_browsers_read(reference.strip()))
        except (httpx.InvalidURL, UnicodeError):
            continue
        if url_fault(str(image)) is None:
            found[str(image)] = None
    named_well = [image for image in found if judge_name(image) is Verdict.OK]
    return (named_well or list(found))[:MAX_IMAGES]


def _base_of(parser: LexborHTMLParser, url: httpx.URL) -> httpx.URL:
    """The URL to which references are relative: that of the page, or its first `base`."""
    tag = parser.css_first("base[href]")
    try:
        base = url.join((tag.attributes.get("href") or "").strip()) if tag else url
    except (httpx.InvalidURL, UnicodeError):
        return url
    return base if url_fault(str(base)) is None else url


def _from_metadata(parser: LexborHTMLParser) -> Iterator[str]:
    contents_by_name: dict[str, list[str]] = {name: [] for name in _NAMES}
    for tag in parser.css("meta"):
        name = (tag.attributes.get("property") or tag.attributes.get("name") or "").lower()
        content = tag.attributes.get("content")
        if content and name in contents_by_name:
            contents_by_name[name].append(content)
    for contents in contents_by_name.values():
        yield from contents


def _from_json(parser: LexborHTMLParser) -> Iterator[str]:
    scripts = parser.css("script[type*='ld+json' i]")[:MAX_SCRIPTS]
    return find_article_images(script.text() for script in scripts)
