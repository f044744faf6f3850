"""The publisher of a URL, by catalogue, inner URL, hint or title, and otherwise by domain."""

import pytest

from newsloom.rules.provider import (
    Hint,
    Outlet,
    Resolution,
    bare_title,
    index_names,
    resolve_provider,
)
from newsloom.rules.scoring import KNOWN_STANDING, UNKNOWN_STANDING

LOGO = {"url": "https://sky.com/logo.png", "width": 50, "height": 50}
OUTLETS = {
    outlet.domain: outlet
    for outlet in (
        Outlet("bbc.co.uk", "BBC"),
        Outlet("desk.substack.com", "The Desk"),
        Outlet("indiatimes.com", "Indiatimes", {"timesofindia.indiatimes.com": "Times of India"}),
        Outlet("river.example", "River", kind="aggregator"),
        Outlet("sky.com", "Sky", images=(LOGO,), standing=0),
        Outlet("theledger.example", "The Harbour Ledger", also=("HL", "Ledger Online")),
        Outlet("wire.example", "Wire", kind="press-release"),
    )
}
NAMES = index_names(OUTLETS.values())


def resolve(url: str, title: str = "", hint: Hint = Hint()) -> Resolution:  # noqa: B008
    return resolve_provider(url, title, OUTLETS, NAMES, hint)


RESOLUTIONS = {
    "a host with its own name": (
        "https://timesofindia.indiatimes.com/city/1.cms",
        None,
        ("Times of India", "indiatimes.com"),
    ),
    "that host in capitals, with a port": (
        "https://TimesOfIndia.IndiaTimes.com:443/city/1.cms",
        None,
        ("Times of India", "indiatimes.com"),
    ),
    "another host of the same outlet": (
        "https://www.indiatimes.com/1.cms",
        None,
        ("Indiatimes", "indiatimes.com"),
    ),
    "below the host with its own name": (
        "https://m.timesofindia.indiatimes.com/1.cms",
        None,
        ("Indiatimes", "indiatimes.com"),
    ),
    "a suffix of two labels": (
        "https://news.bbc.co.uk/1/hi/1.stm",
        None,
        ("BBC", "bbc.co.uk"),
    ),
    "a neighbour under that suffix": (
        "https://www.notbbc.co.uk/1",
        None,
        ("notbbc.co.uk", "notbbc.co.uk"),
    ),
    "an account on a platform": (
        "https://desk.substack.com/p/1",
        None,
        ("The Desk", "desk.substack.com"),
    ),
    "another account of the platform": (
        "https://other.substack.com/p/1",
        None,
        ("other.substack.com", "other.substack.com"),
    ),
    "the catalogue wins over the hint": (
        "https://www.bbc.co.uk/news/1",
        "BBC News Online",
        ("BBC", "bbc.co.uk"),
    ),
    "an unknown outlet, by the hint": (
        "https://www.valley.example/1",
        "The Valley",
        ("The Valley", "valley.example"),
    ),
    "a hint is cleaned": (
        "https://www.valley.example/1",
        " Hill &amp; <b>Valley</b> ",
        ("Hill & Valley", "valley.example"),
    ),
    "a hint without text": (
        "https://www.valley.example/1",
        " \u200b",
        ("valley.example", "valley.example"),
    ),
    "an unknown outlet, by its domain": (
        "https://news.valley.example/1",
        None,
        ("valley.example", "valley.example"),
    ),
    "an international domain": (
        "https://www.zürich.example/1",
        None,
        ("xn--zrich-kva.example", "xn--zrich-kva.example"),
    ),
    "an IP address": ("http://192.0.2.7/1", None, ("192.0.2.7", "192.0.2.7")),
}


@pytest.mark.parametrize(("url", "hint", "expected"), RESOLUTIONS.values(), ids=RESOLUTIONS)
def test_the_publisher_by_url_and_hinted_name(
    url: str, hint: str | None, expected: tuple[str, str]
) -> None:
    outlet = resolve(url, "", Hint(hint)).outlet
    assert (outlet.name, outlet.domain) == expected
    assert not outlet.images
    assert outlet.standing == (KNOWN_STANDING if expected[1] in OUTLETS else UNKNOWN_STANDING)


def test_logos_and_standing_are_those_of_the_outlet() -> None:
    outlet = resolve("https://news.sky.com/story/1").outlet
    assert (outlet.name, outlet.images, outlet.standing) == ("Sky", (LOGO,), 0)


RIVER, STRANGER = "https://www.river.example/1", "https://www.tide.example/1"
BBC, LEDGER = ("BBC", "bbc.co.uk"), ("The Harbour Ledger", "theledger.example")
# The URL, the title, the hint; the publisher, the evidence for it, and the carrier.
EVIDENCE: dict[str, tuple[str, str, Hint, tuple[str, str], str, str | None]] = {
    "an aggregator's title": (RIVER, "It holds - BBC", Hint(), BBC, "title", "river.example"),
    "a press-release wire's": (
        "https://wire.example/1",
        "It holds | BBC",
        Hint(),
        BBC,
        "title",
        "wire.example",
    ),
    "by another of its names": (RIVER, "It holds - HL", Hint(), LEDGER, "title", "river.example"),
    "by its domain": (RIVER, "It holds - bbc.co.uk", Hint(), BBC, "title", "river.example"),
    "by the name of a host": (
        RIVER,
        "It holds - Times of India",
        Hint(),
        ("Times of India", "indiatimes.com"),
        "title",
        "river.example",
    ),
    "two suffixes": (RIVER, "It holds - News | BBC", Hint(), BBC, "title", "river.example"),
    "an aggregator names itself": (
        RIVER,
        "It holds - River",
        Hint("River", "river.example"),
        ("River", "river.example"),
        "carrier",
        "river.example",
    ),
    "an aggregator, an unknown outlet": (
        RIVER,
        "It holds - Valley Post",
        Hint(),
        ("River", "river.example"),
        "carrier",
        "river.example",
    ),
    "an aggregator, a hinted name that is known": (
        RIVER,
        "It holds",
        Hint("the bbc"),
        BBC,
        "hint",
        "river.example",
    ),
    "an aggregator, a hinted domain that is known": (
        RIVER,
        "It holds - HL",
        Hint("Somebody", "www.BBC.co.uk"),
        BBC,
        "hint",
        "river.example",
    ),
    "an aggregator, a hinted unknown outlet": (
        RIVER,
        "It holds",
        Hint("Valley Post", "www.valley.example"),
        ("Valley Post", "valley.example"),
        "hint",
        "river.example",
    ),
    "an aggregator, a hinted unknown outlet, but a known outlet in the title": (
        RIVER,
        "It holds - BBC",
        Hint("Valley Post", "valley.example"),
        BBC,
        "title",
        "river.example",
    ),
    "an aggregator, a hint that is not a domain": (
        RIVER,
        "It holds",
        Hint(None, "not a domain"),
        ("River", "river.example"),
        "carrier",
        "river.example",
    ),
    "the catalogue over a hinted domain": (
        "https://bbc.co.uk/1",
        "It holds",
        Hint("Sky", "sky.com"),
        BBC,
        "domain",
        None,
    ),
    "the catalogue over the title": (
        "https://bbc.co.uk/1",
        "It holds - Ledger Online",
        Hint(),
        BBC,
        "domain",
        None,
    ),
    "an unknown site, a hinted domain that is known": (
        STRANGER,
        "It holds",
        Hint("Whoever", "bbc.co.uk"),
        BBC,
        "hint",
        None,
    ),
    "an unknown site, a hinted domain that is unknown": (
        STRANGER,
        "It holds",
        Hint("Tide", "else.example"),
        ("Tide", "tide.example"),
        "hint",
        None,
    ),
    "an unknown site's title": (
        STRANGER,
        "It holds - Ledger Online",
        Hint(),
        LEDGER,
        "title",
        None,
    ),
    "an unknown site's title, a common word": (
        STRANGER,
        "It holds | Sky",
        Hint(),
        ("tide.example", "tide.example"),
        "unknown",
        None,
    ),
    "an unknown site that hints its own name": (
        STRANGER,
        "It holds - Ledger Online",
        Hint("Tide"),
        ("Tide", "tide.example"),
        "hint",
        None,
    ),
    "an account's title": (
        "https://other.substack.com/p/1",
        "Why I left - Ledger Online",
        Hint(),
        ("other.substack.com", "other.substack.com"),
        "unknown",
        None,
    ),
    "an account by its path": (
        "https://open.substack.com/pub/desk/p/1",
        "It holds",
        Hint(),
        ("The Desk", "desk.substack.com"),
        "domain",
        "open.substack.com",
    ),
    "a parameter that has no meaning on an unknown site": (
        "https://tide.example/go?url=https://bbc.co.uk/1",
        "It holds",
        Hint(),
        ("tide.example", "tide.example"),
        "unknown",
        None,
    ),
    "a parameter of an aggregator": (
        "https://river.example/go?url=https%3A%2F%2Fbbc.co.uk%2F1&x=2",
        "It holds",
        Hint(),
        BBC,
        "domain",
        "river.example",
    ),
    "an aggregator within an aggregator": (
        "https://river.example/go?url=https://wire.example/2",
        "It holds - BBC",
        Hint(),
        BBC,
        "title",
        "river.example",
    ),
    "an unknown site within an aggregator": (
        "https://river.example/go?url=https://www.tide.example/2",
        "It holds",
        Hint(),
        ("tide.example", "tide.example"),
        "unknown",
        "river.example",
    ),
    "an invalid URL within an aggregator": (
        "https://river.example/go?url=https://:/",
        "It holds",
        Hint(),
        ("River", "river.example"),
        "carrier",
        "river.example",
    ),
    "an IP address with a hint": (
        "http://192.0.2.7/1",
        "It holds",
        Hint("Tide", "tide.example"),
        ("Tide", "tide.example"),
        "hint",
        None,
    ),
    "an IP address with an IP address as hint": (
        "http://192.0.2.7/1",
        "It holds",
        Hint(None, "192.0.2.8"),
        ("192.0.2.7", "192.0.2.7"),
        "unknown",
        None,
    ),
}


@pytest.mark.parametrize(
    ("url", "title", "hint", "named", "evidence", "carried_by"), EVIDENCE.values(), ids=EVIDENCE
)
def test_the_publisher_and_the_evidence_for_it(
    url: str,
    title: str,
    hint: Hint,
    named: tuple[str, str],
    evidence: str,
    carried_by: str | None,
) -> None:
    resolution = resolve(url, title, hint)
    outlet = resolution.outlet
    assert (outlet.name, outlet.domain) == named
    assert (resolution.evidence, resolution.carried_by) == (evidence, carried_by)


def test_a_title_on_an_unknown_site_gives_no_standing() -> None:
    title = "It holds - Ledger Online"
    assert resolve(RIVER, title).outlet.standing == KNOWN_STANDING
    assert resolve(STRANGER, title).outlet.standing == UNKNOWN_STANDING


def test_a_name_of_two_outlets_finds_neither_unless_one_lists_it_in_also() -> None:
    one, two = Outlet("a.example", "The Star"), Outlet("b.example", "Star")
    claimant = Outlet("c.example", "C", also=("STAR",))
    assert "star" not in index_names([one, two])
    assert index_names([one, two, claimant])["star"] is claimant
    assert "star" not in index_names([Outlet("d.example", "Star", kind="aggregator")])


BARE = [
    ("an outlet behind a dash", "It holds - Ledger Online", False, "It holds"),
    ("an outlet behind a bar, however written", "It holds | the ledger ONLINE", False, "It holds"),
    ("no outlet", "It holds - Valley Post", False, "It holds - Valley Post"),
    ("a common word, with a hint for it", "It holds - Sky", True, "It holds"),
    ("a common word", "It holds - Sky", False, "It holds - Sky"),
    ("no separator", "Ledger Online", True, "Ledger Online"),
]


@pytest.mark.parametrize(
    ("reason", "title", "is_from_carrier", "bare"), BARE, ids=[r[0] for r in BARE]
)
def test_the_outlet_is_removed_from_a_title(
    reason: str, title: str, is_from_carrier: bool, bare: str
) -> None:
    assert bare_title(title, NAMES, is_from_carrier) == bare, reason
