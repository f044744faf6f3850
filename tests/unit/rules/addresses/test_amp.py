"""AMP cache URLs: published examples, test vectors of amp-toolbox, and the forms of AMP URLs."""

import pytest

from newsloom.rules.addresses.amp import cdn_amp_url

SHAPES = {
    "https": (
        "https://local.daily.example/platform/amp/2020/2/26/21155223/a-slug",
        "https://local-daily-example.cdn.ampproject.org/c/s/local.daily.example/platform/amp/2020/2/26/21155223/a-slug",
    ),
    "http instead of https": (
        "http://www.daily.example/amp/news",
        "https://www-daily-example.cdn.ampproject.org/c/www.daily.example/amp/news",
    ),
    "a trailing slash": (
        "https://www.daily.example/2020/02/18/a-slug/amp/",
        "https://www-daily-example.cdn.ampproject.org/c/s/www.daily.example/2020/02/18/a-slug/amp/",
    ),
    "a separate host for AMP": (
        "https://beta.tv24.example/news/2020/2/26/1_4829135.html",
        "https://beta-tv24-example.cdn.ampproject.org/c/s/beta.tv24.example/news/2020/2/26/1_4829135.html",
    ),
    "AMP as a bare parameter": (
        "https://www.daily.example/Still-Debated.html?AMP",
        "https://www-daily-example.cdn.ampproject.org/c/s/www.daily.example/Still-Debated.html?AMP",
    ),
    "AMP as a parameter with a value": (
        "https://www.daily.example/news/a-slug?_amp=true",
        "https://www-daily-example.cdn.ampproject.org/c/s/www.daily.example/news/a-slug?_amp=true",
    ),
    "the query keeps its order and its tracking": (
        "https://daily.example/a?z=1&utm_source=x&b=2",
        "https://daily-example.cdn.ampproject.org/c/s/daily.example/a?z=1&utm_source=x&b=2",
    ),
    "an empty path becomes the root": (
        "https://www.daily.example",
        "https://www-daily-example.cdn.ampproject.org/c/s/www.daily.example",
    ),
    "upper case, port, userinfo and fragment": (
        "https://a@WWW.Daily.example:443/Amp#top",
        "https://www-daily-example.cdn.ampproject.org/c/s/www.daily.example/Amp",
    ),
    "characters that a URL must encode": (
        "https://daily.example/é b?q=ü",
        "https://daily-example.cdn.ampproject.org/c/s/daily.example/%C3%A9%20b?q=%C3%BC",
    ),
    "an international host is punycode in both places": (
        "https://點看.com/amp",
        "https://xn---com-k47jg78q.cdn.ampproject.org/c/s/xn--c1yn36f.com/amp",
    ),
    "an IPv6 host with dots cannot be a label": (
        "https://[::ffff:192.0.2.7]/amp",
        "https://c6n6x5wigcpqjcaw5zgwevmwtuxzmucphvdjuczn2r3byb25xjxa.cdn.ampproject.org/c/s/[::ffff:192.0.2.7]/amp",
    ),
    "an IPv6 host has no dot": (
        "https://[2001:db8::1]/amp",
        "https://ll6rt2cw2hay2f6wadp5fnpvgsmsgm4ylyjgykuvcbdrala62u3a.cdn.ampproject.org/c/s/[2001:db8::1]/amp",
    ),
}


@pytest.mark.parametrize(("amp_url", "expected"), SHAPES.values(), ids=SHAPES)
def test_the_cache_url_of_an_amp_url(amp_url: str, expected: str) -> None:
    assert cdn_amp_url(amp_url) == expected


# From ampproject/amp-toolbox, packages/cache-url/spec/AmpUrlSpec.js, if no other source is named.
LABELS = {
    "dots become hyphens": ("something.com", "something-com"),
    "a host has no case": ("SOMETHING.COM", "something-com"),
    "hyphens are doubled": ("hello-world.com", "hello--world-com"),
    "two hyphens become four": ("hello--world.com", "hello----world-com"),
    "no dot: hashed": (
        "toplevelnohyphens",
        "qsgpfjzulvuaxb66z77vlhb5gu2irvcnyp6t67cz6tqo5ae6fysa",
    ),
    "no dot but hyphens: hashed": (
        "no-dot-domain",
        "4lxc7wqq7b25walg4rdiil62veijrmqui5z3ept2lyfqqwpowryq",
    ),
    "longer than a label: hashed": (
        "itwasadarkandstormynight.therainfellintorrents."
        "exceptatoccasionalintervalswhenitwascheckedby."
        "aviolentgustofwindwhichsweptupthestreets.com",
        "dgz4cnrxufaulnwku4ow5biptyqnenjievjht56hd7wqinbdbteq",
    ),
    "64 characters: hashed (torproject snowflake, common/amp)": (
        "0" * 60 + ".com",
        "stejanx4hsijaoj4secyecy4nvqodk56kw72whwcmvdbtucibf5a",
    ),
    "63 characters: readable": ("0" * 59 + ".com", "0" * 59 + "-com"),
    "punycode is decoded first": ("xn--bcher-kva.ch", "xn--bcher-ch-65a"),
    "right-to-left throughout": (
        "xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c",
        "xn-------i5fvcbaopc6fkc0de0d9jybegt6cd",
    ),
    "both directions: hashed": (
        "hello.xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c",
        "a6h5moukddengbsjm77rvbosevwuduec2blkjva4223o4bgafgla",
    ),
    "hyphens at positions 3 and 4 get a 0 at both ends": (
        "en-us.example.com",
        "0-en--us-example-com-0",
    ),
    "a subdomain (amp.dev)": ("foo.example.com", "foo-example-com"),
    "a hyphen (amp.dev)": ("foo-example.com", "foo--example-com"),
    "an emoji host (amp.dev)": ("xn--57hw060o.com", "xn---com-p33b41770a"),
    "a host longer than a label whose readable form would fit: hashed": (
        "xn--bcher-kva." * 5 + "ch",
        "crncz52bvyp2hwd5rpbrcsg6bkrimodesuzxmkl6qzxz3trlly5a",
    ),
    "too long with a 0 at both ends: hashed": (
        "en-" + "a" * 57 + ".be",
        "dzklwtd2ziim7jhlshaurrlfvzwe4cpnu4agbaxp2sgfxo6ucraa",
    ),
    "hyphens at positions 3 and 4 of the host itself: hashed": (
        "r3--cdn.example",
        "kfkz3otyqfpzuj5ra5ei3i4y4ivwnnyrsgmbrxeblpra252pyf3a",
    ),
    "a host that would look encoded gets a 0 at both ends": (
        "xn-news.example",
        "0-xn--news-example-0",
    ),
    "the 0 at both ends is added before encoding": ("en-ü.example", "xn--0-en---example-0-ozb"),
    "punycode that cannot be decoded: hashed": (
        "xn--99999999.example",
        "q563fb3pappwp7qlfydhnckyhx3klebp4a52qauvv3inydsefora",
    ),
}


@pytest.mark.parametrize(("host", "label"), LABELS.values(), ids=LABELS)
def test_the_label_of_a_host(host: str, label: str) -> None:
    cached = cdn_amp_url(f"https://{host}/a")
    assert cached.split("/")[2] == f"{label}.cdn.ampproject.org"
    assert len(label) <= 63


def test_a_url_that_is_not_acceptable_raises() -> None:
    with pytest.raises(ValueError, match="not an acceptable URL"):
        cdn_amp_url("https:///amp")
