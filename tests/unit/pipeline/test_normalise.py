"""Normalising: identity, clean text, language, and the digest of the content."""

from typing import Any

import pytest

from newsloom.pipeline.decode import Decoded, decode_record
from newsloom.pipeline.normalise import (
    MAX_RAW_EXCERPT_CHARACTERS,
    NormalisedArticle,
    identify,
    normalise,
)
from newsloom.records.event import ArticleEvent

MARCH_2 = 1_772_445_600
"""2026-03-02T10:00:00Z"""
BASE: dict[str, Any] = {
    "webUrl": "https://www.ledger.example/news/ferry?id=7",
    "title": "Ferry aground off Northfield",
    "excerpt": "The harbour master said that the ferry will not sail before the weekend.",
    "publishedDateTime": "2026-03-02T10:00:00Z",
    "locale": "en-GB",
    "topics": ["Shipping", "Northfield"],
    "images": [{"url": "https://img.ledger.example/1.jpg", "width": 900, "height": 600}],
    "source": "spider",
    "eventId": "e-1",
}


def _decode(**fields: Any) -> ArticleEvent:
    decoded = decode_record(BASE | fields)
    assert isinstance(decoded, Decoded)
    assert isinstance(decoded.event, ArticleEvent)
    assert not decoded.faulty_fields
    return decoded.event


def _normalise(**fields: Any) -> NormalisedArticle:
    return normalise(_decode(**fields))


IMAGE = BASE["images"][0]
SAME: list[tuple[str, dict[str, Any]]] = [
    ("another crawler", {"source": "beetle"}),
    ("no crawler named", {"source": None}),
    ("another event id", {"eventId": "e-2"}),
    ("a tracking parameter", {"webUrl": BASE["webUrl"] + "&utm_source=feed"}),
    ("a fragment", {"webUrl": BASE["webUrl"] + "#comments"}),
    ("http", {"webUrl": BASE["webUrl"].replace("https", "http")}),
    ("a host in capitals", {"webUrl": BASE["webUrl"].replace("ledger", "LEDGER")}),
    ("the default type, spelt out", {"type": "article", "category": "news"}),
    ("nulls", {"updatedDateTime": None, "quality": None, "ampWebUrl": None}),
    ("the time in another zone", {"publishedDateTime": "2026-03-02T12:00:00.5+02:00"}),
    ("markup and space in the title", {"title": " Ferry  <b>aground</b> off&nbsp;Northfield"}),
    ("markup in the excerpt", {"excerpt": f"<p>{BASE['excerpt']}</p>"}),
    ("a topic twice", {"topics": ["Shipping", "Northfield", " Shipping "]}),
    ("an image's null", {"images": [IMAGE | {"title": None}]}),
    ("an unknown field", {"wordCount": 700}),
    ("a private object without its digest", {"private": {"desk": "night"}}),
]
OTHER: list[tuple[str, dict[str, Any]]] = [
    ("title", {"title": "Ferry afloat off Northfield"}),
    ("excerpt", {"excerpt": BASE["excerpt"] + " Nobody was hurt."}),
    ("no excerpt", {"excerpt": None}),
    ("published", {"publishedDateTime": "2026-03-02T10:00:01Z"}),
    ("updated", {"updatedDateTime": "2026-03-02T11:00:00Z"}),
    ("type", {"type": "video"}),
    ("category", {"category": "sport"}),
    ("locale", {"locale": "en-US"}),
    ("no locale", {"locale": None}),
    ("AMP page", {"ampWebUrl": "https://amp.ledger.example/ferry"}),
    ("the publisher's own URL", {"originalUrl": BASE["webUrl"]}),
    ("provider's name", {"provider": {"name": "Harbour Ledger"}}),
    ("a topic more", {"topics": ["Shipping", "Northfield", "Safety"]}),
    ("topics in another order", {"topics": ["Northfield", "Shipping"]}),
    ("no topics", {"topics": []}),
    ("an image more", {"images": [IMAGE, {"url": "https://img.ledger.example/2.jpg"}]}),
    ("no image", {"images": []}),
    ("an image's size", {"images": [IMAGE | {"width": 901}]}),
    ("an image's title", {"images": [IMAGE | {"title": "Selkie"}]}),
    ("an image's attribution", {"images": [IMAGE | {"attribution": "A. Lind"}]}),
    ("quality", {"quality": 70}),
    ("quality zero", {"quality": 0}),
    ("a seal", {"secured": "AAAA;BBBB"}),
]


@pytest.mark.parametrize(("reason", "fields"), SAME, ids=[row[0] for row in SAME])
def test_equal_content_has_the_same_identity_and_digest(
    reason: str, fields: dict[str, Any]
) -> None:
    first, again = _normalise(), _normalise(**fields)
    assert (again.id, again.digest) == (first.id, first.digest), reason


@pytest.mark.parametrize(("reason", "fields"), OTHER, ids=[row[0] for row in OTHER])
def test_any_change_of_content_changes_the_digest(reason: str, fields: dict[str, Any]) -> None:
    first, changed = _normalise(), _normalise(**fields)
    assert changed.digest != first.digest, reason
    assert changed.id == first.id


def test_each_change_has_a_different_digest() -> None:
    digests = {_normalise(**fields).digest for _, fields in OTHER}
    assert len(digests) == len(OTHER)


def test_the_private_digest_counts_and_the_seal_does_not() -> None:
    one = normalise(_decode(secured="AAAA;BBBB;one"), "digest")
    rotated = normalise(_decode(secured="CCCC;DDDD;two"), "digest")
    other = normalise(_decode(secured="AAAA;BBBB;one"), "another")
    assert one.digest == rotated.digest
    assert len({one.digest, other.digest, _normalise().digest}) == 3


def test_the_crawlers_url_is_never_changed() -> None:
    unusual = "HTTP://www.Ledger.example:80/news/../a b?utm_source=x&id=7#top"
    assert _normalise(webUrl=unusual).event.web_url == unusual


def test_the_publishers_own_url_decides_identity() -> None:
    own = identify(_decode())
    copy = _decode(webUrl="https://river.example/go?to=9", originalUrl=BASE["webUrl"])
    assert identify(copy) == own
    assert identify(_decode(webUrl="https://river.example/go?to=9")) != own


def test_a_withdrawal_has_the_same_article_id_as_its_report() -> None:
    fields = {"webUrl": "https://river.example/go?to=9", "originalUrl": BASE["webUrl"]}
    withdrawal = decode_record({**fields, "withdrawn": True})
    assert isinstance(withdrawal, Decoded)
    assert identify(withdrawal.event) == identify(_decode(**fields))


def test_text_is_cleaned() -> None:
    normal = _normalise(
        title="Salt &amp; <i>light</i>", excerpt="One\n two<br>three", topics=["A&amp;B"]
    )
    assert (normal.title, normal.excerpt) == ("Salt & light", "One two three")
    assert normal.topics == ["A&B"]


def test_topics_keep_their_order_without_blanks_and_repeats() -> None:
    normal = _normalise(topics=["Sea", " ", "<b></b>", "Ferries", "Sea "])
    assert normal.topics == ["Sea", "Ferries"]


EXCERPTS = [
    ("absent", None, ""),
    ("blank", " \n", ""),
    ("nothing but markup", "<p>&nbsp;</p>", ""),
    ("2,000 characters", "x" * 2_000, "x" * 2_000),
    ("one more", "x" * 2_001, "x" * 1_996 + " ..."),
    ("cut after a word", "word " * 500, "word " * 398 + "word ..."),
    ("cleaned before it is cut", "<p>" + "x" * 2_000 + "</p>", "x" * 2_000),
    ("counted in characters, not bytes", "ø" * 2_000, "ø" * 2_000),
]


@pytest.mark.parametrize(("reason", "given", "kept"), EXCERPTS, ids=[row[0] for row in EXCERPTS])
def test_the_normalised_excerpt(reason: str, given: str | None, kept: str) -> None:
    assert _normalise(excerpt=given).excerpt == kept, reason


LOCALES = [
    ("given, in its standard form", {"locale": "pt_br"}, "pt-BR"),
    ("given, though the text says otherwise", {"locale": "fi"}, "fi"),
    ("detected", {"locale": None}, "en"),
    (
        "detected from title and excerpt together",
        {"locale": None, "title": "Die Fähre", "excerpt": "fährt heute nicht mehr aus."},
        "de",
    ),
    ("too short to detect", {"locale": None, "title": "Selkie", "excerpt": None}, "und"),
]


@pytest.mark.parametrize(("reason", "fields", "locale"), LOCALES, ids=[row[0] for row in LOCALES])
def test_the_normalised_locale(reason: str, fields: dict[str, Any], locale: str) -> None:
    assert _normalise(**fields).locale == locale, reason


def test_the_version_is_the_update_time_else_the_publication_time() -> None:
    assert _normalise().version == MARCH_2
    assert _normalise(updatedDateTime="2026-03-02T10:00:09Z").version == MARCH_2 + 9
    earlier = _normalise(updatedDateTime="2026-03-02T09:59:59Z")
    assert earlier.version == MARCH_2 - 1, (
        "the crawler's time counts, though it is before publication"
    )


def test_images_keep_their_known_fields() -> None:
    full = IMAGE | {"title": "The <b>Selkie</b>", "attribution": "A.&nbsp;Lind"}
    bare = {"url": "https://img.ledger.example/2.jpg", "title": "<br>", "width": None}
    assert _normalise(images=[full, bare]).images == [
        IMAGE | {"title": "The Selkie", "attribution": "A. Lind"},
        {"url": "https://img.ledger.example/2.jpg"},
    ]


LONG = MAX_RAW_EXCERPT_CHARACTERS
PROSE = "The harbour master said that the ferry will not sail. "


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" " * 900_000 + "The ferry sails.", "The ferry sails."),
        ("<p>" * 10_000 + "The ferry sails.", "The ferry sails."),
        ("&nbsp;" * 10_000 + "The ferry sails.", "The ferry sails."),
        ("The ferry sails." + " " * 900_000, "The ferry sails."),
        ("The ferry sails." + "<br>" * LONG + "On Monday.", "The ferry sails. ..."),
        ("The ferry sails." + "\u0301" * LONG, "The ferry sails." + "\u0301" * 30 + " ..."),
        ("<br>" * LONG + "The ferry sails.", ""),
    ],
    ids=["space", "tags", "entities", "space after", "tags after", "marks", "too many tags"],
)
def test_a_long_excerpt_of_markup_keeps_what_its_beginning_shows(raw: str, expected: str) -> None:
    assert _normalise(excerpt=raw).excerpt == expected


def test_a_long_excerpt_of_prose_is_cut_as_before() -> None:
    short, long = PROSE * 100, PROSE * 18_000
    assert len(short) < LONG < len(long)
    excerpt = _normalise(excerpt=long).excerpt
    assert excerpt == _normalise(excerpt=short).excerpt
    assert 1_950 < len(excerpt) <= 2_000


@pytest.mark.parametrize("part", ["<a href='https://ledger.example/'>", "&nbsp;"])
def test_no_part_of_a_divided_tag_or_entity_is_shown(part: str) -> None:
    for shift in range(len(part)):
        raw = "The ferry sails." + "x" * shift + part * LONG
        assert _normalise(excerpt=raw).excerpt == "The ferry sails." + "x" * shift + " ..."
