"""Decide: what one arrival makes of a lane, as a draft. Pure: the state is not touched.

Seen before? A duplicate? Which story? Who leads? What is to be published? The records
themselves are made of the draft by `publish`.
"""

from collections.abc import Iterable

from newsloom.pipeline.arrival import (
    Arrival,
    ArticleArrival,
    WithdrawalArrival,
)
from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.curation.grouping import (
    Candidate,
    choose_story,
    find_story_to_merge,
    weigh_stories,
)
from newsloom.pipeline.curation.placeholders import drop_stand_ins
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.policy import DEFAULT_POLICY, Policy
from newsloom.records.curated import Article
from newsloom.records.faults import Outcome
from newsloom.rules.clock import bounded_time
from newsloom.rules.duplicates import MIN_FOUND_SIMILARITY, Text, is_duplicate
from newsloom.rules.scoring import has_grown, is_published, lead_heat
from newsloom.rules.stories import WINDOW_S
from newsloom.rules.words.terms import UNIT, dot_product


def decide(state: State, arrival: Arrival, policy: Policy = DEFAULT_POLICY) -> Changeset:
    """The effects of `arrival` on `state`, which stays as it is."""
    if isinstance(arrival, WithdrawalArrival):
        return _withdraw(state, arrival, policy)
    held = state.articles.get(arrival.article["id"])
    version = bounded_time(arrival.version, arrival.arrived_at)
    if held and (version < held.version or arrival.digest == held.digest):
        return Changeset(state, Outcome.UNCHANGED)
    changes = Changeset(state, Outcome.CURATED)
    event_at = bounded_time(arrival.published_at, arrival.arrived_at)
    changes.advance_clock(event_at, arrival.article["id"])
    _expire(changes)
    held = held and changes.article(arrival.article["id"])  # it may have left now
    _place(changes, arrival, held, version, event_at, policy)
    _publish_stories_of_leads(changes)
    return changes


def _expire(changes: Changeset) -> None:
    """Lets go of what has left the window. Nothing is published for that alone."""
    stories: dict[str, None] = {}
    for article_id in changes.state.due(changes.clock):
        stories[changes.remove_article(article_id)] = None
    for story_id in stories:
        if changes.is_empty(story_id):
            changes.end_story(story_id)


def _place(
    changes: Changeset,
    arrival: ArticleArrival,
    held: LiveArticle | None,
    version: int,
    event_at: int,
    policy: Policy,
) -> None:
    """Puts a new article, or a new version of one that is held, in its story."""
    article = arrival.article
    article_id = article["id"]
    changes.publish[article_id] = None
    changes.lane.placed += 1
    live = LiveArticle(
        article=article,
        vector=arrival.vector,
        title_terms=arrival.title_terms,
        sequence=held.sequence if held else changes.lane.sequence + 1,
        placed=changes.lane.placed,
        version=version,
        digest=arrival.digest,
        event_at=event_at,
        leaves_at=max(event_at, changes.clock) + WINDOW_S,
        story_id=held.story_id if held else article_id,
        image_checks=arrival.image_checks or [],
    )
    result = changes.compare(live)
    near = changes.nearest(article_id)
    original = _original(changes, live, near)
    if original is not None and original.duplicate_of != article_id:
        live.duplicate_of = original.duplicate_of or original.article["id"]
    candidates: list[Candidate] = []
    if held is None:
        changes.lane.sequence += 1
        candidates = weigh_stories(changes, live, result, policy.weights)
        live.story_id = choose_story(changes, live, original, candidates)
        story = _story_to_join(changes, live)
    else:
        story = changes.edit_story(live.story_id)
        count_article(story, held.article, -1)
        if held.duplicate_of not in (None, live.duplicate_of):
            _publish_if_live(changes, held.duplicate_of)
        _review_copies(changes, live)
    if live.image_checks:
        drop_stand_ins(changes, live, arrival.unillustrated_quality)
    changes.put_article(live, held)
    count_article(story, article, 1)
    story.first_at, story.last_at = min(story.first_at, event_at), max(story.last_at, event_at)
    rival = find_story_to_merge(changes, live, candidates, policy.weights)
    survivor = _merge_stories(changes, story.id, rival) if rival else story.id
    if live.duplicate_of is not None:
        root = changes.article(live.duplicate_of)
        if root and has_grown(len(changes.copies(live.duplicate_of)), root.published_duplicates):
            changes.publish[live.duplicate_of] = None
    publish_story_if_due(changes, survivor, policy, is_due=rival is not None)


def _original(changes: Changeset, live: LiveArticle, near: dict[str, int]) -> LiveArticle | None:
    """The first-seen article of which this is a duplicate."""
    found, text = None, None
    for other_id, similarity in near.items():
        if similarity < MIN_FOUND_SIMILARITY:
            continue
        other = changes.live(other_id)
        if other.sequence < (found or live).sequence:
            # Here every word counts, also those that the search passed over.
            similarity = dot_product(live.vector, other.vector) // UNIT
            text = text or compared_text(live)
            if is_duplicate(text, compared_text(other), similarity):
                found = other
    return found


def compared_text(live: LiveArticle) -> Text:
    """What of an article decides whether it is a duplicate."""
    article = live.article
    return Text(
        title=live.compared_title,
        excerpt=article.get("excerpt", ""),
        domain=article["provider"]["domain"],
        time=live.event_at,
    )


def _review_copies(changes: Changeset, live: LiveArticle) -> None:
    """Holds the duplicates of an article against its new version; those that part stay together."""
    article_id = live.article["id"]
    parted = []
    for copy_id in sorted(changes.copies(article_id), key=changes.sequence):
        copy = changes.live(copy_id)
        similarity = dot_product(live.vector, copy.vector) // UNIT
        if not is_duplicate(compared_text(live), compared_text(copy), similarity):
            parted.append(copy_id)
        elif live.duplicate_of is not None:
            _give_root(changes, [copy_id], live.duplicate_of)
    _give_root(changes, parted)


def _story_to_join(changes: Changeset, live: LiveArticle) -> LiveStory:
    """The draft's own row of the story an article joins, opened if it is new."""
    if changes.story_row(live.story_id) is None:
        changes.stories[live.story_id] = LiveStory(
            id=live.story_id, opened=live.sequence, first_at=live.event_at, last_at=live.event_at
        )
    return changes.edit_story(live.story_id)


def count_article(story: LiveStory, article: Article, step: int) -> None:
    """Counts an article in (+1) or out (-1) of its story and its provider's coverage of it."""
    provider = article["provider"]
    story.article_count += step
    count = story.providers.get(provider["domain"], ("", 0))[1] + step
    if count > 0:
        story.providers[provider["domain"]] = (provider["name"], count)
    else:
        story.providers.pop(provider["domain"], None)


def _merge_stories(changes: Changeset, story_id: str, other_id: str) -> str:
    """Makes one story of two; the earlier-opened survives, ties by lowest id."""
    survivor, ended = sorted(
        (changes.edit_story(story_id), changes.edit_story(other_id)), key=lambda s: (s.opened, s.id)
    )
    survivor.article_count += ended.article_count
    for domain, (name, count) in ended.providers.items():
        survivor.providers[domain] = (name, survivor.providers.get(domain, ("", 0))[1] + count)
    survivor.first_at = min(survivor.first_at, ended.first_at)
    survivor.last_at = max(survivor.last_at, ended.last_at)
    for article_id in sorted(changes.members(ended.id), key=changes.sequence):
        changes.move_article(article_id, survivor.id)
        changes.publish[article_id] = None
    changes.stories[ended.id] = StoryAlias(ended.id, merged_into=survivor.id)
    changes.publish_stories[ended.id] = None
    return survivor.id


def publish_story_if_due(changes: Changeset, story_id: str, policy: Policy, is_due: bool) -> None:
    """Publishes a story, its lead and its former lead, if who leads or how much has changed."""
    lead = changes.lead(story_id)
    assert lead is not None, f"story {story_id} has no live article"
    story = changes.edit_story(story_id)
    heat = lead_heat(-lead[0], len(story.providers))
    if story.published_lead != lead[2]:
        is_due = True
        _publish_if_live(changes, story.published_lead)
    if (
        is_due
        or lead[2] in changes.publish
        or has_grown(story.article_count, story.published_count)
        or is_published(heat, policy.publish_threshold) != story.was_published
    ):
        changes.publish[lead[2]] = None


def _publish_if_live(changes: Changeset, article_id: str | None) -> None:
    if article_id is not None and changes.article(article_id) is not None:
        changes.publish[article_id] = None


def _withdraw(state: State, arrival: WithdrawalArrival, policy: Policy) -> Changeset:
    held = state.articles.get(arrival.article_id)
    if held is None:
        return Changeset(state, Outcome.UNCHANGED, None if arrival.is_counted else {})
    # The lane that counts it did not have the article, and took it for unchanged.
    elsewhere = {Outcome.WITHDRAWN: 1, Outcome.UNCHANGED: -1}
    changes = Changeset(state, Outcome.WITHDRAWN, None if arrival.is_counted else elsewhere)
    changes.publish[arrival.article_id] = None
    changes.remove_article(arrival.article_id)
    _publish_if_live(changes, held.duplicate_of)
    copies = changes.copies(arrival.article_id)
    _give_root(changes, sorted(copies, key=changes.sequence))
    for article_id in sorted(state.named_by(arrival.article_id)):
        _publish_if_live(changes, article_id)
    count_article(changes.edit_story(held.story_id), held.article, -1)
    if changes.is_empty(held.story_id):
        changes.end_story(held.story_id)
        changes.publish_stories[held.story_id] = None
    else:
        publish_story_if_due(changes, held.story_id, policy, is_due=True)
    _publish_stories_of_leads(changes)
    return changes


def _give_root(changes: Changeset, article_ids: Iterable[str], root: str | None = None) -> None:
    """Makes articles duplicates of a root: of the first of them, if none is named."""
    for article_id in article_ids:
        changes.edit(article_id).duplicate_of = root
        changes.publish[article_id] = None
        root = root or article_id


def _publish_stories_of_leads(changes: Changeset) -> None:
    """Publishes the story of every lead that is published."""
    for article_id in changes.publish:
        live = changes.article(article_id)
        if live is not None:
            lead = changes.lead(live.story_id)
            if lead is not None and lead[2] == article_id:
                changes.publish_stories[live.story_id] = None
