"""RSS 0.9x to 2.0, RDF, and Atom 0.3 and 1.0, as a `Feed`.

In: bytes, the URL they came from and their content type. Out: a `Feed`, or None if they are no
feed. feedparser reads the XML; this module only maps its names. It opens no file and fetches
nothing.
"""

import io
from collections.abc import Iterator
from typing import Any

import feedparser

from newsloom.feeds.reading.dates import parse_date, to_seconds
from newsloom.feeds.reading.markup import join, read_size
from newsloom.feeds.reading.shapes import Feed, Image, Item

_MAX_TTL_MINUTES = 7 * 24 * 60
_PERIODS_S = {"hourly": 3600, "daily": 86_400, "weekly": 604_800}
"""`sy:updatePeriod` of RSS 1.0 modules, up to a week."""


def read_xml_feed(body: bytes, url: str, content_type: str, max_items: int) -> Feed | None:
    """The feed, read as far as it goes; None if nothing in it is one."""
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    parsed = feedparser.parse(
        io.BytesIO(body),  # text would be taken for an address or a file name
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.version and not parsed.entries:
        return None
    channel = parsed.feed
    language = channel.get("language") or ""
    site = _alternate(channel) or channel.get("link") or ""
    return Feed(
        title=channel.get("title") or "",
        link=join(url, site) if site else url,
        language=language,
        ttl_s=_ttl_s(channel),
        items=[_read_item(entry, url, language) for entry in parsed.entries[:max_items]],
        damage=_damage(parsed),
    )


def _damage(parsed: Any) -> str:
    error = parsed.get("bozo_exception") if parsed.bozo else None
    # A wrong declaration was corrected: nothing of the feed is missing.
    if error is None or isinstance(
        error, feedparser.CharacterEncodingOverride | feedparser.NonXMLContentType
    ):
        return ""
    return " ".join(str(getattr(error, "getMessage", lambda: error)()).split())[:200]


def _ttl_s(channel: Any) -> int | None:
    minutes = str(channel.get("ttl") or "").strip()
    if minutes.isascii() and minutes.isdigit() and 0 < int(minutes[:9]) <= _MAX_TTL_MINUTES:
        return int(minutes[:9]) * 60
    period_s = _PERIODS_S.get(str(channel.get("sy_updateperiod") or "").strip().lower())
    often = str(channel.get("sy_updatefrequency") or "1").strip()
    if period_s is None or not (often.isascii() and often.isdigit() and int(often[:4]) > 0):
        return None
    return period_s // int(often[:4])


def _read_item(entry: Any, url: str, language: str) -> Item:
    summary, content, base = _texts(entry, url)
    published = _date(entry, "published") or _date(entry, "created")
    updated = _date(entry, "updated")
    detail = entry.get("title_detail") or {}
    source = entry.get("source") or {}
    if not isinstance(source, dict):
        source = {}
    link = _link(entry)
    return Item(
        guid=(entry.get("id") or "").strip(),
        link=join(url, link) if link else "",
        original_link=_original(entry, url),
        title=entry.get("title") or "",
        summary=summary,
        content=content,
        base=base,
        published=published if published is not None else updated,
        updated=updated if published is not None else None,
        language=entry.get("language") or detail.get("language") or language,
        topics=tuple(_topics(entry)),
        images=tuple(_images(entry, url)),
        source_name=source.get("title") or "",
        source_link=_alternate(source) or source.get("href") or source.get("link") or "",
        media_types=tuple(_media_types(entry)),
    )


def _texts(entry: Any, url: str) -> tuple[str, str, str]:
    """Summary and content as HTML, and the base of their relative addresses."""
    details = [d for d in entry.get("content") or [] if d.get("value")]
    texts = [d for d in details if not str(d.get("type", "")).startswith("image/")]
    longest: Any = max(texts, key=lambda d: len(d["value"]), default={})
    base = longest.get("base") or (entry.get("summary_detail") or {}).get("base") or url
    return entry.get("summary") or "", longest.get("value") or "", base


def _date(entry: Any, name: str) -> int | None:
    if not dict.__contains__(entry, name):  # feedparser answers `updated` with `published`
        return None
    text = parse_date(dict.__getitem__(entry, name) or "")
    return text if text is not None else to_seconds(dict.get(entry, f"{name}_parsed"))


def _alternate(owner: Any) -> str:
    """The address of a page among the links, HTML before other types."""
    links = [link for link in owner.get("links") or [] if link.get("href")]
    pages = [link for link in links if link.get("rel", "alternate") == "alternate"]
    pages.sort(key=lambda link: "html" not in link.get("type", "text/html"))
    return str(pages[0]["href"]).strip() if pages else ""


def _link(entry: Any) -> str:
    link = _alternate(entry)
    guid = (entry.get("id") or "").strip()
    if not link and not any(x.get("rel") for x in entry.get("links") or []):
        link = (entry.get("link") or "").strip()
    is_address = guid.startswith(("http://", "https://"))
    if not link and is_address and entry.get("guidislink", True):
        return guid
    return link


def _original(entry: Any, url: str) -> str:
    """The publisher's own address, where a service put its own in its place."""
    for name in ("feedburner_origlink", "pheedo_origlink"):
        if entry.get(name):
            return join(url, str(entry[name]).strip())
    return ""


def _topics(entry: Any) -> Iterator[str]:
    for tag in entry.get("tags") or []:
        name = tag.get("label") or tag.get("term") or ""
        # A term that is an address names a scheme, not a topic.
        if not name.startswith(("http://", "https://")):
            yield name
    yield from (word for word in (entry.get("media_keywords") or "").split(",") if word.strip())


def _images(entry: Any, url: str) -> Iterator[Image]:
    """Images that the entry names outside its text: the largest of `media:content` first."""
    credit = next(
        (c.get("content") or "" for c in entry.get("media_credit") or [] if c.get("content")), ""
    )
    media = [m for m in entry.get("media_content") or [] if m.get("url") and _is_image(m)]
    found = [_image(m, url, credit) for m in media]
    yield from sorted(found, key=lambda i: -(i.width or 0) * (i.height or i.width or 0))
    for link in entry.get("links") or []:
        is_image = str(link.get("type", "")).startswith("image/") or _has_ending(link.get("href"))
        if link.get("rel") == "enclosure" and link.get("href") and is_image:
            yield Image(join(url, link["href"]))
    for thumbnail in entry.get("media_thumbnail") or []:
        if thumbnail.get("url"):
            yield _image(thumbnail, url, credit)
    image = entry.get("image")
    href = image.get("href") or image.get("url") if isinstance(image, dict) else None
    if href:
        yield Image(join(url, href))


def _image(media: Any, url: str, credit: str) -> Image:
    width, height = read_size(media.get("width")), read_size(media.get("height"))
    return Image(join(url, media["url"]), width, height, credit)


def _is_image(media: Any) -> bool:
    if media.get("medium"):
        return str(media["medium"]) == "image"
    if media.get("type"):
        return str(media["type"]).startswith("image/")
    return _has_ending(media["url"])


def _has_ending(url: str | None) -> bool:
    path = (url or "").partition("?")[0].lower()
    return path.endswith((".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif"))


def _media_types(entry: Any) -> Iterator[str]:
    for link in entry.get("links") or []:
        if link.get("rel") == "enclosure":
            yield str(link.get("type") or "")
    for media in entry.get("media_content") or []:
        medium = str(media.get("medium") or "")
        yield f"{medium}/" if medium else str(media.get("type") or "")
    if entry.get("yt_videoid"):
        yield "video/"
