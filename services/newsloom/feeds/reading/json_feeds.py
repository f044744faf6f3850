"""JSON Feed, versions 1.0 and 1.1, as a `Feed`.

In: the parsed JSON document. Out: a `Feed`. A value of an unexpected type counts as absent.
"""

from typing import Any

from newsloom.feeds.reading.dates import parse_date
from newsloom.feeds.reading.markup import join
from newsloom.feeds.reading.shapes import Feed, Image, Item


def is_json_feed(document: object) -> bool:
    """Whether a JSON document is a JSON Feed, by its version or its items."""
    if not isinstance(document, dict):
        return False
    return "jsonfeed.org" in _text(document, "version") or (
        isinstance(document.get("items"), list) and "title" in document
    )


def read_json_feed(document: dict[str, Any], url: str, max_items: int) -> Feed:
    """The feed that was fetched from `url`."""
    home = join(url, _text(document, "home_page_url")) or url
    language = _text(document, "language")
    entries = [entry for entry in _list(document, "items")[:max_items] if isinstance(entry, dict)]
    return Feed(
        title=_text(document, "title"),
        link=home,
        language=language,
        items=[_read_item(entry, url, language) for entry in entries],
    )


def _read_item(entry: dict[str, Any], url: str, language: str) -> Item:
    guid = _text(entry, "id")
    link = _text(entry, "url") or _text(entry, "external_url")
    if not link and guid.startswith(("http://", "https://")):
        link = guid
    attachments = [a for a in _list(entry, "attachments") if isinstance(a, dict)]
    images = [_text(entry, "image"), _text(entry, "banner_image")]
    images += [_text(a, "url") for a in attachments if _is_image(a)]
    return Item(
        guid=guid,
        link=join(url, link) if link else "",
        title=_text(entry, "title"),
        summary=_escape(_text(entry, "summary")),
        content=_text(entry, "content_html") or _escape(_text(entry, "content_text")),
        base=join(url, link),
        published=parse_date(_text(entry, "date_published")),
        updated=parse_date(_text(entry, "date_modified")),
        language=_text(entry, "language") or language,
        topics=tuple(tag for tag in _list(entry, "tags") if isinstance(tag, str)),
        images=tuple(Image(join(url, image)) for image in images if image),
        media_types=tuple(_text(a, "mime_type") for a in attachments),
    )


def _is_image(attachment: dict[str, Any]) -> bool:
    return _text(attachment, "mime_type").startswith("image/")


def _escape(text: str) -> str:
    """Plain text as HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _text(owner: dict[str, Any], name: str) -> str:
    value = owner.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _list(owner: dict[str, Any], name: str) -> list[Any]:
    value = owner.get(name)
    return value if isinstance(value, list) else []
