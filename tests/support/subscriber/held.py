"""One held record, of an article or a story, and what can be read from it.

In: records as dictionaries. Out: the times and the ids in them. Clocks are in Unix seconds.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from tests.support.subscriber.rules import seconds

Record = Mapping[str, Any]

DAY_S = 86_400
WINDOW_S = 10 * DAY_S
REMEMBERED_S = 30 * DAY_S
"""How long a lane remembers an article after it left the window."""
TOLERANCE_S = 600
"""An event time counts at most as the arrival time plus this."""

_NOT_CONTENT = frozenset(
    [
        *("heat", "published", "revision", "storyId", "duplicateOf", "duplicates", "related"),
        *("curatedDateTime", "schemaVersion", "catalogueVersion", "images", "quality"),
    ]
)
"""Fields that may change without a new version. Placeholder images change images and quality."""


@dataclass(slots=True)
class HeldArticle:
    """The latest record of an article. Clocks are lane clocks in Unix seconds."""

    record: Record
    seen: int
    """The place in the order of first sight."""
    version_clock: int
    """The lane clock when the version was first published."""
    content: bytes
    """A digest of the fields that change only with a new version."""
    event_at: int | None
    """The event time, None if it may be limited by an arrival time that is not known."""
    later_copies: set[str] = field(default_factory=set)
    """The copies that appeared after this record was published."""


@dataclass(slots=True)
class HeldStory:
    """The latest record of a story, which may be merged into another one."""

    record: Record
    published_clock: int
    joined: dict[str, int] = field(default_factory=dict)
    """The members that joined after this record was published, with the clock then."""


def named_by(record: Record) -> Iterator[str]:
    """The ids of the other articles that the record of an article shows."""
    for name in ("related", "duplicates"):
        yield from (item["id"] for item in record.get(name, ()))


def listed_by(record: Record) -> Iterator[str]:
    """The ids of the articles that the record of a story shows."""
    yield from (item["id"] for item in record.get("articles", ()))
    if "lead" in record:
        yield record["lead"]


def content(record: Record) -> bytes:
    """A digest of the fields that change only with a new version."""
    fields = {name: value for name, value in record.items() if name not in _NOT_CONTENT}
    return blake2b(json.dumps(fields).encode(), digest_size=16).digest()


def shortened(record: Record) -> Record:
    """A record without the fields of other articles that are checked only when it is published."""
    short = dict(record)
    for name in ("related", "duplicates", "articles"):
        if name in record:
            short[name] = [
                {key: item[key] for key in ("id", "relation") if key in item}
                for item in record[name]
            ]
    return short


def event_time(record: Record, arrived_at: int | None, clock: int) -> int | None:
    """The event time; None if only the arrival time could say whether the date is too far ahead."""
    published_at = seconds(record["publishedDateTime"])
    if arrived_at is not None:
        return min(published_at, arrived_at + TOLERANCE_S)
    return published_at if published_at <= clock + DAY_S else None


def leaves_before(held: HeldArticle) -> int:
    """When an article leaves the window at the latest: its last record may be a new version."""
    last = seconds(held.record["curatedDateTime"])
    return max(seconds(held.record["publishedDateTime"]), last) + WINDOW_S
