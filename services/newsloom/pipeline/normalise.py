"""Normalise: an article event in; its identity, clean text, language, version and digest out.

Only text is cleaned. `webUrl` and every other value stay as the crawler sent them.
"""

import re
from hashlib import blake2b
from typing import NamedTuple

import orjson

from newsloom.records.curated import Image
from newsloom.records.event import ArticleEvent, Withdrawal
from newsloom.rules.addresses.urls import article_id, canonical_url
from newsloom.rules.words.language import detect_language, format_locale
from newsloom.rules.words.text import clean_text, cut_text

MAX_EXCERPT_CHARACTERS = 2_000
MAX_RAW_EXCERPT_CHARACTERS = 100_000
"""Only so much of an excerpt is cleaned, 50 times what is kept: it bounds the work on an excerpt of
markup, entities and white space. White space at the start does not count."""
DIGEST_BYTES = 16

# Fields that state who reported an article or where it was found, not what it says. `private`
# is replaced by the digest that the sealer made.
_NOT_CONTENT = {"web_url", "original_url", "source", "event_id", "withdrawn", "provider", "private"}


# A tag or an entity that the cut of an excerpt has divided.
_DIVIDED = re.compile(r"(?:<[^<>]{0,2000}|&[^&;\s]{0,32})\Z")


class NormalisedArticle(NamedTuple):
    """An event with the results of normalising it. `event` holds the other fields unchanged."""

    event: ArticleEvent
    id: str
    title: str
    excerpt: str
    locale: str
    topics: list[str]
    images: list[Image]
    version: int
    digest: str
    address: str
    """The article id that `webUrl` gives, if `originalUrl` gives another; else empty."""


def identify(event: ArticleEvent | Withdrawal) -> str:
    """The article id, derived from `originalUrl` if given, else from `webUrl`."""
    return article_id(canonical_url(event.original_url or event.web_url))


def identify_addresses(event: ArticleEvent | Withdrawal) -> tuple[str, ...]:
    """The ids that the addresses of an event give: that of the article first, none twice."""
    urls = filter(None, (event.original_url, event.web_url))
    return tuple(dict.fromkeys(article_id(canonical_url(url)) for url in urls))


def normalise(event: ArticleEvent, private_digest: str | None = None) -> NormalisedArticle:
    """The article of an event. Its digest contains `private_digest` in place of the seal, because
    seals of the same private object differ by key.
    """
    title = clean_text(event.title)
    excerpt = _clean_excerpt(event.excerpt or "")
    locale = format_locale(event.locale) if event.locale else detect_language(f"{title} {excerpt}")
    topics = list(dict.fromkeys(filter(None, map(clean_text, event.topics))))
    images = [_image(image.model_dump(exclude_none=True)) for image in event.images]
    cleaned: dict[str, object] = {
        "title": title,
        "excerpt": excerpt,
        "locale": locale,
        "topics": topics,
        "images": images,
    }
    own_id, *other_ids = identify_addresses(event)
    return NormalisedArticle(
        event=event,
        id=own_id,
        title=title,
        excerpt=excerpt,
        locale=locale,
        topics=topics,
        images=images,
        version=event.updated_date_time or event.published_date_time,
        digest=_digest(event, cleaned, private_digest),
        address="".join(other_ids),
    )


def _clean_excerpt(raw: str) -> str:
    """The excerpt as clean text of at most 2,000 characters, with ` ...` if a part was left out."""
    raw = raw.strip()
    if len(raw) <= MAX_RAW_EXCERPT_CHARACTERS:
        return cut_text(clean_text(raw), MAX_EXCERPT_CHARACTERS)
    text = clean_text(_DIVIDED.sub("", raw[:MAX_RAW_EXCERPT_CHARACTERS]))
    return cut_text(f"{text} ...", MAX_EXCERPT_CHARACTERS) if text else ""


def _digest(event: ArticleEvent, cleaned: dict[str, object], private_digest: str | None) -> str:
    """A digest of the content. It does not depend on the crawler or the variant of the URL."""
    rest = {k: v for k, v in vars(event).items() if v is not None and k not in _NOT_CONTENT}
    hint = [event.provider.name, event.provider.domain] if event.provider else None
    original = canonical_url(event.original_url) if event.original_url else None
    content = rest | cleaned | {"provider": hint, "originalUrl": original}
    if private_digest is not None:
        content |= {"private": private_digest, "secured": None}
    encoded = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return blake2b(encoded, digest_size=DIGEST_BYTES).hexdigest()


def _image(fields: dict[str, str | int]) -> Image:
    for name in ("title", "attribution"):
        if name in fields:
            fields[name] = clean_text(str(fields[name]))
    return {name: value for name, value in fields.items() if value}  # type: ignore[return-value]
