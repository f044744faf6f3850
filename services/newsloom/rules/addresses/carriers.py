"""The publisher behind a carrier's URL: AMP caches, redirects, and accounts on platforms.

In: an acceptable URL. Out: the host of the publisher, if the URL contains it. It never follows a
URL, and does not use the catalogue.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from urllib.parse import unquote

from newsloom.rules.addresses.urls import UrlParts, host_of, split_url, url_fault

# amp.dev, "AMP Cache URL Format and Request Handling": documents are at /c/, for the viewer at /v/,
# as web packages at /wp/; `s/` means https. Bing's cache uses the same format. Older URLs have no
# label before the cache's domain. Google's viewer is at google.com/amp/.
_AMP_CACHE = re.compile(r"(?:.+\.)?(?:cdn\.ampproject\.org|bing-amp\.com)")
_AMP_DOCUMENT = re.compile(r"/(?:c|v|wp)/(?:s/)?([^/]+\.[^/]+(?:/.*)?)", re.DOTALL)
_AMP_VIEWER = re.compile(r"/amp/(?:s/)?([^/]+\.[^/]+(?:/.*)?)", re.DOTALL)

# How redirects of aggregators contain the target: google.com/url?q=, Bing's apiclick?url=,
# l.facebook.com/l.php?u=, and Yahoo's r.search.yahoo.com/.../RU=.../.
_REDIRECT = re.compile(
    r"(?:^|[&/?;])(?:url|q|u|ru)=(https?(?::|%3a)(?:/|%2f){2}[^&;]+)", re.IGNORECASE
)

# Older ids of Google News are base64 of a message that contains the URL; newer ones are opaque.
_GOOGLE_NEWS_ID = re.compile(r"/(?:rss/)?(?:articles|read)/([\w-]{16,})=*", re.ASCII)
_PLAIN_URL = re.compile(rb"https?://[\x21-\x7e]+")

# Platforms with the account in the path. The same account also has a host, see `_account_host`.
_ACCOUNT_PATHS = {
    "medium.com": re.compile(r"/@([A-Za-z0-9._-]{1,63})(?:/|$)"),
    "substack.com": re.compile(r"/(?:@|pub/)([A-Za-z0-9._-]{1,63})(?:/|$)"),
}
_NEVER_PUBLISHERS = ("ampproject.org", "bing-amp.com", *_ACCOUNT_PATHS)
_PLATFORM_HOSTS = ("", "www.", "open.", "m.")


def publisher_host(url: str, domain: str, is_carrier: bool) -> str | None:
    """The host of the publisher of an article at an acceptable `url`, if the URL contains it.

    None if the URL is the publisher's own or does not show the publisher. `domain` is the URL's
    registrable domain. A redirect counts only with `is_carrier` or for Google: elsewhere a
    parameter named `url` may mean anything. Raises ValueError for an unacceptable URL.
    """
    is_never_publisher = domain.endswith(_NEVER_PUBLISHERS)
    if not (is_never_publisher or is_carrier or domain.startswith("google.")):
        return None
    parts = split_url(url)
    within = _amp_page(parts) or (None if is_never_publisher else _redirect(parts))
    if within is not None and url_fault(within) is None:
        parts = split_url(within)
        return _account_host(parts) or parts.host
    return _account_host(parts)


def _amp_page(parts: UrlParts) -> str | None:
    if _AMP_CACHE.fullmatch(parts.host):
        document = _AMP_DOCUMENT.fullmatch(parts.path)
    elif parts.host.removeprefix("www.").startswith("google."):
        document = _AMP_VIEWER.fullmatch(parts.path)
    else:
        return None
    return f"https://{document[1]}" if document else None


def _redirect(parts: UrlParts) -> str | None:
    for text in (parts.query, parts.path):
        if found := _REDIRECT.search(text):
            return unquote(found[1].partition("/RK=")[0])
    if parts.host == "news.google.com" and (found := _GOOGLE_NEWS_ID.fullmatch(parts.path)):
        ident = found[1]
        try:
            target = _PLAIN_URL.search(urlsafe_b64decode(ident + "=" * (-len(ident) % 4)))
        except Base64Error:
            return None
        return target[0].decode() if target else None
    return None


def _account_host(parts: UrlParts) -> str | None:
    """`jane-doe.medium.com` for `medium.com/@jane.doe`: the platforms redirect in the same way."""
    for platform, form in _ACCOUNT_PATHS.items():
        if parts.host.endswith(platform) and parts.host.removesuffix(platform) in _PLATFORM_HOSTS:
            found = form.match(parts.path)
            label = re.sub(r"[._]", "-", found[1]).strip("-").lower() if found else ""
            return host_of(f"https://{label}.{platform}/") if label else None
    return None
