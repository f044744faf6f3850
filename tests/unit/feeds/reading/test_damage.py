"""Feeds with wrong encodings, broken XML and hostile contents; bodies that are no feed."""

import json
from itertools import pairwise

import pytest

from newsloom.feeds.reading.documents import MAX_ITEMS, NotFeed, read_document
from newsloom.feeds.reading.events import Report, make_reports, source_name
from newsloom.feeds.reading.shapes import ItemFault
from tests.unit.feeds.reading.samples import (
    ENTRY,
    LINK,
    NAMED,
    NOW,
    URL,
    atom,
    event_of,
    feed_of,
    reports_of,
    rss,
)

ACCENT = f"<title>Créance</title>{LINK}"


def prolog(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>'


ENCODINGS = {
    "utf-8": (rss(ACCENT).encode(), ""),
    "utf-8 with a mark": (b"\xef\xbb\xbf" + rss(ACCENT).encode(), ""),
    "utf-16": (rss(ACCENT, head=prolog("utf-16")).encode("utf-16"), ""),
    "utf-16 without a declaration": (rss(ACCENT).encode("utf-16"), ""),
    "utf-32": (rss(ACCENT, head=prolog("utf-32")).encode("utf-32"), ""),
    "latin-1": (rss(ACCENT, head=prolog("iso-8859-1")).encode("latin-1"), ""),
    "latin-1, declared as utf-8": (rss(ACCENT, head=prolog("utf-8")).encode("latin-1"), ""),
    "utf-8, declared as ascii": (rss(ACCENT, head=prolog("us-ascii")).encode(), ""),
    "only in the header": (
        rss(ACCENT, head="").encode("latin-1"),
        "application/rss+xml; charset=iso-8859-1",
    ),
    "text/xml without a charset": (rss(ACCENT).encode(), "text/xml"),
    "an unknown name": (rss(ACCENT, head=prolog("utf8-x")).encode(), ""),
    "windows-1252": (rss(ACCENT, head=prolog("windows-1252")).encode("cp1252"), ""),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_letters_of_an_encoding_are_read(name: str) -> None:
    body, content_type = ENCODINGS[name]
    assert event_of(body, content_type)["title"] == "Créance"


def test_quotes_of_windows_are_read_where_latin_1_is_declared() -> None:
    body = rss(f"<title>“Tide”</title>{LINK}", head=prolog("iso-8859-1")).encode("cp1252")
    assert event_of(body)["title"] == "“Tide”"


TITLES = {
    "white space before the declaration": "\n \n" + rss(NAMED),
    "a comment before the declaration": "<!-- made by hand -->" + rss(NAMED),
    "a raw ampersand": rss(f"{NAMED}<description>Tide & tow</description>"),
    "a control character": rss(f"{NAMED}<description>Ti\x0bde</description>"),
    "an unknown entity": rss(f"{NAMED}<description>&harbour;</description>"),
    "an unbound prefix": rss(f"{NAMED}<x:rank>1</x:rank>"),
    "a tag that is never closed": rss(f"{NAMED}<description>Low"),
    "raw html": rss(f"{NAMED}<description><p>Low<br>water</description>"),
    "cut off after an item": rss(f"{NAMED}</item><item><title>Ebb</title><lin")[:-25],
    "a style sheet": rss(NAMED).replace("<rss", '<?xml-stylesheet href="x.xsl"?><rss'),
    "a document type": rss(NAMED).replace("<rss", "<!DOCTYPE rss><rss"),
    "no declaration": rss(NAMED, head=""),
    "text after the end": rss(NAMED) + "<!-- served in 3 ms -->\nbye",
    "elements in capitals": rss(NAMED).replace("title>", "TITLE>"),
}


@pytest.mark.parametrize("name", TITLES)
def test_a_damaged_feed_is_read_as_far_as_it_goes(name: str) -> None:
    event = event_of(TITLES[name])
    assert (event["title"], event["webUrl"]) == ("Tide", "https://harbour.example/1")


def test_damage_is_told() -> None:
    assert feed_of(rss(NAMED)).damage == ""
    assert feed_of(rss(NAMED)[:-30]).damage != ""
    assert feed_of(rss(ACCENT, head=prolog("utf-8")).encode("latin-1")).damage == ""


def test_entities_within_entities_are_not_expanded() -> None:
    names = "abcdefghij"
    pairs = pairwise(names)
    chain = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairs)
    bomb = f'<!DOCTYPE rss [<!ENTITY a "{"tide" * 10}">{chain}]>'
    body = rss(f"<title>&j;</title>{LINK}").replace("<rss", f"{bomb}<rss")
    reports = reports_of(body)
    assert all(len(json.dumps(r.event)) < 4_000 for r in reports if isinstance(r, Report))


def test_entities_of_files_are_not_read() -> None:
    body = rss(f"<title>&x;</title>{LINK}").replace(
        "<rss", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss'
    )
    assert "root:" not in str(reports_of(body))


def test_only_the_first_items_are_read() -> None:
    body = rss("</item><item>".join([NAMED] * (MAX_ITEMS + 5)))
    assert len(feed_of(body).items) == MAX_ITEMS


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ("<title>Tide</title>", ItemFault.MISSING_LINK),
        ('<title>Tide</title><guid isPermaLink="false">https://h.example/1</guid>', "missing-link"),
        ("<title>Tide</title><link>mailto:a@harbour.example</link>", ItemFault.BAD_LINK),
        (f"<title>Tide</title><link>https://harbour.example/{'a' * 3000}</link>", "bad-link"),
        (LINK, ItemFault.MISSING_TEXT),
        (f"<title> </title><description>&lt;p&gt;&lt;/p&gt;</description>{LINK}", "missing-text"),
    ],
    ids=["no-link", "guid-is-no-link", "mail", "long-link", "no-text", "blank-text"],
)
def test_an_item_without_what_an_event_needs_is_a_fault(item: str, fault: str) -> None:
    assert reports_of(rss(item)) == [fault]


BODIES = {
    "nothing": (b"", "empty"),
    "white space": (b"\xef\xbb\xbf \n", "empty"),
    "a page": (b"<!doctype html><title>H</title><p>Hello", "html-page"),
    "a page without a doctype": (b"<html><body>Hello</body></html>", "html-page"),
    "a login page": (b"<html><form><input type='password'></form></html>", "login-page"),
    "plain text": (b"The feed has moved.", "not-a-feed"),
    "other xml": (b"<?xml version='1.0'?><urlset><url/></urlset>", "not-a-feed"),
    "other json": (b'{"items": 3}', "not-a-feed"),
    "broken json": (b'{"version": "https://jsonfeed.org/version/1.1", "items": [', "not-a-feed"),
    "binary data": (bytes(range(256)), "not-a-feed"),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_feed_has_a_word(name: str) -> None:
    body, reason = BODIES[name]
    found = read_document(body, URL)
    assert isinstance(found, NotFeed)
    assert found.reason == reason


def test_a_page_names_its_feeds() -> None:
    page = (
        b"<html><head><base href='https://harbour.example/x/'>"
        b"<link rel='alternate' type='application/rss+xml' href='rss'>"
        b"<link rel='alternate' type='application/atom+xml; charset=utf-8' href='/atom'>"
        b"<link rel='alternate' type='application/feed+json' href='https://cdn.example/json'>"
        b"<link rel='alternate' hreflang='de' href='/de'><link rel='icon' href='/i'></head>"
    )
    found = read_document(page, "https://harbour.example/")
    assert isinstance(found, NotFeed)
    assert found.feeds == (
        "https://harbour.example/x/rss",
        "https://harbour.example/atom",
        "https://cdn.example/json",
    )


def test_items_with_one_guid_and_different_links_are_different() -> None:
    item = "<title>Tide</title><link>https://harbour.example/{}</link><guid>same</guid>"
    body = rss("</item><item>".join([item.format(1), item.format(2)]))
    first, second = reports_of(body)
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert first.key != second.key


def test_an_item_keeps_its_key_and_changes_its_digest_when_it_is_edited() -> None:
    before, after = reports_of(atom(ENTRY))[0], reports_of(atom(ENTRY.replace("Tide", "Ebb")))[0]
    assert isinstance(before, Report)
    assert isinstance(after, Report)
    assert before.key == after.key
    assert before.digest != after.digest


def test_an_item_without_a_date_keeps_the_time_of_its_first_sight() -> None:
    feed = feed_of(rss(NAMED))
    first, later = (make_reports(feed, "h", now, lambda _: NOW)[0] for now in (NOW, NOW + 90_000))
    assert first == later


@pytest.mark.parametrize(
    ("body", "ttl_s"),
    [
        pytest.param(rss(NAMED, "<ttl>60</ttl>"), 3600, id="ttl"),
        pytest.param(rss(NAMED, "<ttl>soon</ttl>"), None, id="a-word"),
        pytest.param(rss(NAMED, "<ttl>0</ttl>"), None, id="zero"),
        pytest.param(rss(NAMED, "<ttl>99999999999999</ttl>"), None, id="years"),
        pytest.param(
            rss(
                NAMED,
                "<sy:updatePeriod>daily</sy:updatePeriod>"
                "<sy:updateFrequency>4</sy:updateFrequency>",
            ),
            21_600,
            id="syndication",
        ),
    ],
)
def test_how_often_a_feed_wants_to_be_visited(body: str, ttl_s: int | None) -> None:
    assert feed_of(body).ttl_s == ttl_s


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://www.harbour.example/feeds/all.xml", "harbour.example-feeds-all.xml"),
        ("http://harbour.example/", "harbour.example"),
        ("https://harbour.example/?feed=rss&lang=de", "harbour.example-feed-rss-lang-de"),
    ],
)
def test_the_name_of_a_source(address: str, name: str) -> None:
    assert source_name(address) == name


def test_the_names_of_long_addresses_differ() -> None:
    names = {source_name(f"https://harbour.example/{'a' * 90}/{n}") for n in range(9)}
    assert len(names) == 9
    assert all(len(name) <= 64 for name in names)
