"""Properties of every acceptable URL: one ASCII identity for any query order and tracking."""

import tomllib
from pathlib import Path
from random import Random

import idna
from hypothesis import assume, example, given
from hypothesis import strategies as st

import newsloom.rules
from newsloom.rules.addresses.amp import cdn_amp_url
from newsloom.rules.addresses.domains import registrable_domain
from newsloom.rules.addresses.urls import (
    MAX_URL_CHARS,
    canonical_url,
    host_of,
    split_url,
    url_fault,
)

_ADDRESSES = Path(newsloom.rules.__file__).parent / "addresses"
_TABLE = tomllib.loads((_ADDRESSES / "tracking_parameters.toml").read_text("utf-8"))

# Mostly characters of the URL syntax, so that unusual combinations are tested.
_nasty_pieces = st.sampled_from(
    [
        *"/?#&=;:@!%.\\ []|+~é😊。\u00ad",
        *("%2e", "%2F", "%41", "%e9", "%25", "%%41", "%4", "..", "/../", "/./", "://", "#!"),
        *("&amp;", ";jsessionid=", "utm_source=", "utm%5Fid", "a=1"),
    ]
)
_nasty_text = st.lists(
    st.one_of(_nasty_pieces, st.text(st.characters(exclude_categories=["Cs"]), max_size=3)),
    max_size=12,
).map("".join)
_hosts = st.one_of(
    st.sampled_from(
        [
            *("news.example", "WWW.News.example.", "localhost", "www.wired.com"),
            *("bücher.example", "xn--bcher-kva.example", "a@b@news.example"),
            *("192.0.2.7", "\uff11\uff19\uff12.0.2.7", "[2001:DB8:0::1]", "[::ffff:192.0.2.7]"),
            *("news.example:8080", "news.example:80", "news.example:"),
        ]
    ),
    st.text(max_size=12),
    _nasty_text,
)
_urls = st.builds(
    lambda scheme, host, rest: f"{scheme}://{host}{rest}",
    st.sampled_from(["https", "http", "HTTPS"]),
    _hosts,
    st.one_of(_nasty_text.map("/".__add__), _nasty_text.map("?".__add__), _nasty_text),
)
_acceptable_urls = _urls.filter(lambda url: url_fault(url) is None)
_words = st.text("abcxyz019_", min_size=1, max_size=6)
_parameters = st.lists(
    st.one_of(st.tuples(_words, _words).map("=".join), _words, _words.map("{}=".format)),
    max_size=6,
)
_tracking = st.one_of(
    st.sampled_from([name for group in _TABLE["everywhere"] for name in group["names"]]),
    st.builds(
        str.__add__,
        st.sampled_from([p for group in _TABLE["everywhere"] for p in group.get("prefixes", [])]),
        _words,
    ),
)


@given(st.one_of(_urls, st.text()))
@example("https://news.example/a%2E%2E/%2e./..;jsessionid=/%4%31?&amp;amp;=#!#")
def test_a_url_has_a_known_fault_or_all_functions_accept_it(url: str) -> None:
    fault = url_fault(url)
    assert fault in (None, "bad-url", "too-long")
    if fault is None:
        assert registrable_domain(host_of(url))
        assert cdn_amp_url(url).isascii()
        assert url_fault(cdn_amp_url(url)) in (None, "too-long")


@given(_acceptable_urls)
@example("http://news.example:443/")
@example("https://news.example/a/..;jsessionid=1/b")
@example("https://news.example/?&amp;&amp;amp;a")
def test_the_canonical_form_is_ascii_acceptable_and_idempotent(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical.isascii()
    assert canonical_url(canonical) == canonical
    assert host_of(canonical) == host_of(url)
    # Encoding may make it longer than the limit; it is hashed and never requested.
    assert url_fault(canonical) == ("too-long" if len(canonical) > MAX_URL_CHARS else None)


@given(_acceptable_urls)
def test_http_and_https_give_one_identity(url: str) -> None:
    rest = url.partition("://")[2]
    assert canonical_url(f"http://{rest}") == canonical_url(f"https://{rest}")


@given(_parameters, st.randoms())
def test_the_order_of_the_query_never_changes_identity(
    parameters: list[str], random: Random
) -> None:
    shuffled = random.sample(parameters, len(parameters))
    base = "https://news.example/story?"
    assert canonical_url(base + "&".join(shuffled)) == canonical_url(base + "&".join(parameters))


@given(_parameters, _tracking, st.text("abc019%._-", max_size=6), st.integers(0, 6), st.booleans())
def test_tracking_parameters_never_change_identity(
    parameters: list[str], name: str, value: str, place: int, is_upper: bool
) -> None:
    base = "https://news.example/story?"
    tracked = [*parameters]
    tracked.insert(place, f"{name.upper() if is_upper else name}={value}")
    assert canonical_url(base + "&".join(tracked)) == canonical_url(base + "&".join(parameters))


@given(st.lists(st.tuples(_words, _words), max_size=5))
def test_other_parameters_stay(pairs: list[tuple[str, str]]) -> None:
    pieces = [f"q{name}={value}" for name, value in pairs]
    canonical = canonical_url("https://news.example/story?" + "&".join(pieces))
    assert sorted(canonical.partition("?")[2].split("&")) == sorted(pieces or [""])


@given(st.text(st.characters(categories=["L", "M", "Nd"]), min_size=1, max_size=12))
def test_a_host_agrees_with_idna_2008_where_idna_2008_accepts_it(label: str) -> None:
    try:
        expected = idna.encode(f"{label}.example", uts46=True).decode()
    except idna.IDNAError:
        assume(False)
    assert host_of(f"https://{label}.example/") == expected


@given(_acceptable_urls)
def test_parts_are_stable_and_valid(url: str) -> None:
    parts = split_url(url)
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    again = split_url(f"http{'s' * parts.is_https}://{host}{parts.path}?{parts.query}")
    assert again == parts
