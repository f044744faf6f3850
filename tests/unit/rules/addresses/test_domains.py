"""Registrable domains: rows of the public suffix list's test data, and cases outside the list."""

import pytest

from newsloom.rules.addresses.domains import registrable_domain

DOMAINS = {
    "one label below a plain suffix": ("suntimes.com", "suntimes.com"),
    "a subdomain": ("chicago.suntimes.com", "suntimes.com"),
    "www is not part of the domain": ("www.bbc.co.uk", "bbc.co.uk"),
    "many subdomains": ("a.b.c.news.example.com.au", "example.com.au"),
    "a private suffix of two labels": ("example.uk.com", "example.uk.com"),
    "a wildcard rule": ("a.b.c.kobe.jp", "b.c.kobe.jp"),
    "an exception to a wildcard": ("www.city.kobe.jp", "city.kobe.jp"),
    "a suffix under a prefecture": ("a.b.ide.kyoto.jp", "b.ide.kyoto.jp"),
    "a wildcard country": ("a.b.c.ck", "b.c.ck"),
    "an exception country": ("www.www.ck", "www.ck"),
    "punycode below punycode": ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
    "punycode below letters": ("www.xn--85x722f.com.cn", "xn--85x722f.com.cn"),
    "a top-level domain in punycode": ("a.shishi.xn--fiqs8s", "shishi.xn--fiqs8s"),
    "an unlisted top-level domain, by the default rule": ("a.b.news.example", "news.example"),
    "an underscore": ("my_blog.news.example", "news.example"),
    "a bare suffix": ("com", "com"),
    "a bare suffix of two labels": ("co.uk", "co.uk"),
    "a bare private suffix": ("github.io", "github.io"),
    "a single label": ("localhost", "localhost"),
    "an unlisted single label": ("example", "example"),
    "an IPv4 address": ("192.0.2.7", "192.0.2.7"),
    "an IPv6 address": ("2001:db8::1", "2001:db8::1"),
    "a mapped IPv6 address": ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
    "a private suffix: the account publishes": ("a.desk.blogspot.com", "desk.blogspot.com"),
    "a private suffix of a software host": ("desk.github.io", "desk.github.io"),
    "a platform outside the list": ("desk.substack.com", "desk.substack.com"),
    "below an account": ("mail.desk.substack.com", "desk.substack.com"),
    "a platform itself": ("substack.com", "substack.com"),
    "a platform's own www": ("www.substack.com", "substack.com"),
    "a name with the same ending as a platform": ("www.notsubstack.com", "notsubstack.com"),
}


@pytest.mark.parametrize(("host", "expected"), DOMAINS.values(), ids=DOMAINS)
def test_registrable_domain(host: str, expected: str) -> None:
    assert registrable_domain(host) == expected
    assert registrable_domain(expected) == expected
