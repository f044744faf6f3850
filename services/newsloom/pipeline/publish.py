"""Publish: the records that a draft changes, made of the draft and noted in its rows.

Gives each publication the lane's next number and chooses its related anew. Pure but for the
draft, which it completes; the state is not touched.
"""

from typing import Any, NamedTuple

import orjson

from newsloom.pipeline.curation.draft import Draft, Neighbour
from newsloom.pipeline.curation.rows import LiveArticle, LiveStory
from newsloom.pipeline.curation.shown import as_reference, as_related, in_story
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


def publish(draft: Draft, threshold: int = PUBLISH_THRESHOLD) -> Publications:
    """The records to publish for `draft`, whose rows then say so.

    A lead is published from heat `threshold` on.
    """
    curated = tuple([_curated_record(draft, i, threshold) for i in draft.publish])
    stories = tuple([_story_record(draft, i, threshold) for i in draft.publish_stories])
    return Publications(curated, stories)


def _next_revision(draft: Draft) -> int:
    draft.lane.revision += 1
    return draft.lane.revision


def _curated_record(draft: Draft, article_id: str, threshold: int) -> Publication:
    if draft.article(article_id) is None:
        return _withdrawal(draft, article_id)
    live = draft.edit(article_id)
    live.revision = _next_revision(draft)
    nearest = dict(choose_related(draft.nearest(article_id)))
    # By rank, which is how they are shown: no two have the same.
    neighbours = sorted([draft.neighbour(other_id) for other_id in nearest])
    live.related = [rank[-1] for rank, _, _ in neighbours]
    copies = sorted(draft.copies(article_id), key=draft.sequence)
    live.told_duplicates = len(copies)
    heat = _heat(draft, live)
    parts: dict[str, Any] = {
        **live.article,
        "heat": heat,
        "published": is_published(heat, threshold),
        "revision": live.revision,
        "storyId": live.story_id,
        "curatedDateTime": format_time(draft.clock),
        "schemaVersion": SCHEMA_VERSION,
    }
    if nearest:
        parts["related"] = _related(draft, live, neighbours, nearest)
    if live.duplicate_of is not None:
        parts["duplicateOf"] = live.duplicate_of
    if copies:
        latest = copies[-MAX_DUPLICATES:]
        parts["duplicates"] = [as_reference(draft.shown(i)) for i in latest]
    record = {name: parts[name] for name in CURATED_FIELDS if name in parts}
    return Publication(article_id, orjson.dumps(record))


def _heat(draft: Draft, live: LiveArticle) -> int:
    lead = draft.lead(live.story_id)
    if lead is None or lead[2] != live.article["id"]:
        return NOT_LEADING
    story = draft.story(live.story_id)
    return lead_heat(live.article["quality"], len(story.providers) if story else 1)


def _related(
    draft: Draft, live: LiveArticle, neighbours: list[Neighbour], nearest: dict[str, int]
) -> list[orjson.Fragment]:
    """The nearest articles of the window, shown by quality, then earliest, then lowest id."""
    root_id = live.duplicate_of or live.article["id"]
    kin = {root_id, *draft.copies(root_id)}
    related = []
    for rank, story_id, shown in neighbours:
        other_id = rank[-1]
        relation: Relation = "related"
        if other_id in kin:
            relation = "duplicate"
        elif live.story_id == story_id:
            relation = "same-story"
        related.append(as_related(shown, relation, nearest[other_id]))
    return related


def _withdrawal(draft: Draft, ident: str) -> Publication:
    tombstone: Tombstone = {"id": ident, "revision": _next_revision(draft), "withdrawn": True}
    return Publication(ident, orjson.dumps(tombstone), is_withdrawal=True)


def _story_record(draft: Draft, story_id: str, threshold: int) -> Publication:
    row = draft.story_row(story_id)
    if row is None:
        return _withdrawal(draft, story_id)
    if not isinstance(row, LiveStory):
        merged: MergedStory = {
            "id": story_id,
            "mergedInto": row.merged_into,
            "revision": _next_revision(draft),
            "schemaVersion": SCHEMA_VERSION,
        }
        return Publication(story_id, orjson.dumps(merged))
    record = _live_story_record(draft, draft.edit_story(story_id), threshold)
    return Publication(story_id, orjson.dumps(record))


def _live_story_record(draft: Draft, story: LiveStory, threshold: int) -> dict[str, Any]:
    lead_key = draft.lead(story.id)
    assert lead_key is not None, f"story {story.id} has no live article"
    lead = draft.live(lead_key[2])
    heat = _heat(draft, lead)
    latest = [draft.shown(i) for i in draft.latest_members(story.id, MAX_STORY_ARTICLES)]
    providers = sorted(story.providers.items(), key=lambda item: (-item[1][1], item[0]))
    topics = _most_common([shown.topics for shown in latest])[:MAX_STORY_TOPICS]
    story.told_lead, story.told_count = lead.article["id"], story.article_count
    story.told_published = is_published(heat, threshold)
    record = {
        "id": story.id,
        "lead": lead.article["id"],
        "articleCount": story.article_count,
        "articles": [in_story(shown) for shown in latest],
        "providers": [
            {"name": name, "domain": domain, "articleCount": count}
            for domain, (name, count) in providers[:MAX_STORY_PROVIDERS]
        ],
        "firstPublishedDateTime": format_time(story.first_at),
        "lastPublishedDateTime": format_time(story.last_at),
        "heat": heat,
        "topics": topics,
        "locale": lead.article["locale"],
        "revision": _next_revision(draft),
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
