"""Who published it: by the catalogue for a host or a domain, else by hint, else by domain."""

import pytest

from newsloom.rules.provider import Outlet, resolve_provider
from newsloom.rules.scoring import KNOWN_STANDING, UNKNOWN_STANDING

LOGO = {"url": "https://sky.com/logo.png", "width": 50, "height": 50}
OUTLETS = {
    outlet.domain: outlet
    for outlet in (
        Outlet("bbc.co.uk", "BBC"),
        Outlet("desk.substack.com", "The Desk"),
        Outlet("indiatimes.com", "Indiatimes", {"timesofindia.indiatimes.com": "Times of India"}),
        Outlet("sky.com", "Sky", images=(LOGO,), standing=0),
    )
}

RESOLUTIONS = {
    "a host with a name of its own": (
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
    "below the host with a name of its own": (
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
    "another account there": (
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
    "an address": ("http://192.0.2.7/1", None, ("192.0.2.7", "192.0.2.7")),
}


@pytest.mark.parametrize(("url", "hint", "expected"), RESOLUTIONS.values(), ids=RESOLUTIONS)
def test_resolve_provider(url: str, hint: str | None, expected: tuple[str, str]) -> None:
    outlet = resolve_provider(url, OUTLETS, hint)
    assert (outlet.name, outlet.domain) == expected
    assert not outlet.images
    assert outlet.standing == (KNOWN_STANDING if expected[1] in OUTLETS else UNKNOWN_STANDING)


def test_logos_and_standing_are_the_outlets() -> None:
    outlet = resolve_provider("https://news.sky.com/story/1", OUTLETS)
    assert (outlet.name, outlet.images, outlet.standing) == ("Sky", (LOGO,), 0)


def test_whose_url_it_is_is_the_callers_matter() -> None:
    """An aggregator's URL names the aggregator; `originalUrl` is for the caller to choose."""
    aggregator = resolve_provider("https://river.example/go?u=https://bbc.co.uk/1", OUTLETS)
    original = resolve_provider("https://bbc.co.uk/1", OUTLETS)
    assert (aggregator.name, original.name) == ("river.example", "BBC")
