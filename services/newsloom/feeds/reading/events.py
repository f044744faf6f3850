"""From the items of a feed to article events.

In: a `Feed`, the name of its subscription, and the time. Out: for each item a report that is valid
by the public schema, or the reason why there is none. The result depends on the arguments only.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from newsloom.feeds.reading.markup import find_images, first_sentences, join, to_text
from newsloom.feeds.reading.shapes import Feed, Image, Item, ItemFault
from newsloom.records.event import MAX_TITLE_CHARACTERS
from newsloom.rules.addresses.domains import registrable_domain
from newsloom.rules.addresses.urls import host_of, url_fault
from newsloom.rules.clock import format_time
from newsloom.rules.words.language import format_locale, is_locale
from newsloom.rules.words.text import clean_text, cut_text

MAX_AHEAD_S = 3_600
"""A date further ahead of the clock than this is wrong, and counts as absent."""
OLDEST_S = 631_152_000
"""1990-01-01: an older date of an item is a default of its software, and counts as absent."""
MAX_TOPICS = 20
MAX_IMAGES = 5
TITLE_OF_TEXT_CHARACTERS = 100
"""An item without a title gets the first words of its text."""

_TITLE_PARTS = re.compile(r"\s+[-–—|»:]{1,2}\s+")
_SOURCE_CHARACTERS = re.compile(r"[^a-z0-9._]+")
_MAX_SOURCE = 64


@dataclass(frozen=True, slots=True)
class Report:
    """An article event, the key of its item in the feed, and a digest of what the feed said.

    The digest does not contain a time that was put in place of a missing date.
    """

    key: bytes
    digest: bytes
    event: dict[str, Any]


def make_reports(
    feed: Feed, source: str, now: int, first_seen: Callable[[bytes], int | None]
) -> list[Report | ItemFault]:
    """A report or a fault for each item, in the order of the feed.

    `first_seen` tells when an item was first seen, by its key: the time of an item without a usable
    date. An item that was never seen gets `now`.
    """
    guids = Counter(item.guid for item in feed.items)
    return [_make_report(feed, item, guids, source, now, first_seen) for item in feed.items]


def source_name(address: str) -> str:
    """A stable name for the feed at `address`, as the field `source` allows it."""
    text = address.lower().partition("://")[2] or address.lower()
    name = _SOURCE_CHARACTERS.sub("-", text.removeprefix("www.")).strip("-._") or "feed"
    if len(name) <= _MAX_SOURCE:
        return name
    return f"{name[: _MAX_SOURCE - 9]}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def _make_report(
    feed: Feed,
    item: Item,
    guids: Counter[str],
    source: str,
    now: int,
    first_seen: Callable[[bytes], int | None],
) -> Report | ItemFault:
    if not item.link:
        return ItemFault.MISSING_LINK
    if url_fault(item.link) is not None:
        return ItemFault.BAD_LINK
    summary, content = to_text(item.summary), to_text(item.content)
    title = _title(item.title, summary or content)
    if not title:
        return ItemFault.MISSING_TEXT
    said = _without_empty(
        {
            "webUrl": item.link,
            "title": title,
            "excerpt": _excerpt(title, summary, content),
            "updatedDateTime": _updated(item, now),
            "type": _kind(item.media_types),
            "locale": _locale(item.language, feed.language),
            "originalUrl": _original(item),
            "provider": _provider(feed, item),
            "topics": _topics(item.topics),
            "images": _images(item),
            "source": source,
        }
    )
    stated = _usable(item.published, now)
    key = _key(item, guids)
    digest = _hash(orjson.dumps([said, stated]))
    seen = first_seen(key)
    published = stated if stated is not None else seen if seen is not None else now
    event = said | {"publishedDateTime": format_time(published)}
    return Report(key, digest, event | {"eventId": (key + digest).hex()})


def _key(item: Item, guids: Counter[str]) -> bytes:
    """What identifies an item: its guid, and its link where several items have the same guid."""
    if item.guid and guids[item.guid] == 1:
        return _hash(item.guid.encode("utf-8", "replace"))
    return _hash(f"{item.guid}\n{item.link}".encode("utf-8", "replace"))


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:12]


def _title(title: str, text: str) -> str:
    clean = to_text(title) or clean_text(title)
    return cut_text(clean or cut_text(text, TITLE_OF_TEXT_CHARACTERS), MAX_TITLE_CHARACTERS)


def _excerpt(title: str, summary: str, content: str) -> str:
    """The summary; the first sentences of the content if it says no more than the title."""
    is_repeat = summary.casefold() in ("", title.casefold())
    text = content if is_repeat else summary
    return "" if text.casefold() == title.casefold() else first_sentences(text)


def _usable(time: int | None, now: int) -> int | None:
    return time if time is not None and OLDEST_S <= time <= now + MAX_AHEAD_S else None


def _updated(item: Item, now: int) -> str | None:
    published, updated = _usable(item.published, now), _usable(item.updated, now)
    if updated is None or (published is not None and updated <= published):
        return None
    return format_time(updated)


def _kind(media_types: tuple[str, ...]) -> str | None:
    """`video` or `podcast` for such media; None is the default of the schema, `article`."""
    if any(kind.startswith("video/") for kind in media_types):
        return "video"
    return "podcast" if any(kind.startswith("audio/") for kind in media_types) else None


def _locale(*languages: str) -> str | None:
    for language in languages:
        tag = language.strip()
        if is_locale(tag) and tag.lower() != "und":
            return format_locale(tag)
    return None


def _original(item: Item) -> str | None:
    link = item.original_link
    return link if link and link != item.link and url_fault(link) is None else None


def _provider(feed: Feed, item: Item) -> dict[str, str] | None:
    """The source of the item, else of the feed if the item is on the site of the feed."""
    if item.source_name or item.source_link:
        return _hint(clean_text(item.source_name), _domain(item.source_link))
    domain = _domain(item.original_link or item.link)
    if domain and domain == _domain(feed.link):
        return _hint(_outlet(clean_text(feed.title), domain), domain)
    return None


def _hint(name: str, domain: str) -> dict[str, str] | None:
    return _without_empty({"name": cut_text(name, 200), "domain": domain[:253]}) or None


def _outlet(title: str, domain: str) -> str:
    """The outlet's name in the title of a feed: the part that is like the domain, else all."""
    label = domain.partition(".")[0].replace("-", "")
    for part in _TITLE_PARTS.split(title):
        letters = "".join(filter(str.isalnum, part.lower()))
        if letters and (letters in (label, f"the{label}") or letters == label.removeprefix("the")):
            return part
    return title


def _domain(url: str) -> str:
    if not url or url_fault(url) is not None:
        return ""
    return registrable_domain(host_of(url))


def _topics(names: tuple[str, ...]) -> list[str]:
    topics = (to_text(name)[:100].strip() for name in names[: 5 * MAX_TOPICS])
    return list(dict.fromkeys(topic for topic in topics if topic))[:MAX_TOPICS]


def _images(item: Item) -> list[dict[str, Any]]:
    in_text = find_images(item.content, item.base) or find_images(item.summary, item.base)
    images: dict[str, dict[str, Any]] = {}
    for image in (*item.images, *in_text):
        url = join(item.base, image.url)
        if url_fault(url) is None:
            images.setdefault(url, _image(image, url))
    return list(images.values())[:MAX_IMAGES]


def _image(image: Image, url: str) -> dict[str, Any]:
    attribution = cut_text(clean_text(image.attribution), 200)
    size = {"width": image.width, "height": image.height}
    return _without_empty({"url": url, **size, "attribution": attribution})


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
