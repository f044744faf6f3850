"""The images a page names as its own: the URL of an article in, those of its images out.

By Open Graph, Twitter cards and JSON-LD, in this order. Fetches behind the guard, where robots
may, and reads no more than the beginning of a page. Never raises.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import orjson
from selectolax.lexbor import LexborHTMLParser

from newsloom.adapters.web.client import (
    BadBodyError,
    RefusedError,
    TooManyRedirectsError,
    ask,
    read_body,
)
from newsloom.adapters.web.guard import BlockedAddressError
from newsloom.adapters.web.hosts import Hosts
from newsloom.adapters.web.robots import Robots
from newsloom.rules.addresses.urls import url_fault

PAGE_S = 5.0
MAX_BYTES = 512 * 1024
MAX_TAGS = 5_000
"""Building a tree takes the square of its depth: of more tags only the first are looked at."""
MAX_IMAGES = 5
MAX_SCRIPTS = 10
MAX_NODES = 2_000

_TIMEOUT = httpx.Timeout(connect=2.0, read=3.0, write=2.0, pool=PAGE_S)
_HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip"}
_NAMES = (
    "og:image",
    "og:image:url",
    "og:image:secure_url",
    "twitter:image",
    "twitter:image:src",
)
_UNREADABLE = (
    TimeoutError,
    BlockedAddressError,
    RefusedError,
    TooManyRedirectsError,
    BadBodyError,
    UnicodeError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
)

log = logging.getLogger(__name__)


class PageImages:
    """Looks for images on pages. Lives on one asyncio loop."""

    def __init__(self, client: httpx.AsyncClient, hosts: Hosts) -> None:
        self._client = client
        self._hosts = hosts
        self._robots = Robots(client)

    async def find(self, url: str) -> list[str]:
        """At most five image URLs, the likeliest first; none where the page cannot be had."""
        try:
            async with self._hosts.turn(url) as host:
                if host is not None and not host.is_dead:
                    async with asyncio.timeout(PAGE_S):
                        return await self._read(url)
        except _UNREADABLE as error:
            log.info("no images from the page %s: %r", url, error)
        except MemoryError:
            raise
        except Exception as error:  # what a hostile page made of the libraries beneath
            log.warning("the page %s broke the reading of it: %r", url, error)
        return []

    async def _read(self, url: str) -> list[str]:
        may_fetch = self._robots.may_fetch
        async with ask(self._client, url, _HEADERS, _TIMEOUT, may_fetch) as response:
            kind = response.headers.get("content-type", "text/html").lower()
            if response.status_code != 200 or "html" not in kind:
                return []
            body = await read_body(response, MAX_BYTES)
            return images_of(body.data, response.url)


def images_of(page: bytes, base: httpx.URL) -> list[str]:
    """The images that `page`, found at `base`, names as its own, without repeats."""
    parser = LexborHTMLParser(b"<".join(page.split(b"<", MAX_TAGS + 1)[: MAX_TAGS + 1]))
    found: dict[str, None] = {}
    for reference in (*_from_metadata(parser), *_from_json(parser)):
        try:
            image = base.join(reference.strip())
        except (httpx.InvalidURL, UnicodeError):
            continue
        if url_fault(str(image)) is None:
            found[str(image)] = None
    return list(found)[:MAX_IMAGES]


def _from_metadata(parser: LexborHTMLParser) -> Iterator[str]:
    said: dict[str, list[str]] = {name: [] for name in _NAMES}
    for tag in parser.css("meta"):
        name = (tag.attributes.get("property") or tag.attributes.get("name") or "").lower()
        content = tag.attributes.get("content")
        if content and name in said:
            said[name].append(content)
    for contents in said.values():
        yield from contents


def _from_json(parser: LexborHTMLParser) -> Iterator[str]:
    for script in parser.css("script[type='application/ld+json']")[:MAX_SCRIPTS]:
        try:
            yield from _of_articles(orjson.loads(script.text()))
        except orjson.JSONDecodeError:
            continue


def _of_articles(document: Any) -> Iterator[str]:
    """The `image` of each article in a document of schema.org, wherever it stands."""
    nodes, seen = [document], 0
    while nodes and seen < MAX_NODES:
        node, seen = nodes.pop(0), seen + 1
        if isinstance(node, list):
            nodes += node[:MAX_NODES]
        elif isinstance(node, dict):
            kinds = node.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(k, str) and k.endswith(("Article", "Posting")) for k in kinds):
                yield from _references(node.get("image"))
            nodes += [value for value in node.values() if isinstance(value, dict | list)]


def _references(image: Any) -> Iterator[str]:
    for one in image[:MAX_IMAGES] if isinstance(image, list) else [image]:
        reference = one.get("url") or one.get("contentUrl") if isinstance(one, dict) else one
        if isinstance(reference, str):
            yield reference
