"""Decide: one arrival and the state of a lane in, a changeset out. The state is not touched.

An arrival is an article or a withdrawal. The records to publish are built afterwards, from the
changeset, by `build_records`.
"""

from newsloom.pipeline.arrival import Arrival, ArticleArrival, WithdrawalArrival
from newsloom.pipeline.curation.changes.changeset import MAX_STEP, Changeset
from newsloom.pipeline.curation.departing import expire, leave_stories
from newsloom.pipeline.curation.placing import place_article
from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from newsloom.pipeline.curation.publishing import mark_stories_of_marked_leads
from newsloom.pipeline.curation.tasks import run_tasks
from newsloom.pipeline.curation.withdrawing import withdraw
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.clock import bounded_time
from newsloom.rules.images import PASSING, Verdict


def decide(
    state: State,
    arrival: Arrival,
    policy: Policy = DEFAULT_POLICY,
    max_step: int = MAX_STEP,
) -> Changeset:
    """What `arrival` changes in the lane. No work may be pending.

    If many articles leave the window first, the changeset only removes some of them and has no
    outcome: apply it and decide again.
    """
    if isinstance(arrival, WithdrawalArrival):
        return complete(withdraw(state, arrival, policy, max_step), policy)
    return complete(_decide_article(state, arrival, policy, max_step), policy)


def continue_tasks(
    state: State, policy: Policy = DEFAULT_POLICY, max_step: int = MAX_STEP
) -> Changeset:
    """The next step of the pending work."""
    changes = Changeset(state, None, max_step=max_step)
    run_tasks(changes)
    return complete(changes, policy)


def complete(changes: Changeset, policy: Policy) -> Changeset:
    """Marks the stories that must be published too, and computes the times that changed."""
    leave_stories(changes, policy)
    mark_stories_of_marked_leads(changes)
    changes.stories.measure(changes.departed)
    return changes


def _decide_article(
    state: State, arrival: ArticleArrival, policy: Policy, max_step: int
) -> Changeset:
    article_id = arrival.article["id"]
    version = bounded_time(arrival.version, arrival.arrived_at)
    if _is_known(state, arrival, version):
        return Changeset(state, Outcome.UNCHANGED)
    changes = Changeset(state, Outcome.CURATED, max_step=max_step)
    event_at = bounded_time(arrival.published_at, arrival.arrived_at)
    changes.advance_clock(event_at, article_id)
    if expire(changes, policy):
        place_article(changes, arrival, version, event_at, policy)
    else:
        changes.leave_undecided()
    return changes


def _is_known(state: State, arrival: ArticleArrival, version: int) -> bool:
    """Whether the version that arrives is not newer than the one that the lane knows.

    The same content again is new if it brings an image that a passing failure took before.
    """
    live = state.articles.get(arrival.article["id"])
    if live is not None:
        is_same = arrival.digest == live.digest and not _has_regained_image(live, arrival)
        return version < live.version or is_same
    found = state.departed.find(arrival.article["id"])
    return found is not None and version <= found[1].version


def _has_regained_image(live: LiveArticle, arrival: ArticleArrival) -> bool:
    """Whether an image is good now that the live article lacks because of a passing failure.

    An article without images and without checks lacks those of its page, which was not read. False
    if another image fails now that was good before: a failure takes no image.
    """
    before = {check["url"]: check["verdict"] for check in live.image_checks}
    is_unread = not before and "images" not in live.article
    checks = arrival.image_checks or ()
    if any(before.get(c["url"]) == Verdict.OK and c["verdict"] in PASSING for c in checks):
        return False
    return any(
        check["verdict"] == Verdict.OK and (is_unread or before.get(check["url"]) in PASSING)
        for check in checks
    )
