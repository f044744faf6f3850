"""Article identity: which URLs are acceptable, their canonical form, and the article id.

In: URLs as crawlers send them. Out: a fault (`bad-url` or `too-long`), a canonical ASCII URL, an
article id, a host. It never fetches or follows a URL. The canonical form is for identity only: it
is never published in place of the crawler's URL.
"""

import re
import tomllib
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal, NamedTuple

import idna

MAX_URL_CHARS = 2048
UrlFault = Literal["bad-url", "too-long"]

# RFC 3986, appendix B, for absolute http(s) only. ASCII control characters and lone surrogates
# match nowhere.
_URL = re.compile(
    r"[hH][tT][tT][pP]([sS]?)://"
    r"([^/?#\x00-\x1f\x7f\ud800-\udfff]*)"
    r"([^?#\x00-\x1f\x7f\ud800-\udfff]*)"
    r"(?:\?([^#\x00-\x1f\x7f\ud800-\udfff]*))?"
    r"(?:#([^\x00-\x1f\x7f\ud800-\udfff]*))?"
)
_ENDPOINT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?")
# RFC 1123 letters, digits and hyphens, plus the underscore that real hosts have; RFC 1035 lengths.
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_MAX_HOST_CHARS = 253
# A host with such a last label must be an IPv4 address (WHATWG URL, "ends in a number"): forms like
# 127.1 and 0x7f000001 are used to bypass filters.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PLAIN_PORTS = (80, 443)

# The characters that RFC 3986 allows in a path, query or fragment; runs that need normalising; and
# escapes of unreserved characters, which must be decoded.
_LEGAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*")
_TO_NORMALISE = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%|[^%A-Za-z0-9\-._~!$&'()*+,;=:@/?]+")
_ESCAPED_UNRESERVED = re.compile(r"%(2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])")
# Jakarta Servlet specification, 7.1.3: the session id that a server adds to a path.
_PATH_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)


class UrlParts(NamedTuple):
    """The parts of an acceptable URL: host as in `host_of`, path and query percent-normalised."""

    is_https: bool
    host: str
    path: str
    query: str


class _Tracking(NamedTuple):
    names: frozenset[str]
    prefixes: tuple[str, ...]


class _Site(NamedTuple):
    host: str
    origin: str
    tracking: _Tracking


def url_fault(url: str) -> UrlFault | None:
    """None for an acceptable URL, `too-long` above 2,048 characters, else `bad-url`.

    An acceptable URL is absolute, has the scheme http or https in any case, a host that is an IP
    address or a DNS name, and a port of 1-65535 or none. Userinfo is accepted (it is no part of the
    identity). A space or a backslash after the host is accepted (it is encoded in the canonical
    form). An ASCII control character or a lone surrogate is not accepted anywhere.
    """
    if len(url) > MAX_URL_CHARS:
        return "too-long"
    return None if _read(url) else "bad-url"


def canonical_url(url: str) -> str:
    """The canonical form of an acceptable URL: ASCII, idempotent, with the query sorted.

    http and https, and ports 80 and 443, become one identity, because sites serve the same article
    on both. `www.` and a trailing slash are kept: without a fetch their effect is unknown.
    Userinfo, tracking parameters, session ids and the fragment are dropped, but a fragment that
    begins with `!` is kept, because it selects the article. Percent-encoding may make the form
    longer than 2,048 characters. Raises ValueError for a URL that `url_fault` rejects as bad.
    """
    _, site, path, query, fragment = _split(url)
    path = _normalise_percents(path)
    if ";" in path:
        path = _PATH_SESSION.sub("", path)
    if "/." in path:
        path = _remove_dot_segments(path)
    canonical = site.origin + (path or "/")
    if query and (kept := _canonical_query(query, site.tracking)):
        canonical += "?" + kept
    if len(fragment) > 1 and fragment[0] == "!":
        canonical += "#" + _normalise_percents(fragment)
    return canonical


def article_id(canonical: str) -> str:
    """The first 128 bits of the SHA-256 of a canonical URL in UTF-8, as 32 hex digits."""
    return sha256(canonical.encode()).hexdigest()[:32]


def host_of(url: str) -> str:
    """The host of a URL: lower-case ASCII, no port, trailing dot or brackets. Raises ValueError."""
    return _split(url)[1].host


def split_url(url: str) -> UrlParts:
    """The parts of a URL, without userinfo, port and fragment. Raises ValueError for a bad URL."""
    is_https, site, path, query, _ = _split(url)
    return UrlParts(is_https, site.host, _normalise_percents(path), _normalise_percents(query))


def _split(url: str) -> "_Split":
    split = _read(url)
    if split is None:
        raise ValueError(f"not an acceptable URL: {url!r}")
    return split


_Split = tuple[bool, _Site, str, str, str]


@lru_cache(maxsize=64)  # The same URL is checked, identified and split.
def _read(url: str) -> _Split | None:
    """(is https, site, path, query, fragment) of a URL; None if it is not acceptable."""
    match = _URL.fullmatch(url)
    site = _site(match[2]) if match else None
    if match is None or site is None:
        return None
    return match[1] != "", site, match[3], match[4] or "", match[5] or ""


@lru_cache(maxsize=1024)  # At most 9 MB: an authority has up to 2,048 characters.
def _site(authority: str) -> _Site | None:
    """The site of `userinfo@host:port`; None if the host or the port is invalid."""
    # A browser reads a backslash here as "/" and RFC 3986 does not: their hosts would differ.
    if "\\" in authority:
        return None
    match = _ENDPOINT.fullmatch(authority.rpartition("@")[2])
    if match is None:
        return None
    port = int(match[2]) if match[2] else 443
    host = _ipv6_host(match[1][1:-1]) if match[1].startswith("[") else _named_host(match[1])
    if host is None or not 1 <= port <= 65535:
        return None
    origin = f"https://[{host}]" if ":" in host else f"https://{host}"
    return _Site(host, origin if port in _PLAIN_PORTS else f"{origin}:{port}", _tracking_on(host))


def _ipv6_host(text: str) -> str | None:
    try:
        address = IPv6Address(text)
    except ValueError:
        return None
    if address.scope_id is not None:
        return None
    # RFC 5952, section 5. Written here because `compressed` differs before and after Python 3.13.
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else address.compressed


def _named_host(text: str) -> str | None:
    host = text.lower() if text.isascii() else _ascii_host(text)
    if host is None:
        return None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > _MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if not _NUMBER.fullmatch(labels[-1]):
        return host
    try:
        return str(IPv4Address(host))
    except ValueError:
        return None


def _ascii_host(text: str) -> str | None:
    """The ASCII form of an international host, as browsers compute it: UTS #46, non-transitional.

    IDNA 2008's list of letters is not applied: it rejects hosts that exist (emoji domains). For a
    host that both accept, the result is the same.
    """
    try:
        labels = idna.uts46_remap(text, std3_rules=False).split(".")
    except idna.IDNAError:
        return None
    # Punycode takes quadratic time, so a label that is too long is rejected first.
    if any(len(label) > 63 for label in labels):
        return None
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels
    )


def _normalise_percents(text: str) -> str:
    """RFC 3986, 6.2.2: unreserved characters decoded, illegal ones encoded, hex in upper case."""
    return text if _LEGAL.fullmatch(text) else _TO_NORMALISE.sub(_normalise_run, text)


def _normalise_run(match: re.Match[str]) -> str:
    run = match[0]
    if run == "%":
        return "%25"
    if run[0] != "%":
        return "".join(f"%{octet:02X}" for octet in run.encode())
    return _ESCAPED_UNRESERVED.sub(lambda escape: chr(int(escape[1], 16)), run.upper())


def _remove_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4, for a path that begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _canonical_query(query: str, tracking: _Tracking) -> str:
    kept = []
    for piece in _normalise_percents(query).split("&"):
        # A feed that is escaped twice has `a=1&amp;b=2`. No real parameter is called `amp;b`.
        while piece.startswith("amp;"):
            piece = piece[4:]
        name = piece.partition("=")[0].lower()
        if piece and name not in tracking.names and not name.startswith(tracking.prefixes):
            kept.append(piece)
    # Whole pieces are sorted, not names: repeated names stay, and the given order has no effect.
    return "&".join(sorted(kept))


def _tracking_on(host: str) -> _Tracking:
    names, prefixes = _EVERYWHERE
    domain = host
    while domain:
        names |= _ON_DOMAIN.get(domain, frozenset())
        domain = domain.partition(".")[2]
    return _Tracking(names, prefixes)


def _load_tracking() -> tuple[_Tracking, dict[str, frozenset[str]]]:
    path = Path(__file__).with_name("tracking_parameters.toml")
    table = tomllib.loads(path.read_text("utf-8"))
    everywhere = _Tracking(
        frozenset(name for group in table["everywhere"] for name in group["names"]),
        tuple(prefix for group in table["everywhere"] for prefix in group.get("prefixes", ())),
    )
    on_domain: dict[str, frozenset[str]] = {}
    for group in table["on_domains"]:
        for domain in group["domains"]:
            on_domain[domain] = on_domain.get(domain, frozenset()).union(group["names"])
    return everywhere, on_domain


_EVERYWHERE, _ON_DOMAIN = _load_tracking()
