"""Placing: a new article, or a new version of a live one, gets its root, its story and its row.

The steps run in this order: search, find the original, choose the story, drop placeholder images,
store the row, merge stories, mark what must be published.
"""

from collections.abc import Mapping

from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.departing import come_back, revive
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
from newsloom.pipeline.curation.stories import join_story, merge_stories, provider_of
from newsloom.pipeline.curation.tasks import run_tasks
from newsloom.pipeline.lane.pending import Task, TaskKind
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.search_index import SearchResult
from newsloom.rules.stories import WINDOW_S
from newsloom.rules.words.lane_weights import NEAREST_COSINE, NEAREST_TEXTS, count_repeats


def place_article(
    changes: Changeset, arrival: ArticleArrival, version: int, event_at: int, policy: Policy
) -> None:
    """Places the article of `arrival`. `version` and `event_at` are bounded, in Unix seconds."""
    former = changes.articles.get(arrival.article["id"])
    departed = None if former else changes.departed.find(arrival.article["id"])
    stays_in = come_back(changes, departed) if departed else None
    live = _new_row(changes, arrival, former, version, event_at)
    changes.articles_to_publish[live.article["id"]] = None
    found = changes.search(live)
    neighbours = found.nearest()
    _count_repeats(changes, live, neighbours)
    original = find_first_seen(changes, live, neighbours)
    root_id = _root_of(changes, live, original, is_new=former is None and departed is None)
    if not review_copies(changes, live, former, root_id):
        live.duplicate_of = root_id
    candidates: list[Candidate] = []
    if former is not None:
        _replace_version(changes, live, former, original, root_id)
    elif stays_in is not None:
        live.story_id = stays_in
    else:
        candidates = _choose_story(changes, live, original, found, policy)
    if live.image_checks:
        drop_placeholders(changes, live, arrival.unillustrated_quality)
    changes.put_article(live, former, neighbours)
    join_story(changes, live)
    revive(changes, live)
    _note_stories_left(changes, live)
    other_id = find_story_to_merge(changes, live, candidates, policy.weights)
    if original is not None and root_id is not None and stays_in is not None:
        # It leads a story that it cannot leave, and has the text of another one.
        other_id = _other_story(changes, live, original)
    story_id = merge_stories(changes, live, other_id) if other_id else live.story_id
    run_tasks(changes)
    mark_root_if_grown(changes, live)
    has_returned = departed is not None
    is_due = other_id is not None or has_returned or _counts_differently(live, former)
    mark_lead_if_due(changes, story_id, policy, is_due)


def _other_story(changes: Changeset, live: LiveArticle, original: LiveArticle) -> str | None:
    story_id = changes.stories.current_id(original.story_id)
    return story_id if story_id != live.story_id else None


def _note_stories_left(changes: Changeset, live: LiveArticle) -> None:
    """Has the articles published that name an article in another story than before."""
    left = [story_id for story_id in changes.stories_left if story_id != live.story_id]
    changes.stories_left = dict.fromkeys(left, (live.article["id"], live.story_id))
    if left:
        changes.tasks.append(Task(TaskKind.NAMED, live.article["id"]))


def _counts_differently(live: LiveArticle, former: LiveArticle | None) -> bool:
    """Whether a new version changes the figures of its story other than by its growth."""
    if former is None or former.story_id != live.story_id:
        return False
    is_same_provider = provider_of(live.article) == provider_of(former.article)
    return not is_same_provider or live.event_at != former.event_at


def _new_row(
    changes: Changeset,
    arrival: ArticleArrival,
    former: LiveArticle | None,
    version: int,
    event_at: int,
) -> LiveArticle:
    """The row of the arriving article, in its former story, or as the first of its own story."""
    changes.lane.placed += 1
    changes.lane.sequence += former is None
    return LiveArticle(
        article=arrival.article,
        vector=changes.state.words.weigh(arrival.vector, arrival.article["locale"]),
        title_terms=arrival.title_terms,
        sequence=former.sequence if former else changes.lane.sequence,
        placed=changes.lane.placed,
        version=version,
        digest=arrival.digest,
        event_at=event_at,
        leaves_at=max(event_at, changes.clock) + WINDOW_S,
        story_id=former.story_id if former else arrival.article["id"],
        image_checks=arrival.image_checks or [],
        address=arrival.address if changes.lane.remembers else "",
    )


def _count_repeats(changes: Changeset, live: LiveArticle, neighbours: Mapping[str, int]) -> None:
    """Notes what the article counts for each of its terms. A lane of form 1 has no place for it."""
    if changes.lane.remembers:
        near = [(-cosine, i) for i, cosine in neighbours.items() if cosine >= NEAREST_COSINE]
        vectors = [changes.state.articles.vector(i) for _, i in sorted(near)[:NEAREST_TEXTS]]
        live.repeats = count_repeats(live.vector, vectors)


def _root_of(
    changes: Changeset, live: LiveArticle, original: LiveArticle | None, is_new: bool
) -> str | None:
    """The root that the article duplicates. A root is never a duplicate itself.

    An article that departed ones duplicate stays a root: their records cannot be published again.
    """
    article_id = live.article["id"]
    if original is None or original.duplicate_of == article_id:
        return None
    if not is_new and changes.departed.has_copies_of(article_id):
        return None
    return original.duplicate_of or original.article["id"]


def _choose_story(
    changes: Changeset,
    live: LiveArticle,
    original: LiveArticle | None,
    found: SearchResult,
    policy: Policy,
) -> list[Candidate]:
    """Chooses the story of a new article; returns the candidates that were weighed."""
    candidates = weigh_stories(live, found, policy.weights)
    live.story_id = choose_story(changes, live, original, candidates)
    return candidates


def _replace_version(
    changes: Changeset,
    live: LiveArticle,
    former: LiveArticle,
    original: LiveArticle | None,
    root_id: str | None,
) -> None:
    """Takes the former version from its story. A new duplicate joins the story of its original.

    If it has another root, the former one is published, and the articles that name it, because
    their records state whether it is a duplicate of them.
    """
    changes.stories.count(former.story_id, provider_of(former.article), former.event_at, -1)
    if original is not None and root_id is not None:
        live.story_id = changes.stories.current_id(original.story_id)
        changes.stories_left[former.story_id] = live.article["id"], live.story_id
    if former.duplicate_of != root_id:
        changes.mark_if_live(former.duplicate_of)
        changes.tasks.append(Task(TaskKind.NAMED, live.article["id"]))
