"""Build records: a changeset in; the curated records, stories and tombstones to publish out.

Each record gets the lane's next revision. The related articles of an article are chosen again. The
changeset's rows store what the records state. The state is not touched, and nothing is sent.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from newsloom.pipeline.curation.changes.changed_articles import ChangedArticles, Neighbour
from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.stories import end_story
from newsloom.pipeline.lane.fragments import as_reference, as_related, as_story_article
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory
from newsloom.records.curated import (
    SCHEMA_VERSION,
    CuratedArticle,
    MergedStory,
    Relation,
    StoryProvider,
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
    """One record to publish. A withdrawal is sent as a tombstone on Kafka."""

    id: str
    value: bytes
    """The record as a JSON object."""
    is_withdrawal: bool = False


class Publications(NamedTuple):
    """The records of one changeset, in the order of their revisions."""

    curated: tuple[Publication, ...]
    stories: tuple[Publication, ...]


def build_records(changes: Changeset, threshold: int = PUBLISH_THRESHOLD) -> Publications:
    """The records that `changes` marks. A lead whose heat is `threshold` or more is published."""
    curated = [_curated_record(changes, i, threshold) for i in changes.articles_to_publish]
    stories = [_story_record(changes, i, threshold) for i in changes.stories_to_publish]
    if not changes.lane.remembers:
        changes.stories.return_to_form_1()
    return Publications(tuple(curated), tuple(stories))


def _curated_record(changes: Changeset, article_id: str, threshold: int) -> Publication:
    articles = changes.articles
    live = articles.to_publish(article_id)
    if live is None:
        return _withdrawal(changes, article_id)
    live.revision = changes.next_revision()
    similarities = dict(choose_related(changes.neighbours(article_id), article_id))
    # A neighbour sorts by its rank, and no two ranks are equal.
    neighbours = sorted([articles.neighbour(other_id) for other_id in similarities])
    live.related = [neighbour.rank[-1] for neighbour in neighbours]
    live.published_duplicates = articles.copy_count(article_id)
    fields = _fields_of_article(changes, live, threshold)
    if similarities:
        fields["related"] = _related(changes, live, neighbours, similarities)
    if live.duplicate_of is not None:
        fields["duplicateOf"] = live.duplicate_of
    if live.published_duplicates:
        latest = articles.latest_copies(article_id, MAX_DUPLICATES)
        fields["duplicates"] = [as_reference(articles.fragments(i)) for i in latest]
    record = {name: fields[name] for name in CURATED_FIELDS if name in fields}
    return Publication(article_id, orjson.dumps(record))


def _fields_of_article(changes: Changeset, live: LiveArticle, threshold: int) -> dict[str, Any]:
    """The fields of a curated record, except those that name other articles."""
    heat = _heat(changes, live)
    return {
        **live.article,
        "heat": heat,
        "published": is_published(heat, threshold),
        "revision": live.revision,
        "storyId": live.story_id,
        "curatedDateTime": format_time(changes.clock),
        "schemaVersion": SCHEMA_VERSION,
    }


def _heat(changes: Changeset, live: LiveArticle) -> int:
    story_id = changes.stories.current_id(live.story_id)
    lead = changes.stories.lead(story_id)
    if lead is None or lead[2] != live.article["id"]:
        return NOT_LEADING
    return lead_heat(live.article["quality"], changes.stories.provider_count(story_id))


def _related(
    changes: Changeset, live: LiveArticle, neighbours: list[Neighbour], similarities: dict[str, int]
) -> list[orjson.Fragment]:
    """The related articles in the order of `neighbours`, each with its relation."""
    articles = changes.articles
    same_text = changes.roots_of_text(live.duplicate_of or live.article["id"])
    copied = [root_id for root_id in same_text if articles.copy_count(root_id)]
    current_id, is_moving = changes.stories.current_id, bool(changes.tasks)
    own_story_id = current_id(live.story_id)
    related = []
    for rank, story_id, fragments in neighbours:
        other_id = rank[-1]
        relation: Relation = "related"
        if other_id in same_text or (copied and _is_copy(articles, other_id, copied)):
            relation = "duplicate"
        elif story_id == own_story_id or (is_moving and current_id(story_id) == own_story_id):
            relation = "same-story"
        related.append(as_related(fragments, relation, similarities[other_id]))
    return related


def _is_copy(articles: ChangedArticles, article_id: str, root_ids: list[str]) -> bool:
    return any(articles.is_copy(article_id, root_id) for root_id in root_ids)


def _withdrawal(changes: Changeset, ident: str) -> Publication:
    tombstone: Tombstone = {"id": ident, "revision": changes.next_revision(), "withdrawn": True}
    return Publication(ident, orjson.dumps(tombstone), is_withdrawal=True)


def _story_record(changes: Changeset, story_id: str, threshold: int) -> Publication:
    row = changes.stories.row(story_id)
    if row is None:
        return _withdrawal(changes, story_id)
    if not isinstance(row, LiveStory):
        merged: MergedStory = {
            "id": story_id,
            "mergedInto": row.merged_into,
            "revision": changes.next_revision(),
            "schemaVersion": SCHEMA_VERSION,
        }
        return Publication(story_id, orjson.dumps(merged))
    story = changes.stories.edit(story_id)
    record = _full_story_record(changes, story, threshold)
    if not changes.stories.has_members(story_id):
        end_story(changes, story_id)
    return Publication(story_id, orjson.dumps(record))


def _full_story_record(changes: Changeset, story: LiveStory, threshold: int) -> dict[str, Any]:
    lead_rank = changes.stories.lead(story.id)
    if lead_rank is not None:
        lead = changes.articles[lead_rank[2]]
        story.published_lead, story.locale = lead.article["id"], lead.article["locale"]
        story.heat = _heat(changes, lead)
    story.published_count = story.article_count
    story.was_published = is_published(story.heat, threshold)
    latest_ids = changes.stories.latest_members(story.id, MAX_STORY_ARTICLES)
    latest = [changes.articles.fragments(i) for i in latest_ids]
    topics = _most_common([fragments.topics for fragments in latest])[:MAX_STORY_TOPICS]
    record = {
        "id": story.id,
        "lead": story.published_lead,
        "articleCount": story.article_count,
        "articles": [as_story_article(fragments) for fragments in latest],
        "providers": _story_providers(changes.stories.providers(story.id)),
        "firstPublishedDateTime": format_time(story.first_at),
        "lastPublishedDateTime": format_time(story.last_at),
        "heat": story.heat,
        "topics": topics,
        "locale": story.locale,
        "revision": changes.next_revision(),
        "schemaVersion": SCHEMA_VERSION,
    }
    for name in ("lead", "topics"):
        if not record[name]:
            del record[name]
    return record


def _story_providers(counts: Mapping[str, tuple[str, int]]) -> list[StoryProvider]:
    """The providers of a story, those with the most articles first, ties by domain."""
    providers = sorted(counts.items(), key=lambda item: (-item[1][1], item[0]))
    return [
        {"name": name, "domain": domain, "articleCount": count}
        for domain, (name, count) in providers[:MAX_STORY_PROVIDERS]
    ]


def _most_common(encoded: list[bytes]) -> list[str]:
    """The topics in JSON arrays of topics, the most frequent first, ties by name."""
    array_counts: dict[bytes, int] = {}
    for array in encoded:
        array_counts[array] = array_counts.get(array, 0) + 1
    counts: dict[str, int] = {}
    for array, count in array_counts.items():
        for topic in orjson.loads(array):
            counts[topic] = counts.get(topic, 0) + count
    return sorted(counts, key=lambda topic: (-counts[topic], topic))
