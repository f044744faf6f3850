"""AMP cache URLs: the URL at which the Google AMP cache serves an AMP page.

In: an acceptable `ampWebUrl`. Out: its `cdnAmpWebUrl`. It never checks that the cache has the page.
The label follows amp.dev, "AMP Cache URL Format and Request Handling". The rules for hashing it are
those of ampproject/amp-toolbox, `packages/cache-url`; it covers cases that the page omits.
"""

import re
from base64 import b32encode
from functools import lru_cache
from hashlib import sha256

from newsloom.rules.addresses.urls import split_url

_CACHE_DOMAIN = "cdn.ampproject.org"
_MAX_LABEL_CHARS = 63  # RFC 1035, 2.3.4

# One DNS label must not mix directions (RFC 5893). These are the toolbox's ranges. It reads UTF-16,
# so every character beyond the basic plane counts as left-to-right.
_LEFT_TO_RIGHT = re.compile(
    "[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u0300-\u0590\u0800-\u1fff"
    "\u200e\u2c00-\ufb1c\ufe00-\ufe6f\ufefd-\U0010ffff]"
)
_RIGHT_TO_LEFT = re.compile("[\u0591-\u06ef\u06fa-\u07ff\u200f\ufb1d-\ufdff\ufe70-\ufefc]")


def cdn_amp_url(amp_url: str) -> str:
    """The AMP cache URL of an acceptable AMP page URL: ASCII, path and query in their order.

    Illegal characters are percent-encoded and the host is in its ASCII form. Userinfo, port and
    fragment are dropped: the cache supports default ports only. Raises ValueError for a URL that
    `url_fault` rejects as bad.
    """
    parts = split_url(amp_url)
    secure = "s/" if parts.is_https else ""
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{_cache_label(parts.host)}.{_CACHE_DOMAIN}/c/{secure}{host}{parts.path}{query}"


@lru_cache(maxsize=4096)
def _cache_label(host: str) -> str:
    label = _readable_label(host)
    if label is None or len(label) > _MAX_LABEL_CHARS:
        # Base32 of 32 octets ends in four "=", which a label cannot contain.
        return b32encode(sha256(host.encode()).digest()).decode().lower().rstrip("=")
    return label


def _readable_label(host: str) -> str | None:
    """The host as one label of any length; None if the toolbox hashes the host instead."""
    # RFC 5891, 4.2.3.1: only encoded labels have hyphens in the third and fourth places.
    is_reserved = host[2:4] == "--" and not host.startswith("xn")
    if is_reserved or ":" in host or "." not in host or len(host) > _MAX_LABEL_CHARS:
        return None
    try:
        readable = ".".join(_decode(label) for label in host.split("."))
    except UnicodeError:
        return None
    if _LEFT_TO_RIGHT.search(readable) and _RIGHT_TO_LEFT.search(readable):
        return None
    label = readable.replace("-", "--").replace(".", "-")
    if label[2:4] == "--":
        label = f"0-{label}-0"
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def _decode(label: str) -> str:
    return label[4:].encode().decode("punycode") if label.startswith("xn--") else label
