"""Enriching: the sources of provider, topics, AMP URL, images and quality."""

from hashlib import sha256
from typing import Any

import pytest

from newsloom.pipeline.arrival import ArticleArrival, compared_title
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.decode import Decoded, decode_record
from newsloom.pipeline.enrich import ImageMode, enrich_article
from newsloom.pipeline.normalise import normalise
from newsloom.records.curated import Article
from newsloom.records.event import ArticleEvent
from newsloom.rules.provider import Outlet
from newsloom.rules.topics import TopicEntry, TopicIndex

LOGO = {"url": "https://ledger.example/logo.png", "width": 50, "height": 50}
CATALOGUE = Catalogue(
    outlets={
        outlet.domain: outlet
        for outlet in (
            Outlet("ledger.example", "Harbour Ledger", {"sport.ledger.example": "Ledger Sport"}),
            Outlet("skarra.example", "Skarra Post", images=(LOGO,), standing=55),
            Outlet("river.example", "River", kind="aggregator"),
            Outlet("wire.example", "Coastal Press Agency", also=("CPA Newsroom",), kind="agency"),
        )
    },
    topics=TopicIndex(
        [TopicEntry("Shipping", ("ferry", "harbour master"), hashtags=("AllAshore",))]
    ),
    version="test",
)
IMAGE = {"url": "https://img.ledger.example/1.jpg", "width": 900, "height": 600}
ARRIVED = 1_772_500_000


def _arrive(mode: ImageMode = "trust", /, **fields: Any) -> ArticleArrival:
    record = {
        "webUrl": "https://www.ledger.example/news/1",
        "title": "Selkie aground off Northfield",
        "publishedDateTime": "2026-03-02T10:00:00Z",
        "locale": "en",
        **fields,
    }
    decoded = decode_record(record)
    assert isinstance(decoded, Decoded)
    assert isinstance(decoded.event, ArticleEvent)
    return enrich_article(normalise(decoded.event), CATALOGUE, mode, ARRIVED)


def _enrich(mode: ImageMode = "trust", /, **fields: Any) -> Article:
    return _arrive(mode, **fields).article


def test_an_event_with_required_fields_only_gives_an_article_with_required_fields() -> None:
    assert _enrich() == {
        "category": "news",
        "title": "Selkie aground off Northfield",
        "publishedDateTime": "2026-03-02T10:00:00Z",
        "webUrl": "https://www.ledger.example/news/1",
        "type": "article",
        "quality": 35,
        "provider": {"name": "Harbour Ledger", "domain": "ledger.example"},
        "id": sha256(b"https://www.ledger.example/news/1").hexdigest()[:32],
        "locale": "en",
        "catalogueVersion": "test",
    }


def test_fields_of_the_event_are_kept() -> None:
    fields: dict[str, Any] = {
        "category": "sport",
        "type": "video",
        "secured": "AAAA;BBBB",
        "source": "spider",
        "images": [IMAGE],
        "originalUrl": "https://www.ledger.example/news/1?from=river",
    }
    article = _enrich(**fields, updatedDateTime="2026-03-02T12:30:00.9+01:00")
    assert {name: article.get(name) for name in fields} == fields
    assert article["updatedDateTime"] == "2026-03-02T11:30:00Z"
    assert "private" not in _enrich(private={"desk": "night"})


def test_times_are_whole_seconds_and_the_arrival_time_is_kept() -> None:
    arrival = _arrive(
        publishedDateTime="2026-03-02T11:00:00.9+01:00", updatedDateTime="2026-03-02T10:00:09Z"
    )
    assert arrival.article["publishedDateTime"] == "2026-03-02T10:00:00Z"
    assert (arrival.published_at, arrival.version) == (1_772_445_600, 1_772_445_609)
    assert arrival.arrived_at == ARRIVED


HINT = {"provider": {"name": "Someone Else", "domain": "else.example"}}
PROVIDERS: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("the catalogue", {}, ("Harbour Ledger", "ledger.example")),
    ("the catalogue over the hint", HINT, ("Harbour Ledger", "ledger.example")),
    (
        "a host with its own name",
        {"webUrl": "https://sport.ledger.example/1"},
        ("Ledger Sport", "ledger.example"),
    ),
    (
        "unknown, by the hint",
        HINT | {"webUrl": "https://www.tide.example/1"},
        ("Someone Else", "tide.example"),
    ),
    (
        "unknown, by its domain",
        {"webUrl": "https://www.tide.example/1"},
        ("tide.example", "tide.example"),
    ),
    (
        "the publisher's own URL, not the aggregator's",
        {
            "webUrl": "https://river.example/go?to=9",
            "originalUrl": "https://www.ledger.example/news/1",
        },
        ("Harbour Ledger", "ledger.example"),
    ),
]


PROVIDERS += [
    (
        "the outlet that an aggregator's title ends in",
        {"webUrl": "https://river.example/1", "title": "Selkie aground - CPA Newsroom"},
        ("Coastal Press Agency", "wire.example"),
    ),
    (
        "the outlet in an AMP cache",
        {"webUrl": "https://x.cdn.ampproject.org/c/s/sport.ledger.example/1"},
        ("Ledger Sport", "ledger.example"),
    ),
    (
        "the hinted domain, at an aggregator",
        HINT | {"webUrl": "https://river.example/1"},
        ("Someone Else", "else.example"),
    ),
]


@pytest.mark.parametrize(("reason", "fields", "named"), PROVIDERS, ids=[r[0] for r in PROVIDERS])
def test_the_provider(reason: str, fields: dict[str, Any], named: tuple[str, str]) -> None:
    provider = _enrich(**fields)["provider"]
    assert (provider["name"], provider["domain"]) == named, reason


def test_logos_come_from_the_catalogue() -> None:
    assert _enrich(webUrl="https://skarra.example/1")["provider"]["images"] == [LOGO]
    assert "images" not in _enrich()["provider"]


def test_logos_stay_when_images_are_off() -> None:
    assert _enrich("off", webUrl="https://skarra.example/1")["provider"]["images"] == [LOGO]


# The reason, the URL, the title, the title that is compared, whether the article stores it.
COMPARED = [
    (
        "a name that is not the provider's",
        "https://river.example/1",
        "Selkie aground - CPA Newsroom",
        "Selkie aground",
        True,
    ),
    (
        "another outlet's name",
        "https://www.ledger.example/1",
        "Selkie aground | CPA Newsroom",
        "Selkie aground",
        True,
    ),
    (
        "its own name",
        "https://www.ledger.example/1",
        "Selkie aground - Harbour Ledger",
        "Selkie aground",
        False,
    ),
    ("no name", "https://www.ledger.example/1", "Selkie - aground", "Selkie - aground", False),
]


@pytest.mark.parametrize(
    ("reason", "url", "title", "compared", "is_stored"), COMPARED, ids=[row[0] for row in COMPARED]
)
def test_the_outlet_is_removed_from_the_title_that_is_compared(
    reason: str, url: str, title: str, compared: str, is_stored: bool
) -> None:
    article = _enrich(webUrl=url, title=title)
    assert article["title"] == title, "the published title is complete"
    assert compared_title(article) == compared, reason
    assert ("comparedTitle" in article) is is_stored
    assert article["quality"] == 30 + (5 if title == compared else 0)


def test_topics_of_the_event_come_before_topics_of_the_catalogue() -> None:
    article = _enrich(title="Ferry aground", topics=["Northfield"])
    assert article["topics"] == ["Northfield", "Shipping"]


def test_hashtags_in_the_excerpt_give_topics() -> None:
    assert _enrich(excerpt="So said the pilot. #AllAshore")["topics"] == ["Shipping"]


def test_topics_are_found_in_the_excerpt_too() -> None:
    assert _enrich(excerpt="So said the harbour master.")["topics"] == ["Shipping"]
    assert "topics" not in _enrich()


def test_an_amp_page_gets_its_cache_url() -> None:
    article = _enrich(ampWebUrl="https://amp.ledger-post.example/1?x=2")
    assert article["ampWebUrl"] == "https://amp.ledger-post.example/1?x=2"
    assert article["cdnAmpWebUrl"] == (
        "https://amp-ledger--post-example.cdn.ampproject.org/c/s/amp.ledger-post.example/1?x=2"
    )
    assert "cdnAmpWebUrl" not in _enrich()


def test_mode_trust_keeps_images_unchanged_and_mode_off_drops_them() -> None:
    images = [IMAGE, {"url": "https://img.ledger.example/2.jpg"}]
    assert _enrich("trust", images=images)["images"] == images
    assert "images" not in _enrich("off", images=images)
    assert "images" not in _enrich("trust", images=[])


def test_dropped_images_do_not_count_towards_quality() -> None:
    kept, dropped = _enrich("trust", images=[IMAGE]), _enrich("off", images=[IMAGE])
    assert kept["quality"] == dropped["quality"] + 25
    assert dropped["quality"] == _enrich()["quality"]


FULL: dict[str, Any] = {"excerpt": "x" * 400, "images": [IMAGE]}
QUALITIES: list[tuple[str, dict[str, Any], int]] = [
    ("a bare item of a known outlet", {}, 30 + 5),
    ("a bare item of an unknown outlet", {"webUrl": "https://tide.example/1"}, 10 + 5),
    ("a hint does not make an outlet known", HINT | {"webUrl": "https://tide.example/1"}, 10 + 5),
    ("a standing that an operator set", {"webUrl": "https://skarra.example/1"}, 55 + 5),
    ("a full item", FULL, 30 + 20 + 15 + 10 + 5),
    ("with an AMP page", FULL | {"ampWebUrl": "https://amp.example/"}, 30 + 20 + 25 + 5 + 5),
    ("a title that names its outlet", {"title": "Selkie aground - Harbour Ledger"}, 30),
    ("the crawler's own score", FULL | {"quality": 12}, 12),
    ("the crawler's own score of zero", FULL | {"quality": 0}, 0),
    ("the crawler's own score at its highest", {"quality": 200}, 200),
]


@pytest.mark.parametrize(("reason", "fields", "quality"), QUALITIES, ids=[r[0] for r in QUALITIES])
def test_the_quality_of_an_article(reason: str, fields: dict[str, Any], quality: int) -> None:
    assert _enrich(**fields)["quality"] == quality, reason


def test_absent_fields_are_omitted() -> None:
    article = _enrich(images=[{"url": IMAGE["url"], "width": None}], excerpt=None, quality=None)
    assert None not in article.values()
    assert None not in article["images"][0].values()
