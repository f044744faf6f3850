"""A reader of rows of form 1, written by hand from what the build of that form stored.

It shares no code with the encoder. A row with a field more or less ends that build.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

LANE = ("clock", "witnesses", "sequence", "placed", "revision", "outcomes")
ARTICLE = (
    *("article", "vector", "title_terms", "sequence", "placed", "version", "digest", "event_at"),
    *("leaves_at", "story_id", "duplicate_of", "revision", "related", "told_duplicates"),
    "image_checks",
)
STORY = (
    *("id", "opened", "first_at", "last_at", "article_count", "providers", "told_lead"),
    *("told_count", "told_published"),
)
ALIAS = ("id", "merged_into")


def read_row(key: str, value: bytes) -> dict[str, Any]:
    """The fields of a row; AssertionError if the build of form 1 could not read it."""
    row: dict[str, Any] = orjson.loads(value)
    kind = key.partition("/")[0]
    fields = {"lane": LANE, "article": ARTICLE, "story": STORY}.get(kind)
    assert fields is not None, f"form 1 has no row {key}"
    if kind == "story" and "merged_into" in row:
        fields = ALIAS
    assert tuple(row) == fields, key
    return row


def check_lane(rows: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> None:
    """Asserts that the rows of a lane are of form 1, and what that build relies on."""
    read = {key: read_row(key, value) for key, value in dict(rows).items()}
    articles = {k.partition("/")[2]: row for k, row in read.items() if k.startswith("article/")}
    stories = {k.partition("/")[2]: row for k, row in read.items() if k.startswith("story/")}
    live = {story_id for story_id, row in stories.items() if "merged_into" not in row}
    assert {row["story_id"] for row in articles.values()} == live, "a story has a live article"
    for row in stories.values():
        assert row.get("merged_into", row["id"]) in stories, "no alias outlives its story"
    for story_id in live:
        story = stories[story_id]
        members = [row["article"] for row in articles.values() if row["story_id"] == story_id]
        providers = story["providers"]
        for domain in {article["provider"]["domain"] for article in members}:
            count = sum(article["provider"]["domain"] == domain for article in members)
            assert providers[domain][1] >= count
        if len(providers) < 100:
            assert sum(count for _, count in providers.values()) == story["article_count"]
