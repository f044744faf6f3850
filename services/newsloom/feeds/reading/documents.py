"""What a fetched body is: a feed, a page, a login page, or nothing.

In: bytes, the URL they came from and their content type. Out: a `Feed`, or a `NotFeed` with its
reason, and for a page the addresses of the feeds that it names. Work is bounded by `MAX_ITEMS` and
by the bytes that the caller reads.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

import orjson
from selectolax.lexbor import LexborHTMLParser

from newsloom.feeds.reading.json_feeds import is_json_feed, read_json_feed
from newsloom.feeds.reading.markup import MAX_TAGS, join
from newsloom.feeds.reading.shapes import Feed
from newsloom.feeds.reading.xml_feeds import read_xml_feed

MAX_ITEMS = 1_000
"""Items of one document that are read."""

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_HEAD_BYTES = 4_096
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_FEED_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)


class NotFeedReason(StrEnum):
    """Why a body is no feed."""

    EMPTY = "empty"
    HTML_PAGE = "html-page"
    LOGIN_PAGE = "login-page"
    NOT_A_FEED = "not-a-feed"


@dataclass(frozen=True, slots=True)
class NotFeed:
    """A body that is no feed. `feeds` are the addresses of feeds that a page names."""

    reason: NotFeedReason
    feeds: tuple[str, ...] = ()


def read_document(body: bytes, url: str, content_type: str = "") -> Feed | NotFeed:
    """Reads a body that was fetched from `url`. The content decides, not the content type."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return NotFeed(NotFeedReason.EMPTY)
    if start[:1] in b"{[":
        return _read_json(start, url)
    head = body[:_HEAD_BYTES]
    is_html = _HTML.search(head) is not None and _FEED_ROOT.search(head) is None
    feed = None if is_html else read_xml_feed(body, url, content_type, MAX_ITEMS)
    if feed is not None:
        return feed
    return _read_page(body, url) if is_html else NotFeed(NotFeedReason.NOT_A_FEED)


def _read_json(body: bytes, url: str) -> Feed | NotFeed:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return NotFeed(NotFeedReason.NOT_A_FEED)
    if not is_json_feed(document):
        return NotFeed(NotFeedReason.NOT_A_FEED)
    return read_json_feed(document, url, MAX_ITEMS)


def _read_page(body: bytes, url: str) -> NotFeed:
    parser = LexborHTMLParser(b"<".join(body.split(b"<", MAX_TAGS + 1)[: MAX_TAGS + 1]))
    base_tag = parser.css_first("base[href]")
    base = join(url, (base_tag.attributes.get("href") or "") if base_tag else "")
    found: dict[str, None] = {}
    for tag in parser.css("link[rel][href]"):
        attributes = tag.attributes
        kind = (attributes.get("type") or "").partition(";")[0].strip().lower()
        is_alternate = "alternate" in (attributes.get("rel") or "").lower().split()
        if is_alternate and kind in _FEED_TYPES:
            found[join(base, attributes.get("href") or "")] = None
    is_login = parser.css_first("input[type=password]") is not None
    reason = NotFeedReason.LOGIN_PAGE if is_login and not found else NotFeedReason.HTML_PAGE
    return NotFeed(reason, tuple(found))
