"""Dates of every form that feeds use."""

import pytest

from newsloom.feeds.reading.dates import parse_date
from newsloom.rules.clock import format_time
from tests.unit.feeds.reading.samples import ENTRY, NAMED, SEEN, atom, event_of, rdf, rss

TEN = "2026-03-03T10:00:00Z"

FORMS = {
    "rfc 822": ("Tue, 03 Mar 2026 10:00:00 GMT", TEN),
    "rfc 822 without a weekday": ("03 Mar 2026 10:00:00 GMT", TEN),
    "rfc 822 with a one-digit day": ("Tue, 3 Mar 2026 10:00:00 GMT", TEN),
    "rfc 822 with a two-digit year": ("Tue, 03 Mar 26 10:00:00 GMT", TEN),
    "rfc 822 without seconds": ("Tue, 03 Mar 2026 10:00 GMT", TEN),
    "rfc 822 with a numeric offset": ("Tue, 03 Mar 2026 12:30:00 +0230", TEN),
    "rfc 822 with a colon in the offset": ("Tue, 03 Mar 2026 12:00:00 +02:00", TEN),
    "rfc 822 with a named zone": ("Tue, 03 Mar 2026 05:00:00 EST", TEN),
    "rfc 822 with a summer zone": ("Tue, 03 Mar 2026 03:00:00 PDT", TEN),
    "rfc 822 with Z": ("Tue, 03 Mar 2026 10:00:00 Z", TEN),
    "rfc 822 with UT": ("Tue, 03 Mar 2026 10:00:00 UT", TEN),
    "rfc 822 with a zone in brackets": ("Tue, 03 Mar 2026 10:00:00 +0000 (UTC)", TEN),
    "rfc 822 with whole names": ("Tuesday, 03 March 2026 10:00:00 GMT", TEN),
    "rfc 822 without a zone": ("Tue, 03 Mar 2026 10:00:00", TEN),
    "rfc 822 with a wrong weekday": ("Mon, 03 Mar 2026 10:00:00 GMT", TEN),
    "rfc 822 with further spaces": ("  Tue,  03  Mar  2026  10:00:00  GMT ", TEN),
    "rfc 822 with German names": ("Di, 03 März 2026 10:00:00 +0000", TEN),
    "rfc 822 with Spanish names": ("mar, 03 marzo 2026 10:00:00 +0000", TEN),
    "rfc 822 with French names": ("mar., 03 mars 2026 10:00:00 +0000", TEN),
    "rfc 822 with only a date": ("03 Mar 2026", "2026-03-03T00:00:00Z"),
    "w3c with Z": ("2026-03-03T10:00:00Z", TEN),
    "w3c with small letters": ("2026-03-03t10:00:00z", TEN),
    "w3c with an offset": ("2026-03-03T12:00:00+02:00", TEN),
    "w3c with an offset without a colon": ("2026-03-03T12:00:00+0200", TEN),
    "w3c with a negative offset": ("2026-03-02T22:00:00-12:00", TEN),
    "w3c with fractions": ("2026-03-03T10:00:00.987Z", TEN),
    "w3c without seconds": ("2026-03-03T10:00Z", TEN),
    "w3c without a zone": ("2026-03-03T10:00:00", TEN),
    "w3c with a space": ("2026-03-03 10:00:00", TEN),
    "w3c with only a date": ("2026-03-03", "2026-03-03T00:00:00Z"),
    "w3c with only a month": ("2026-03", "2026-03-01T00:00:00Z"),
    "w3c with only a year": ("2026", "2026-01-01T00:00:00Z"),
    "iso with a day of the year": ("2026-062", "2026-03-03T00:00:00Z"),
    "iso without separators": ("20260303T100000Z", TEN),
    "iso without separators and seconds": ("20260303T1000Z", TEN),
    "asctime": ("Tue Mar  3 10:00:00 2026", TEN),
    "seconds since the epoch": ("1772532000", TEN),
    "milliseconds since the epoch": ("1772532000000", TEN),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_date_of_this_form_is_read(name: str) -> None:
    text, expected = FORMS[name]
    found = parse_date(text)
    assert found is not None
    assert format_time(found) == expected


@pytest.mark.parametrize(
    "text", ["", "  ", "yesterday", "Tue, 45 Mar 2026 10:00:00 GMT", "0000-00-00", "9" * 200, "12"]
)
def test_a_text_that_is_no_date_gives_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("body", "published", "updated"),
    [
        pytest.param(rss(NAMED + f"<pubDate>{TEN}</pubDate>"), TEN, None, id="rss-pubdate"),
        pytest.param(rss(NAMED + f"<dc:date>{TEN}</dc:date>"), TEN, None, id="dc-date"),
        pytest.param(
            rss(NAMED + f"<dcterms:created>{TEN}</dcterms:created>"), TEN, None, id="dc-created"
        ),
        pytest.param(
            rss(NAMED + f"<dcterms:issued>{TEN}</dcterms:issued>"), TEN, None, id="dc-issued"
        ),
        pytest.param(
            rss(NAMED + f"<dcterms:modified>{TEN}</dcterms:modified>"), TEN, None, id="dc-modified"
        ),
        pytest.param(
            rss(
                NAMED + f"<pubDate>{TEN}</pubDate><atom:updated>2026-03-03T11:00:00Z</atom:updated>"
            ),
            TEN,
            "2026-03-03T11:00:00Z",
            id="rss-with-atom-updated",
        ),
        pytest.param(rdf(NAMED + f"<dc:date>{TEN}</dc:date>"), TEN, None, id="rdf-dc-date"),
        pytest.param(atom(ENTRY + f"<updated>{TEN}</updated>"), TEN, None, id="atom-updated-only"),
        pytest.param(
            atom(ENTRY + f"<published>{TEN}</published><updated>{TEN}</updated>"),
            TEN,
            None,
            id="atom-updated-at-publication",
        ),
        pytest.param(
            atom(ENTRY + f"<published>{TEN}</published><updated>2026-03-03T12:00:00Z</updated>"),
            TEN,
            "2026-03-03T12:00:00Z",
            id="atom-updated-later",
        ),
        pytest.param(
            atom(ENTRY + f"<published>{TEN}</published><updated>2026-03-01T12:00:00Z</updated>"),
            TEN,
            None,
            id="updated-before-publication-is-dropped",
        ),
        pytest.param(rss(NAMED), SEEN, None, id="no-date-is-first-sight"),
        pytest.param(rss(NAMED + "<pubDate>soon</pubDate>"), SEEN, None, id="bad-date"),
        pytest.param(
            rss(NAMED + "<pubDate>2031-01-01T00:00:00Z</pubDate>"), SEEN, None, id="future-date"
        ),
        pytest.param(
            rss(NAMED + "<pubDate>1970-01-01T00:00:00Z</pubDate>"), SEEN, None, id="epoch-date"
        ),
        pytest.param(
            rss(NAMED + "<pubDate>2026-03-04T10:30:00Z</pubDate>"),
            "2026-03-04T10:30:00Z",
            None,
            id="half-an-hour-ahead-is-a-wrong-clock",
        ),
    ],
)
def test_the_times_of_an_event(body: str, published: str, updated: str | None) -> None:
    event = event_of(body)
    assert (event["publishedDateTime"], event.get("updatedDateTime")) == (published, updated)
