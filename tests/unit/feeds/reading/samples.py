"""Small feeds around one item, and the events that they give."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema

from newsloom.feeds.reading.documents import read_document
from newsloom.feeds.reading.events import Report, make_reports
from newsloom.feeds.reading.shapes import Feed, ItemFault
from newsloom.records.event import ArticleEvent

_SCHEMA = Path(__file__).parents[4] / "schemas/json/article-event.v1.schema.json"
EVENT_SCHEMA = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text()))

URL = "https://harbour.example/feeds/all.xml"
NOW = 1_772_618_400
"""2026-03-04T10:00:00Z."""
SEEN = "2026-03-04T10:00:00Z"

NAMESPACES = {
    "media": "http://search.yahoo.com/mrss/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "atom": "http://www.w3.org/2005/Atom",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "georss": "http://www.georss.org/georss",
}
_PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())

LINK = "<link>https://harbour.example/1</link>"
NAMED = f"<title>Tide</title>{LINK}"
ENTRY = '<title>Tide</title><id>urn:x:1</id><link href="https://harbour.example/1"/>'


def rss(item: str, channel: str = "", head: str = '<?xml version="1.0"?>') -> str:
    """RSS 2.0 with one item; `item` may close it and open further ones."""
    return (
        f'{head}<rss version="2.0" {_PREFIXES}><channel><title>Harbour Post</title>'
        f"<link>https://harbour.example/</link>{channel}<item>{item}</item></channel></rss>"
    )


def atom(entry: str, feed: str = "", attributes: str = "") -> str:
    """Atom 1.0 with one entry."""
    return (
        f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" {_PREFIXES} {attributes}>'
        f'<title>Harbour Post</title><link href="https://harbour.example/"/>{feed}'
        f"<entry>{entry}</entry></feed>"
    )


def rdf(item: str, namespace: str = "http://purl.org/rss/1.0/") -> str:
    """RSS 1.0 with one item."""
    return (
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns="{namespace}" {_PREFIXES}><channel rdf:about="https://harbour.example/">'
        "<title>Harbour Post</title><link>https://harbour.example/</link></channel>"
        f'<item rdf:about="https://harbour.example/1">{item}</item></rdf:RDF>'
    )


def feed_of(body: str | bytes, url: str = URL, content_type: str = "") -> Feed:
    """The body as a feed."""
    data = body.encode() if isinstance(body, str) else body
    feed = read_document(data, url, content_type)
    assert isinstance(feed, Feed), feed
    return feed


def reports_of(body: str | bytes, content_type: str = "") -> Sequence[Report | ItemFault]:
    """What its items give. Each event is valid by the public schema."""
    reports = make_reports(feed_of(body, URL, content_type), "harbour.example", NOW, lambda _: None)
    for report in reports:
        if isinstance(report, Report):
            EVENT_SCHEMA.validate(report.event)
            ArticleEvent.model_validate(report.event)
    return reports


def event_of(body: str | bytes, content_type: str = "") -> dict[str, Any]:
    """The event of its first item."""
    report = reports_of(body, content_type)[0]
    assert isinstance(report, Report), report
    return report.event
