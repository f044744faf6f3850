"""JSON Feed 1.0 and 1.1."""

import json
from typing import Any

import pytest

from newsloom.feeds.reading.shapes import ItemFault
from tests.unit.feeds.reading.samples import event_of, feed_of, reports_of

ONE = "https://harbour.example/1"


def json_feed(item: dict[str, Any], **feed: Any) -> str:
    named = {"version": "https://jsonfeed.org/version/1.1", "title": "Harbour Post"}
    return json.dumps({**named, **feed, "items": [{"id": "1", "url": ONE, "title": "Tide"} | item]})


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "the least": (json_feed({}), {"webUrl": ONE, "title": "Tide"}),
    "version 1.0": (json_feed({}, version="https://jsonfeed.org/version/1"), {"webUrl": ONE}),
    "dates": (
        json_feed(
            {"date_published": "2026-03-03T12:00:00+02:00", "date_modified": "2026-03-03T11:00:00Z"}
        ),
        {
            "publishedDateTime": "2026-03-03T10:00:00Z",
            "updatedDateTime": "2026-03-03T11:00:00Z",
        },
    ),
    "html": (json_feed({"content_html": "<p>Low &amp; dry</p>"}), {"excerpt": "Low & dry"}),
    "text with letters of markup": (
        json_feed({"content_text": "Low < high"}),
        {"excerpt": "Low < high"},
    ),
    "summary first": (
        json_feed({"summary": "In short", "content_html": "<p>At length</p>"}),
        {"excerpt": "In short"},
    ),
    "images": (
        json_feed({"image": "/a.jpg", "banner_image": "https://harbour.example/b.jpg"}),
        {
            "images": [
                {"url": "https://harbour.example/a.jpg"},
                {"url": "https://harbour.example/b.jpg"},
            ]
        },
    ),
    "tags": (json_feed({"tags": ["Ports", 7, "Tides"]}), {"topics": ["Ports", "Tides"]}),
    "language of the feed": (json_feed({}, language="sv"), {"locale": "sv"}),
    "language of the item": (json_feed({"language": "fi"}, language="sv"), {"locale": "fi"}),
    "a page elsewhere": (
        json_feed({"url": None, "external_url": "https://gull.example/1"}),
        {"webUrl": "https://gull.example/1"},
    ),
    "an id that is a number": (json_feed({"id": 7}), {"webUrl": ONE}),
    "an id that is an address": (json_feed({"id": ONE, "url": None}), {"webUrl": ONE}),
    "a podcast": (
        json_feed(
            {"attachments": [{"url": "https://harbour.example/p.mp3", "mime_type": "audio/mpeg"}]}
        ),
        {"type": "podcast"},
    ),
    "no title": (
        json_feed({"title": None, "content_text": "Boats wait."}),
        {"title": "Boats wait."},
    ),
    "a provider": (
        json_feed({}, home_page_url="https://harbour.example/"),
        {"provider": {"name": "Harbour Post", "domain": "harbour.example"}},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_fields_of_an_event(name: str) -> None:
    body, expected = CASES[name]
    event = event_of(body)
    assert {field: event.get(field) for field in expected} == expected


def test_values_of_a_wrong_type_count_as_absent() -> None:
    body = json_feed({"url": 7.5, "tags": "x", "attachments": [3], "image": {}}, title=[1])
    assert reports_of(body) == [ItemFault.MISSING_LINK]


def test_an_item_that_is_no_object_is_passed_over() -> None:
    body = json.loads(json_feed({}))
    body["items"].insert(0, "x")
    assert len(feed_of(json.dumps(body)).items) == 1
