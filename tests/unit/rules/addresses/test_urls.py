"""Examples of acceptable URLs, canonical URLs and article ids, each with its reason."""

import tomllib
from pathlib import Path
from time import process_time

import pytest

import newsloom.rules
from newsloom.rules.addresses.urls import (
    UrlParts,
    article_id,
    canonical_url,
    host_of,
    split_url,
    url_fault,
)

ACCEPTED = {
    "plain https": "https://news.example/story",
    "plain http": "http://news.example/story",
    "a scheme has no case": "HtTpS://news.example/story",
    "no path": "https://news.example",
    "a query right after the host": "https://news.example?story=1",
    "a fragment right after the host": "https://news.example#top",
    "a single label is a DNS name": "http://localhost/story",
    "one trailing root dot": "https://news.example./story",
    "an underscore, which real hosts contain": "https://my_blog.news.example/",
    "an IPv4 address": "http://192.0.2.7/story",
    "an IPv6 address in brackets": "http://[2001:db8::1]/story",
    "an IPv6 address with a port": "http://[2001:db8::1]:8080/story",
    "an international host": "https://bücher.example/",
    "an international host in punycode": "https://xn--bcher-kva.example/",
    "an emoji host, which IDNA 2008 refuses and browsers open": "https://⚡😊.example/",
    "full-width letters and dot, which UTS 46 maps": "https://\uff4e\uff45\uff57\uff53\uff0eexample/",
    "the lowest port": "https://news.example:1/",
    "the highest port": "https://news.example:65535/",
    "an empty port": "https://news.example:/story",
    "a port with leading zeros": "https://news.example:0443/story",
    "userinfo, which is not part of the identity": "https://reader:secret@news.example/story",
    "a backslash in the path": "https://news.example/a\\b",
    "a space in the path": "https://news.example/a b",
    "any script in the path": "https://news.example/новости/ニュース",
    "a stray percent sign": "https://news.example/100%",
    "brackets and bars in the query": "https://news.example/?a[0]=1|2",
    "a label of 63 characters": f"https://{'a' * 63}.example/",
    "exactly 2,048 characters": "https://news.example/".ljust(2048, "a"),
}

BAD = {
    "empty": "",
    "no scheme": "news.example/story",
    "relative to a scheme": "//news.example/story",
    "relative to a host": "/story",
    "script": "javascript:alert(1)",
    "file": "file:///etc/passwd",
    "mail": "mailto:desk@news.example",
    "another protocol": "ftp://news.example/story",
    "one slash": "https:/news.example/story",
    "no host": "http:///story",
    "no host but a query": "https://?story=1",
    "no host but a port": "https://:443/story",
    "no host but userinfo": "https://reader@/story",
    "only a dot": "https://./story",
    "an empty label inside": "http://a..b/",
    "an empty label first": "http://.news.example/",
    "two trailing dots": "http://news.example../",
    "a label that maps to nothing": "http://\u00ad.example/",
    "a space in the host": "http://a b/",
    "a space before the scheme": " https://news.example/",
    "an asterisk in the host": "http://*.news.example/",
    "a percent sign in the host": "http://news%2Eexample/",
    "a slash that appears only after mapping": "http://℀.example/",
    "a code point that no host may contain": "http://\ue000.example/",
    "a backslash in the authority: browsers read another host": "http://a.example\\@b.example/",
    "a label of 64 characters": f"https://{'a' * 64}.example/",
    "a label of 64 characters once in punycode": f"https://{'ü' * 60}{'a' * 3}.example/",
    "a host of more than 253 characters": f"https://{'a.' * 126}example/",
    "an IPv4 octet too large": "http://256.0.2.1/",
    "an IPv4 octet with a leading zero": "http://010.0.2.1/",
    "a short IPv4 form that filters misread": "http://127.1/",
    "a decimal IPv4 form that filters misread": "http://2130706433/",
    "a hexadecimal IPv4 form that filters misread": "http://0x7f000001/",
    "an IPv6 address without brackets": "http://2001:db8::1/",
    "an IPv6 address unclosed": "http://[2001:db8::1/",
    "an invalid IPv6 address": "http://[2001:db8::g]/",
    "an IPv6 zone, which is valid on one machine only": "http://[fe80::1%25eth0]/",
    "text after the bracket": "http://[2001:db8::1]example/",
    "port 0": "https://news.example:0/",
    "a port too large": "https://news.example:99999/",
    "a port in letters": "https://news.example:https/",
    "a port in other digits": "https://news.example:٤٤٣/",
    "two ports": "https://news.example:80:80/",
    "NUL": "https://news.example/\x00",
    "a line break in the path": "https://news.example/a\nb",
    "a line break at the end": "https://news.example/\n",
    "a tab in the query": "https://news.example/?a=\t",
    "DEL in the fragment": "https://news.example/#\x7f",
    "a lone surrogate in the path": "https://news.example/\ud800",
    "a lone surrogate in the host": "https://\udfff.example/",
}


@pytest.mark.parametrize("url", ACCEPTED.values(), ids=ACCEPTED)
def test_a_url_is_accepted(url: str) -> None:
    assert url_fault(url) is None
    assert url_fault(canonical_url(url)) is None


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_a_url_is_rejected(url: str) -> None:
    assert url_fault(url) == "bad-url"
    for read in (canonical_url, host_of, split_url):
        with pytest.raises(ValueError, match="not an acceptable URL"):
            read(url)


def test_the_length_is_checked_first_and_in_characters() -> None:
    assert url_fault("https://news.example/".ljust(2049, "a")) == "too-long"
    assert url_fault("https://news.example/".ljust(2048, "é")) is None
    assert url_fault("x" * 2049) == "too-long"


def test_a_very_long_label_is_rejected_quickly() -> None:
    # To encode 2,000 different letters in punycode would take almost a second.
    started_s = process_time()
    for first in range(0x4E00, 0x4E0A):
        label = "".join(map(chr, range(first, first + 2000)))
        assert url_fault(f"https://{label}.example/") == "bad-url"
    assert process_time() - started_s < 2


HOST = "https://news.example"
CANONICAL = {
    "already canonical": (f"{HOST}/story", f"{HOST}/story"),
    "http and https are one article": ("http://news.example/story", f"{HOST}/story"),
    "scheme and host have no case": ("HTTPS://News.EXAMPLE/story", f"{HOST}/story"),
    "the path has case": (f"{HOST}/Story", f"{HOST}/Story"),
    "www is another host": ("https://www.news.example/", "https://www.news.example/"),
    "an empty path is the root": (HOST, f"{HOST}/"),
    "a trailing slash is another path": (f"{HOST}/story/", f"{HOST}/story/"),
    "the root dot is removed": ("https://news.example./story", f"{HOST}/story"),
    "port 443 is removed": (f"{HOST}:443/story", f"{HOST}/story"),
    "port 80 is removed": ("http://news.example:80/story", f"{HOST}/story"),
    "443 is removed with http too, as the scheme is not kept": (
        "http://news.example:443/",
        f"{HOST}/",
    ),
    "another port stays": ("http://news.example:08080/", f"{HOST}:8080/"),
    "an empty port is removed": (f"{HOST}:/story", f"{HOST}/story"),
    "userinfo is removed": ("https://a:b@news.example/story", f"{HOST}/story"),
    "the last @ ends userinfo": ("https://a@b@news.example/story", f"{HOST}/story"),
    "an @ in the path is not userinfo": (f"{HOST}/@desk", f"{HOST}/@desk"),
    "an international host": ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
    "sharp s is not mapped to ss": ("https://faß.example/", "https://xn--fa-hia.example/"),
    "an emoji host": ("https://⚡😊.example/", "https://xn--57hw060o.example/"),
    "mapped to an IPv4 address": ("https://\uff11\uff19\uff12.0.2.7/", "https://192.0.2.7/"),
    "IPv6 is compressed": ("http://[2001:DB8:0:0:0:0:0:1]/", "https://[2001:db8::1]/"),
    "mapped IPv6 has one form": ("http://[::FFFF:c000:207]/", "https://[::ffff:192.0.2.7]/"),
    "unreserved characters are decoded": (f"{HOST}/%7edesk%2Dnews", f"{HOST}/~desk-news"),
    "hex is upper case": (f"{HOST}/%d0%bd", f"{HOST}/%D0%BD"),
    "octets that are not UTF-8 stay": (f"{HOST}/caf%e9", f"{HOST}/caf%E9"),
    "reserved characters are not decoded": (f"{HOST}/a%2fb%3Fc", f"{HOST}/a%2Fb%3Fc"),
    "an encoded at sign stays": (f"{HOST}/%40desk", f"{HOST}/%40desk"),
    "other scripts are encoded": (f"{HOST}/н", f"{HOST}/%D0%BD"),
    "a space is encoded": (f"{HOST}/a b", f"{HOST}/a%20b"),
    "a backslash is encoded": (f"{HOST}/a\\b", f"{HOST}/a%5Cb"),
    "a stray percent sign is encoded": (f"{HOST}/100%", f"{HOST}/100%25"),
    "a percent sign before an escape": (f"{HOST}/%%41", f"{HOST}/%25A"),
    "half an escape": (f"{HOST}/%4%31", f"{HOST}/%2541"),
    "an encoded percent sign stays": (f"{HOST}/%2541", f"{HOST}/%2541"),
    "dot segments": (f"{HOST}/a/./b/../c", f"{HOST}/a/c"),
    "encoded dot segments": (f"{HOST}/a/%2E%2e/b", f"{HOST}/b"),
    "dot segments above the root": (f"{HOST}/../../a", f"{HOST}/a"),
    "a dot segment at the end": (f"{HOST}/a/b/..", f"{HOST}/a/"),
    "a single dot at the end": (f"{HOST}/a/.", f"{HOST}/a/"),
    "three dots are a name": (f"{HOST}/.../.well", f"{HOST}/.../.well"),
    "empty segments stay": (f"{HOST}//a//b", f"{HOST}//a//b"),
    "a session in the path": (f"{HOST}/a;JSESSIONID=1A/b;x=1", f"{HOST}/a/b;x=1"),
    "a session that hides dot segments": (f"{HOST}/a/..;jsessionid=1", f"{HOST}/"),
    "an empty query is removed": (f"{HOST}/?", f"{HOST}/"),
    "empty parameters are removed": (f"{HOST}/?&&a=1&", f"{HOST}/?a=1"),
    "the query is sorted": (f"{HOST}/?b=2&a=1", f"{HOST}/?a=1&b=2"),
    "repeated parameters stay": (f"{HOST}/?a=2&a=1&a=1", f"{HOST}/?a=1&a=1&a=2"),
    "no value and an empty value": (f"{HOST}/?b=&AMP", f"{HOST}/?AMP&b="),
    "a value without a name": (f"{HOST}/?=1", f"{HOST}/?=1"),
    "an encoded ampersand is part of the value": (f"{HOST}/?a=1%26b=2", f"{HOST}/?a=1%26b=2"),
    "brackets are encoded": (f"{HOST}/?a[]=1", f"{HOST}/?a%5B%5D=1"),
    "a query within a value": (
        f"{HOST}/?cache=yes%3FclipId%3D1%3FclipId%3D2",
        f"{HOST}/?cache=yes%3FclipId%3D1%3FclipId%3D2",
    ),
    "an ampersand escaped twice": (f"{HOST}/?a=1&amp;utm_id=2&amp;amp;b=3", f"{HOST}/?a=1&b=3"),
    "tracking is removed": (f"{HOST}/?id=7&utm_source=x&fbclid=y", f"{HOST}/?id=7"),
    "a query of tracking only is removed": (f"{HOST}/?utm_source=x&utm_medium", f"{HOST}/"),
    "tracking in any case": (f"{HOST}/?UTM_Source=x&GCLID=1", f"{HOST}/"),
    "tracking with an encoded name": (f"{HOST}/?utm%5Fsource=x", f"{HOST}/"),
    "a name that only contains a tracking name": (f"{HOST}/?xgclid=1", f"{HOST}/?xgclid=1"),
    "the fragment is removed": (f"{HOST}/story#comments", f"{HOST}/story"),
    "a question mark in the fragment": (f"{HOST}/story#a?b=1", f"{HOST}/story"),
    "a hash-bang selects the article": (f"{HOST}/#!/story/н", f"{HOST}/#!/story/%D0%BD"),
    "a hash within a hash-bang": (f"{HOST}/#!a#b", f"{HOST}/#!a%23b"),
    "a bare hash-bang selects nothing": (f"{HOST}/#!", f"{HOST}/"),
}


@pytest.mark.parametrize(("url", "expected"), CANONICAL.values(), ids=CANONICAL)
def test_the_canonical_form_of_a_url(url: str, expected: str) -> None:
    assert canonical_url(url) == expected
    assert canonical_url(expected) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/b/c/./../g", "/b/g"),
        ("/b/c/./g/.", "/b/c/g/"),
        ("/b/c/g;x=1/../y", "/b/c/y"),
        ("/b/c/..g", "/b/c/..g"),
        ("/a/b/c/./../../g", "/a/g"),
        ("/b/c/../../../../g", "/g"),
    ],
)
def test_dot_segments_are_resolved_as_in_rfc_3986_section_5_4(
    reference: str, expected: str
) -> None:
    assert canonical_url(HOST + reference) == HOST + expected


@pytest.mark.parametrize(
    ("host", "name", "reason"),
    [
        ("www.nytimes.com", "smid", "a subdomain of a listed domain"),
        ("theguardian.com", "CMP", "the listed domain itself"),
        ("www.theguardian.com.", "CMP", "the root dot changes nothing"),
        ("www.wired.com", "source", "a common word under a domain where it tracks"),
        ("www.lastampa.it", "ref", "a common word under a domain where it tracks"),
    ],
)
def test_a_tracking_rule_of_a_domain_applies_only_to_that_domain(
    host: str, name: str, reason: str
) -> None:
    assert "?" not in canonical_url(f"https://{host}/a?{name}=1"), reason
    other = "not" + host.removeprefix("www.")
    assert canonical_url(f"https://{other}/a?{name}=1").endswith(f"?{name}=1")
    assert canonical_url(f"{HOST}/a?{name}=1").endswith(f"?{name}=1")


SELECTS_CONTENT = """
    article articleid aid cat category clip clipid date doc edition file id issue item key lang
    language n newsid nid no node page pageid p pid post q s section sid story storyid t tag title
    topic type url v vid video view year
"""


@pytest.mark.parametrize("name", SELECTS_CONTENT.split())
def test_a_parameter_that_selects_an_article_is_kept(name: str) -> None:
    assert canonical_url(f"{HOST}/a?{name}=1") == f"{HOST}/a?{name}=1"


def test_the_tracking_table_has_sources_and_valid_names() -> None:
    package = Path(newsloom.rules.__file__).parent
    table = tomllib.loads((package / "addresses" / "tracking_parameters.toml").read_text("utf-8"))
    everywhere = [name for group in table["everywhere"] for name in group["names"]]
    prefixes = tuple(
        prefix for group in table["everywhere"] for prefix in group.get("prefixes", [])
    )
    assert len(everywhere) == len(set(everywhere))
    assert not [name for name in everywhere if name.startswith(prefixes)]
    assert min(map(len, prefixes)) >= 4
    for group in (*table["everywhere"], *table["on_domains"]):
        assert group["source"].strip()
        # Names are compared in lower case, so a name in another spelling would never match.
        assert all(name == name.lower() and name not in ("id", "p", "v") for name in group["names"])
        assert all(domain == host_of(f"https://{domain}/") for domain in group.get("domains", []))


def test_the_article_id_is_the_documented_hash() -> None:
    # printf %s https://news.example/story | sha256sum | cut -c-32
    assert article_id("https://news.example/story") == "039e3d9e0973b684ddc83ea977469971"


@pytest.mark.parametrize(
    ("url", "host", "reason"),
    [
        ("http://reader@WWW.News.example.:8080/a", "www.news.example", "only the name"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1", "no brackets"),
        ("http://192.0.2.7/", "192.0.2.7", "an address is a host"),
        ("https://Bücher.example/", "xn--bcher-kva.example", "punycode"),
    ],
)
def test_the_host_of_a_url(url: str, host: str, reason: str) -> None:
    assert host_of(url) == host, reason


def test_split_url_keeps_scheme_order_and_tracking() -> None:
    assert split_url("http://a@News.example:80/é/../b?z=1&utm_source=x&a=%7e#f") == UrlParts(
        is_https=False,
        host="news.example",
        path="/%C3%A9/../b",
        query="z=1&utm_source=x&a=~",
    )
