"""Publish: the records that a draft changes, made of the draft and noted in its rows.

Gives each publication the lane's next number and chooses its related anew. Pure but for the
draft, which it completes; the state is not touched.
"""

from typing import Any, NamedTuple

import orjson

from newsloom.pipeline.curation.changeset import Changeset, Neighbour
from newsloom.pipeline.lane.fragments import as_reference, as_related, in_story
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory
from newsloom.records.curated import (
    SCHEMA_VERSION,
    CuratedArticle,
    MergedStory,
    Relation,
    Tombstone,
)
from newsloom.rules.clock import format_time
from newsloom.rules.scoring import NOT_LEADING, PUBLISH_THRESHOLD, is_published, lead_heat
from newsloom.rules.stories import choose_related

MAX_DUPLICATES = 50
MAX_STORY_ARTICLES = 100
MAX_STORY_PROVIDERS = 100
MAX_STORY_TOPICS = 20

CURATED_FIELDS = tuple(CuratedArticle.__annotations__)


class Publication(NamedTuple):
    """A record as it is published. One that withdraws is a tombstone on Kafka."""

    id: str
    value: bytes
    """The record, a JSON object."""
    is_withdrawal: bool = False


class Publications(NamedTuple):
    """The records of one event, in the order of their revisions."""

    curated: tuple[Publication, ...]
    stories: tuple[Publication, ...]


def publish(changes: Changeset, threshold: int = PUBLISH_THRESHOLD) -> Publications:
    """The records to publish for `draft`, whose rows then say so.

    A lead is published from heat `threshold` on.
    """
    curated = tuple([_curated_record(changes, i, threshold) for i in changes.publish])
    stories = tuple([_story_record(changes, i, threshold) for i in changes.publish_stories])
    return Publications(curated, stories)


def _next_revision(changes: Changeset) -> int:
    changes.lane.revision += 1
    return changes.lane.revision


def _curated_record(changes: Changeset, article_id: str, threshold: int) -> Publication:
    if changes.article(article_id) is None:
        return _withdrawal(changes, article_id)
    live = changes.edit(article_id)
    live.revision = _next_revision(changes)
    nearest = dict(choose_related(changes.nearest(article_id)))
    # By rank, which is how they are shown: no two have the same.
    neighbours = sorted([changes.neighbour(other_id) for other_id in nearest])
    live.related = [rank[-1] for rank, _, _ in neighbours]
    copies = sorted(changes.copies(article_id), key=changes.sequence)
    live.published_duplicates = len(copies)
    heat = _heat(changes, live)
    parts: dict[str, Any] = {
        **live.article,
        "heat": heat,
        "published": is_published(heat, threshold),
        "revision": live.revision,
        "storyId": live.story_id,
        "curatedDateTime": format_time(changes.clock),
        "schemaVersion": SCHEMA_VERSION,
    }
    if nearest:
        parts["related"] = _related(changes, live, neighbours, nearest)
    if live.duplicate_of is not None:
        parts["duplicateOf"] = live.duplicate_of
    if copies:
        latest = copies[-MAX_DUPLICATES:]
        parts["duplicates"] = [as_reference(changes.fragments(i)) for i in latest]
    record = {name: parts[name] for name in CURATED_FIELDS if name in parts}
    return Publication(article_id, orjson.dumps(record))


def _heat(changes: Changeset, live: LiveArticle) -> int:
    lead = changes.lead(live.story_id)
    if lead is None or lead[2] != live.article["id"]:
        return NOT_LEADING
    story = changes.story(live.story_id)
    return lead_heat(live.article["quality"], len(story.providers) if story else 1)


def _related(
    changes: Changeset, live: LiveArticle, neighbours: list[Neighbour], nearest: dict[str, int]
) -> list[orjson.Fragment]:
    """The nearest articles of the window, shown by quality, then earliest, then lowest id."""
    root_id = live.duplicate_of or live.article["id"]
    kin = {root_id, *changes.copies(root_id)}
    related = []
    for rank, story_id, fragments in neighbours:
        other_id = rank[-1]
        relation: Relation = "related"
        if other_id in kin:
            relation = "duplicate"
        elif live.story_id == story_id:
            relation = "same-story"
        related.append(as_related(fragments, relation, nearest[other_id]))
    return related


def _withdrawal(changes: Changeset, ident: str) -> Publication:
    tombstone: Tombstone = {"id": ident, "revision": _next_revision(changes), "withdrawn": True}
    return Publication(ident, orjson.dumps(tombstone), is_withdrawal=True)


def _story_record(changes: Changeset, story_id: str, threshold: int) -> Publication:
    row = changes.story_row(story_id)
    if row is None:
        return _withdrawal(changes, story_id)
    if not isinstance(row, LiveStory):
        merged: MergedStory = {
            "id": story_id,
            "mergedInto": row.merged_into,
            "revision": _next_revision(changes),
            "schemaVersion": SCHEMA_VERSION,
        }
        return Publication(story_id, orjson.dumps(merged))
    record = _live_story_record(changes, changes.edit_story(story_id), threshold)
    return Publication(story_id, orjson.dumps(record))


def _live_story_record(changes: Changeset, story: LiveStory, threshold: int) -> dict[str, Any]:
    lead_key = changes.lead(story.id)
    assert lead_key is not None, f"story {story.id} has no live article"
    lead = changes.live(lead_key[2])
    heat = _heat(changes, lead)
    latest = [changes.fragments(i) for i in changes.latest_members(story.id, MAX_STORY_ARTICLES)]
    providers = sorted(story.providers.items(), key=lambda item: (-item[1][1], item[0]))
    topics = _most_common([fragments.topics for fragments in latest])[:MAX_STORY_TOPICS]
    story.published_lead, story.published_count = lead.article["id"], story.article_count
    story.was_published = is_published(heat, threshold)
    record = {
        "id": story.id,
        "lead": lead.article["id"],
        "articleCount": story.article_count,
        "articles": [in_story(fragments) for fragments in latest],
        "providers": [
            {"name": name, "domain": domain, "articleCount": count}
            for domain, (name, count) in providers[:MAX_STORY_PROVIDERS]
        ],
        "firstPublishedDateTime": format_time(story.first_at),
        "lastPublishedDateTime": format_time(story.last_at),
        "heat": heat,
        "topics": topics,
        "locale": lead.article["locale"],
        "revision": _next_revision(changes),
        "schemaVersion": SCHEMA_VERSION,
    }
    if not topics:
        del record["topics"]
    return record


def _most_common(packed: list[bytes]) -> list[str]:
    """The topics of JSON arrays of them, the most frequent first, ties by name."""
    members: dict[bytes, int] = {}
    for array in packed:
        members[array] = members.get(array, 0) + 1
    counts: dict[str, int] = {}
    for array, count in members.items():
        for topic in orjson.loads(array):
            counts[topic] = counts.get(topic, 0) + count
    return sorted(counts, key=lambda topic: (-counts[topic], topic))
