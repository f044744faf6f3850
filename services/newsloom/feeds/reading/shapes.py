"""A feed and its items, as every format is read.

In: values that a feed gives, as text. Out: the same shape for RSS, RDF, Atom and JSON Feed. Links
are absolute where the base is known; texts still contain their markup.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class ItemFault(StrEnum):
    """Why an item of a feed gives no event."""

    MISSING_LINK = "missing-link"
    """It has no address of a page."""
    BAD_LINK = "bad-link"
    """Its address is not an absolute http or https URL of at most 2,048 characters."""
    MISSING_TEXT = "missing-text"
    """It has neither a title nor a text."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the feed names it. Sizes are in pixels, None if they are not stated."""

    url: str
    width: int | None = None
    height: int | None = None
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed. Empty texts and None stand for what the feed does not give.

    `base` is what relative addresses in the texts refer to. Times are seconds since the epoch.
    """

    guid: str = ""
    link: str = ""
    original_link: str = ""
    title: str = ""
    summary: str = ""
    content: str = ""
    base: str = ""
    published: int | None = None
    updated: int | None = None
    language: str = ""
    topics: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    source_name: str = ""
    source_link: str = ""
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """What was read of a feed, and `damage`: why it is not all of it, empty if it is."""

    title: str = ""
    link: str = ""
    language: str = ""
    ttl_s: int | None = None
    items: list[Item] = field(default_factory=list)
    damage: str = ""
