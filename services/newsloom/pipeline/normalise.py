"""Normalise: an article event in; its identity, clean text, language and version out.

What is published stays the crawler's own but for cleaned text; `webUrl` is never altered.
"""

from hashlib import blake2b
from typing import NamedTuple

import orjson

from newsloom.records.curated import Image
from newsloom.records.event import ArticleEvent, Withdrawal
from newsloom.rules.addresses.urls import article_id, canonical_url
from newsloom.rules.words.language import detect_language, format_locale
from newsloom.rules.words.text import clean_text, cut_text

MAX_EXCERPT_CHARACTERS = 2_000
# What says who reported an article, or where it was found: no part of what it says. And what is
# private, which counts by the digest that its sealer made.
_NOT_CONTENT = {"web_url", "original_url", "source", "event_id", "withdrawn", "provider", "private"}


class NormalisedArticle(NamedTuple):
    """An event with what normalising made of it; `event` holds the rest as it came."""

    event: ArticleEvent
    id: str
    title: str
    excerpt: str
    locale: str
    topics: list[str]
    images: list[Image]
    version: int
    digest: str


def identify(event: ArticleEvent | Withdrawal) -> str:
    """The article id: derived from `originalUrl` if given, else from `webUrl`."""
    return article_id(canonical_url(event.original_url or event.web_url))


def normalise(event: ArticleEvent, private_digest: str | None = None) -> NormalisedArticle:
    """The event's article under its identity. Two events of the same content, whoever reported
    them and by whatever variant of the URL, have the same digest.

    `private_digest` stands for what was private, instead of its seal, which differs by key.
    """
    title = clean_text(event.title)
    excerpt = cut_text(clean_text(event.excerpt or ""), MAX_EXCERPT_CHARACTERS)
    locale = format_locale(event.locale) if event.locale else detect_language(f"{title} {excerpt}")
    topics = list(dict.fromkeys(filter(None, map(clean_text, event.topics))))
    images = [_image(image.model_dump(exclude_none=True)) for image in event.images]
    rest = {k: v for k, v in vars(event).items() if v is not None and k not in _NOT_CONTENT}
    hint = [event.provider.name, event.provider.domain] if event.provider else None
    content = rest | {
        "title": title,
        "excerpt": excerpt,
        "locale": locale,
        "provider": hint,
        "originalUrl": canonical_url(event.original_url) if event.original_url else None,
        "topics": topics,
        "images": images,
    }
    if private_digest is not None:
        content |= {"private": private_digest, "secured": None}
    return NormalisedArticle(
        event=event,
        id=identify(event),
        title=title,
        excerpt=excerpt,
        locale=locale,
        topics=topics,
        images=images,
        version=event.updated_date_time or event.published_date_time,
        digest=blake2b(
            orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16
        ).hexdigest(),
    )


def _image(fields: dict[str, str | int]) -> Image:
    for name in ("title", "attribution"):
        if name in fields:
            fields[name] = clean_text(str(fields[name]))
    return {name: value for name, value in fields.items() if value}  # type: ignore[return-value]
