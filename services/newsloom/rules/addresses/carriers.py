"""Whose page a carried URL shows, as far as the URL alone tells: AMP caches, redirects, accounts.

In: an acceptable URL. Out: the host that stands for its publisher. It never follows a URL, and
does not know who the publishers are.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from urllib.parse import unquote

from newsloom.rules.addresses.urls import UrlParts, host_of, split_url, url_fault

# amp.dev, "AMP Cache URL Format and Request Handling": documents are under /c/, in the viewer under
# /v/, as web packages under /wp/; `s/` means https. Bing's cache follows it. Older URLs have no
# label of their own below the cache's domain. Google's own viewer is google.com/amp/.
_AMP_CACHE = re.compile(r"(?:.+\.)?(?:cdn\.ampproject\.org|bing-amp\.com)")
_AMP_DOCUMENT = re.compile(r"/(?:c|v|wp)/(?:s/)?([^/]+\.[^/]+(?:/.*)?)", re.DOTALL)
_AMP_VIEWER = re.compile(r"/amp/(?:s/)?([^/]+\.[^/]+(?:/.*)?)", re.DOTALL)

# Where aggregators name the page they send a reader to: google.com/url?q=, bing's apiclick?url=,
# l.facebook.com/l.php?u=, and Yahoo's r.search.yahoo.com/.../RU=.../.
_REDIRECT = re.compile(
    r"(?:^|[&/?;])(?:url|q|u|ru)=(https?(?::|%3a)(?:/|%2f){2}[^&;]+)", re.IGNORECASE
)

# Ids of Google News were once base64 of a message that holds the URL; newer ones are opaque.
_GOOGLE_NEWS_ID = re.compile(r"/(?:rss/)?(?:articles|read)/([\w-]{16,})=*", re.ASCII)
_PLAIN_URL = re.compile(rb"https?://[\x21-\x7e]+")

# Platforms that name the account in the path; the same account also has a host of its own.
_ACCOUNT_PATHS = {
    "medium.com": re.compile(r"/@([A-Za-z0-9._-]{1,63})(?:/|$)"),
    "substack.com": re.compile(r"/(?:@|pub/)([A-Za-z0-9._-]{1,63})(?:/|$)"),
}
_OF_OTHERS = ("ampproject.org", "bing-amp.com", *_ACCOUNT_PATHS)
_PLATFORM_HOSTS = ("", "www.", "open.", "m.")


def publisher_host(url: str, domain: str, is_carrier: bool) -> str | None:
    """The host that stands for the publisher of what an acceptable `url` carries, if it tells.

    `domain` is the registrable domain of the URL; `is_carrier` allows for redirects, as a parameter
    named `url` means nothing elsewhere. None where the URL is the publisher's own, or says nothing.
    Raises ValueError for an unacceptable URL.
    """
    is_of_others = domain.endswith(_OF_OTHERS)
    if not (is_of_others or is_carrier or domain.startswith("google.")):
        return None
    parts = split_url(url)
    within = _amp_page(parts) or (None if is_of_others else _redirect(parts))
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
            held = _PLAIN_URL.search(urlsafe_b64decode(ident + "=" * (-len(ident) % 4)))
        except Base64Error:
            return None
        return held[0].decode() if held else None
    return None


def _account_host(parts: UrlParts) -> str | None:
    """`jane-doe.medium.com` for `medium.com/@jane.doe`, as the platforms themselves redirect."""
    for platform, form in _ACCOUNT_PATHS.items():
        if parts.host.endswith(platform) and parts.host.removesuffix(platform) in _PLATFORM_HOSTS:
            found = form.match(parts.path)
            label = re.sub(r"[._]", "-", found[1]).strip("-").lower() if found else ""
            return host_of(f"https://{label}.{platform}/") if label else None
    return None
