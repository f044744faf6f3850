"""Decide: one arrival and the state of a lane in, a changeset out. The state is not touched.

An arrival is an article or a withdrawal. The records to publish are built afterwards, from the
changeset, by `build_records`.
"""

from newsloom.pipeline.arrival import Arrival, WithdrawalArrival
from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.curation.duplicates import assign_root
from newsloom.pipeline.curation.placing import place_article
from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from newsloom.pipeline.curation.publishing import (
    mark_lead_if_due,
    mark_stories_of_marked_leads,
)
from newsloom.pipeline.curation.stories import count_article
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.clock import bounded_time


def decide(state: State, arrival: Arrival, policy: Policy = DEFAULT_POLICY) -> Changeset:
    """What `arrival` changes in the lane."""
    if isinstance(arrival, WithdrawalArrival):
        return withdraw(state, arrival, policy)
    article_id = arrival.article["id"]
    live = state.articles.get(article_id)
    version = bounded_time(arrival.version, arrival.arrived_at)
    if live and (version < live.version or arrival.digest == live.digest):
        return Changeset(state, Outcome.UNCHANGED)
    changes = Changeset(state, Outcome.CURATED)
    event_at = bounded_time(arrival.published_at, arrival.arrived_at)
    changes.advance_clock(event_at, article_id)
    expire(changes)
    place_article(changes, arrival, version, event_at, policy)
    mark_stories_of_marked_leads(changes)
    return changes


def expire(changes: Changeset) -> None:
    """Removes the articles that have left the window. It publishes nothing."""
    stories: dict[str, None] = {}
    for article_id in changes.state.due(changes.clock):
        stories[changes.remove_article(article_id)] = None
    for story_id in stories:
        if changes.stories.is_empty(story_id):
            changes.stories.end(story_id)


def withdraw(state: State, arrival: WithdrawalArrival, policy: Policy) -> Changeset:
    """What a withdrawal changes in the lane."""
    live = state.articles.get(arrival.article_id)
    if live is None:
        return Changeset(state, Outcome.UNCHANGED, None if arrival.is_counted else {})
    # If another lane counts this withdrawal, it found no article and counted it as unchanged. This
    # lane corrects the sum.
    correction = {Outcome.WITHDRAWN: 1, Outcome.UNCHANGED: -1}
    changes = Changeset(state, Outcome.WITHDRAWN, None if arrival.is_counted else correction)
    changes.articles_to_publish[arrival.article_id] = None
    changes.remove_article(arrival.article_id)
    changes.mark_if_live(live.duplicate_of)
    copies = changes.articles.copies(arrival.article_id)
    assign_root(changes, sorted(copies, key=changes.articles.sequence))
    for article_id in sorted(state.named_by(arrival.article_id)):
        changes.mark_if_live(article_id)
    _update_story(changes, live, policy)
    mark_stories_of_marked_leads(changes)
    return changes


def _update_story(changes: Changeset, withdrawn: LiveArticle, policy: Policy) -> None:
    """Subtracts a withdrawn article from its story, and ends the story if it is empty."""
    story_id = withdrawn.story_id
    count_article(changes.stories.edit(story_id), withdrawn.article, -1)
    if changes.stories.is_empty(story_id):
        changes.stories.end(story_id)
        changes.stories_to_publish[story_id] = None
    else:
        mark_lead_if_due(changes, story_id, policy, is_due=True)
