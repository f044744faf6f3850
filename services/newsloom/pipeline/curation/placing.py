"""Placing: a new article, or a new version of a live one, gets its root, its story and its row.

The steps run in this order: search, find the original, choose the story, drop placeholder images,
store the row, merge stories, mark what must be published.
"""

from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.curation.duplicates import find_first_seen, review_copies
from newsloom.pipeline.curation.grouping import (
    Candidate,
    choose_story,
    find_story_to_merge,
    weigh_stories,
)
from newsloom.pipeline.curation.placeholders import drop_placeholders
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.curation.publishing import mark_lead_if_due, mark_root_if_grown
from newsloom.pipeline.curation.stories import count_article, join_story, merge_stories
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.search_index import SearchResult
from newsloom.rules.stories import WINDOW_S


def place_article(
    changes: Changeset, arrival: ArticleArrival, version: int, event_at: int, policy: Policy
) -> None:
    """Places the article of `arrival`. `version` and `event_at` are bounded, in Unix seconds."""
    former = changes.articles.get(arrival.article["id"])
    live = _new_row(changes, arrival, former, version, event_at)
    changes.articles_to_publish[live.article["id"]] = None
    found = changes.search(live)
    neighbours = found.nearest()
    original = find_first_seen(changes, live, neighbours)
    live.duplicate_of = _root_of(live, original)
    if former is None:
        candidates = _enter_story(changes, live, original, found, policy)
    else:
        candidates = []
        _replace_version(changes, live, former)
    if live.image_checks:
        drop_placeholders(changes, live, arrival.unillustrated_quality)
    changes.put_article(live, former, neighbours)
    join_story(changes, live)
    other_id = find_story_to_merge(changes, live, candidates, policy.weights)
    story_id = merge_stories(changes, live.story_id, other_id) if other_id else live.story_id
    mark_root_if_grown(changes, live)
    mark_lead_if_due(changes, story_id, policy, is_due=other_id is not None)


def _new_row(
    changes: Changeset,
    arrival: ArticleArrival,
    former: LiveArticle | None,
    version: int,
    event_at: int,
) -> LiveArticle:
    """The row of the arriving article, in its former story, or as the first of its own story."""
    changes.lane.placed += 1
    return LiveArticle(
        article=arrival.article,
        vector=arrival.vector,
        title_terms=arrival.title_terms,
        sequence=former.sequence if former else changes.lane.sequence + 1,
        placed=changes.lane.placed,
        version=version,
        digest=arrival.digest,
        event_at=event_at,
        leaves_at=max(event_at, changes.clock) + WINDOW_S,
        story_id=former.story_id if former else arrival.article["id"],
        image_checks=arrival.image_checks or [],
    )


def _root_of(live: LiveArticle, original: LiveArticle | None) -> str | None:
    """The root that the article duplicates. A root is never a duplicate itself."""
    if original is None or original.duplicate_of == live.article["id"]:
        return None
    return original.duplicate_of or original.article["id"]


def _enter_story(
    changes: Changeset,
    live: LiveArticle,
    original: LiveArticle | None,
    found: SearchResult,
    policy: Policy,
) -> list[Candidate]:
    """Chooses the story of a new article; returns the candidates that were weighed."""
    changes.lane.sequence += 1
    candidates = weigh_stories(live, found, policy.weights)
    live.story_id = choose_story(changes, live, original, candidates)
    return candidates


def _replace_version(changes: Changeset, live: LiveArticle, former: LiveArticle) -> None:
    """Subtracts the former version from its story, and compares its copies with the new one."""
    count_article(changes.stories.edit(live.story_id), former.article, -1)
    if former.duplicate_of not in (None, live.duplicate_of):
        changes.mark_if_live(former.duplicate_of)
    review_copies(changes, live)
