"""Withdrawing: an article is taken down, whether it is live or has departed.

It is found under its id, or under the address that its `webUrl` gives. What names it is published
without it. The lane remembers the withdrawal, so that an older version does not bring it back.
"""

from newsloom.pipeline.arrival import WithdrawalArrival
from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.departing import leave_story, withdraw_departed, withdraw_live
from newsloom.pipeline.curation.duplicates import replace_root
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.curation.tasks import run_tasks
from newsloom.pipeline.lane.departed.pages import Departed
from newsloom.pipeline.lane.pending import Task, TaskKind
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome


def withdraw(state: State, arrival: WithdrawalArrival, policy: Policy, max_step: int) -> Changeset:
    """What a withdrawal changes in the lane. The lane with `is_counted` counts the input.

    If another lane counts a withdrawal, it found no article and counted it as unchanged. The lane
    that finds the article corrects the sum.
    """
    known = _find(state, arrival.article_ids)
    is_found = isinstance(known, LiveArticle) or (known is not None and not known.is_withdrawn)
    if arrival.moved_version is not None:
        is_older = known is not None and known.version <= arrival.moved_version
        if not (is_found and is_older):
            return Changeset(state, Outcome.UNCHANGED, {})
    outcome = Outcome.WITHDRAWN if is_found else Outcome.UNCHANGED
    changes = Changeset(state, outcome, _counts(arrival, is_found), max_step)
    if known is None:
        # A subscriber may hold what this lane has forgotten.
        changes.articles_to_publish[arrival.article_ids[0]] = None
    elif isinstance(known, LiveArticle):
        changes.mark_if_live(known.duplicate_of)
        withdraw_live(changes, known)
        _take_down(changes, known.article["id"])
        leave_story(changes, known.story_id, known.article["id"], policy)
    elif is_found:
        changes.mark_if_live(known.root or None)
        story_id = withdraw_departed(changes, known)
        _take_down(changes, known.id)
        leave_story(changes, story_id, known.id, policy)
    return changes


def _counts(arrival: WithdrawalArrival, is_found: bool) -> dict[Outcome, int] | None:
    if arrival.is_counted:
        return None
    if arrival.moved_version is not None:
        return {}
    return {Outcome.WITHDRAWN: 1, Outcome.UNCHANGED: -1} if is_found else {}


def _find(state: State, article_ids: tuple[str, ...]) -> LiveArticle | Departed | None:
    """The article that a withdrawal names by one of its ids, or by its address."""
    for article_id in article_ids:
        live = state.articles.get(article_id)
        if live is not None:
            return live
        found = state.departed.find(article_id)
        if found is not None:
            return found[1]
    for article_id in article_ids:
        known = _find_by_address(state, article_id)
        if known is not None:
            return known
    return None


def _find_by_address(state: State, address: str) -> LiveArticle | Departed | None:
    """The article with that address that was placed last; else the one that departed last."""
    rows = [state.articles[i] for i in state.articles.table.with_address(address)]
    found = [live for live in rows if live.address == address]
    if found:
        return max(found, key=lambda live: live.placed)
    return state.departed.last_with_address(address)


def _take_down(changes: Changeset, article_id: str) -> None:
    """Publishes the tombstone of an article, and what names it; its copies get another root."""
    changes.articles_to_publish[article_id] = None
    replace_root(changes, article_id)
    changes.tasks.append(Task(TaskKind.NAMED, article_id))
    run_tasks(changes)
