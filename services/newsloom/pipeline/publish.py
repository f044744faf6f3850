"""Publish: the records that a draft changes, made of the draft and noted in its rows.

Gives each publication the lane's next number and chooses its related anew. Pure but for the
draft, which it completes; the state is not touched.
"""

from collections import Counter
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeAlias

from newsloom.pipeline.curation.draft import Draft
from newsloom.pipeline.curation.rows import LiveArticle, LiveStory
from newsloom.records.curated import (
    SCHEMA_VERSION,
    CuratedArticle,
    MergedStory,
    RelatedArticle,
    Relation,
    Story,
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

CuratedRecord: TypeAlias = CuratedArticle | Tombstone
StoryRecord: TypeAlias = Story | MergedStory | Tombstone


class Publications(NamedTuple):
    """The records of one event, in the order of their revisions."""

    curated: list[CuratedRecord]
    stories: list[StoryRecord]


def publish(draft: Draft, threshold: int = PUBLISH_THRESHOLD) -> Publications:
    """The records to publish for `draft`, whose rows then say so.

    A lead is published from heat `threshold` on.
    """
    curated = [_curated_record(draft, article_id, threshold) for article_id in draft.publish]
    stories = [_story_record(draft, story_id, threshold) for story_id in draft.publish_stories]
    return Publications(curated, stories)


def _next_revision(draft: Draft) -> int:
    draft.lane.revision += 1
    return draft.lane.revision


def _curated_record(draft: Draft, article_id: str, threshold: int) -> CuratedRecord:
    if draft.article(article_id) is None:
        return {"id": article_id, "revision": _next_revision(draft), "withdrawn": True}
    live = draft.edit(article_id)
    live.revision = _next_revision(draft)
    related = _related(draft, live)
    live.related = [item["id"] for item in related]
    copies = sorted(map(draft.live, draft.copies(article_id)), key=attrgetter("sequence"))
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
    if related:
        parts["related"] = related
    if live.duplicate_of is not None:
        parts["duplicateOf"] = live.duplicate_of
    if copies:
        parts["duplicates"] = [copy.shown.reference for copy in copies[-MAX_DUPLICATES:]]
    return {name: parts[name] for name in CURATED_FIELDS if name in parts}  # type: ignore[return-value]


def _heat(draft: Draft, live: LiveArticle) -> int:
    lead = draft.lead(live.story_id)
    if lead is None or lead[2] != live.article["id"]:
        return NOT_LEADING
    story = draft.story(live.story_id)
    return lead_heat(live.article["quality"], len(story.providers) if story else 1)


def _related(draft: Draft, live: LiveArticle) -> list[RelatedArticle]:
    """The nearest articles of the window, shown by quality, then earliest, then lowest id."""
    nearest = choose_related(draft.nearest(live.article["id"]))
    chosen = [(other := draft.live(i), other.rank, similarity) for i, similarity in nearest]
    chosen.sort(key=itemgetter(1))
    own_root = live.duplicate_of or live.article["id"]
    related = []
    for other, _, similarity in chosen:
        relation: Relation = "related"
        if own_root == (other.duplicate_of or other.article["id"]):
            relation = "duplicate"
        elif live.story_id == other.story_id:
            relation = "same-story"
        shown = other.shown.related.copy()
        shown["relation"] = relation
        shown["similarity"] = (similarity + 5) // 10 / 100
        related.append(shown)
    return related  # type: ignore[return-value]


def _story_record(draft: Draft, story_id: str, threshold: int) -> StoryRecord:
    row = draft.story_row(story_id)
    if row is None:
        return {"id": story_id, "revision": _next_revision(draft), "withdrawn": True}
    if not isinstance(row, LiveStory):
        return {
            "id": story_id,
            "mergedInto": row.merged_into,
            "revision": _next_revision(draft),
            "schemaVersion": SCHEMA_VERSION,
        }
    return _live_story_record(draft, draft.edit_story(story_id), threshold)


def _live_story_record(draft: Draft, story: LiveStory, threshold: int) -> Story:
    lead_key = draft.lead(story.id)
    assert lead_key is not None, f"story {story.id} has no live article"
    lead = draft.live(lead_key[2])
    heat = _heat(draft, lead)
    members = sorted(map(draft.live, draft.members(story.id)), key=attrgetter("sequence"))
    latest = members[-MAX_STORY_ARTICLES:]
    providers = sorted(story.providers.items(), key=lambda item: (-item[1][1], item[0]))
    counts = Counter(topic for m in latest for topic in m.article.get("topics", ()))
    topics = sorted(counts, key=lambda topic: (-counts[topic], topic))[:MAX_STORY_TOPICS]
    story.told_lead, story.told_count = lead.article["id"], story.article_count
    story.told_published = is_published(heat, threshold)
    record: Story = {
        "id": story.id,
        "lead": lead.article["id"],
        "articleCount": story.article_count,
        "articles": [m.shown.in_story for m in latest],
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
