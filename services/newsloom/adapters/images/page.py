"""Finds the images that an article's page names.

In: the URL of an article. Out: image URLs from Open Graph, Twitter cards and JSON-LD, in this
order. It fetches through the guard, obeys robots.txt and reads at most the first 512 KiB of a page.
Raises nothing but MemoryError.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
from selectolax.lexbor import LexborHTMLParser

from newsloom.adapters.web.client import FETCH_ERRORS, RefusedError, Turn, ask, read_body
from newsloom.adapters.web.hosts import HostDownError, Hosts, NoTurnError
from newsloom.adapters.web.robots import Robots
from newsloom.rules.addresses.urls import url_fault

PAGE_S = 5.0
"""Seconds for fetching one page."""
MAX_BYTES = 512 * 1024
MAX_TAGS = 5_000
"""Only the first tags are parsed: building a tree takes time quadratic in its depth."""
MAX_IMAGES = 5
MAX_SCRIPTS = 10
MAX_NODES = 2_000

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
            return find_page_images(body.data, response.url)


def find_page_images(page: bytes, base: httpx.URL) -> list[str]:
    """The URLs of at most five images that `page`, fetched from `base`, names, without repeats."""
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
    contents_by_name: dict[str, list[str]] = {name: [] for name in _NAMES}
    for tag in parser.css("meta"):
        name = (tag.attributes.get("property") or tag.attributes.get("name") or "").lower()
        content = tag.attributes.get("content")
        if content and name in contents_by_name:
            contents_by_name[name].append(content)
    for contents in contents_by_name.values():
        yield from contents


def _from_json(parser: LexborHTMLParser) -> Iterator[str]:
    for script in parser.css("script[type='application/ld+json']")[:MAX_SCRIPTS]:
        try:
            yield from _of_articles(orjson.loads(script.text()))
        except orjson.JSONDecodeError:
            continue


def _of_articles(document: Any) -> Iterator[str]:
    """The `image` of each article in a schema.org document, at any depth."""
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
    for entry in image[:MAX_IMAGES] if isinstance(image, list) else [image]:
        reference = (
            entry.get("url") or entry.get("contentUrl") if isinstance(entry, dict) else entry
        )
        if isinstance(reference, str):
            yield reference
