"""What a lane that is curated anew takes over when its inputs have lost something."""

from typing import Any

from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from newsloom.rules.addresses.urls import article_id
from tests.support.lanes import DAY_S, HOUR_S, START_S, event
from tests.support.long_streams import Step
from tests.support.rebuilds import Anew, RecordedLane, rebuild
from tests.support.subscriber.inputs import Truth

WEIGHTS = DEFAULT_POLICY.weights
NEVER_JOIN = Policy(WEIGHTS._replace(join_bias=-1_000_000_000))
EXCERPT = "The ferry Selkie ran aground off Northfield pier on Monday with 80 passengers on board."
OTHER = (
    "Coastguard helicopters and two lifeboats brought everyone from the ferry Selkie to "
    "Northfield, where a school hall was opened for the night."
)
FERRY: dict[str, Any] = {"title": "Ferry Selkie aground off Northfield pier", "excerpt": EXCERPT}
LATER: dict[str, Any] = {
    "title": "Selkie passengers safe after ferry runs aground",
    "excerpt": OTHER,
}


def _step(record: dict[str, Any], at_s: int = 30 * DAY_S) -> Step:
    return Step(record, None, START_S + at_s, Truth("faulty"))


def _article(name: str, at_s: int = 0, **fields: Any) -> Step:
    return _step(event(name, fields.pop("title", f"Title of {name}"), at_s, **fields))


def _withdrawal(name: str) -> Step:
    return _step({"webUrl": f"https://{name}", "withdrawn": True})


def _id(name: str) -> str:
    return article_id(f"https://{name}")


def _rebuild(steps: list[Step], left: list[Step], policy: Policy = DEFAULT_POLICY) -> Anew:
    lane = RecordedLane()
    for step in steps:
        lane.take(step)
    return rebuild(lane, left, policy)


def test_a_lost_article_departs_and_can_still_be_withdrawn() -> None:
    lost = _article("a.example/1", title="Aurora over Wrenfield tonight")
    kept = _article("b.example/2", HOUR_S, title="Grain prices fall again")

    anew = _rebuild([lost, kept], [kept])

    assert anew.lost == [_id("a.example/1")]
    (kept_record,), (lost_story,) = anew.published
    assert kept_record["id"] == _id("b.example/2")  # the clock was lower when it was placed
    assert (lost_story["id"], lost_story["articles"]) == (_id("a.example/1"), [])
    assert list(anew.lane.curator.state.articles) == [_id("b.example/2")]
    articles, stories = anew.lane.take(_withdrawal("a.example/1"))
    assert [record["id"] for record in articles] == [_id("a.example/1")]
    assert [record["id"] for record in stories] == [_id("a.example/1")]
    assert articles[0]["withdrawn"]
    assert articles[0]["revision"] > 4


def test_an_older_version_does_not_bring_a_lost_withdrawal_back() -> None:
    article = _article("a.example/1")

    anew = _rebuild([article, _withdrawal("a.example/1")], [article])

    assert anew.published == ([], [])
    assert anew.lane.take(article) == ([], [])


def test_a_lost_withdrawal_of_an_unknown_article_is_remembered() -> None:
    article = _article("a.example/1")

    anew = _rebuild([article, _withdrawal("a.example/1")], [])

    assert anew.lane.take(article) == ([], [])


def test_the_newest_version_stays_if_the_inputs_hold_only_an_older_one() -> None:
    older = _article("a.example/1")
    newer = _article(
        "a.example/1", title="A corrected title", updatedDateTime="2026-03-03T00:00:00Z"
    )

    anew = _rebuild([older, newer], [older])

    assert anew.published == ([], [])
    assert anew.lane.curator.state.articles[_id("a.example/1")].article["title"] == (
        "A corrected title"
    )


def test_the_newest_version_of_a_departed_article_stays_as_it_is_held() -> None:
    older = _article("a.example/1", **FERRY)
    newer = _article(
        "a.example/1", title="A corrected title", updatedDateTime="2026-03-03T00:00:00Z"
    )
    later = [_article(f"{name}.example/9", 20 * DAY_S) for name in "xyz"]

    anew = _rebuild([older, newer, *later], [older, *later])

    held = anew.lane.records["curated"][_id("a.example/1")]
    assert held["title"] == "A corrected title"
    assert anew.lane.take(older) == ([], [])


def test_a_story_that_exists_no_more_is_merged_into_that_of_its_lead() -> None:
    first = _article("a.example/1", **FERRY, quality=10)
    second = _article("b.example/2", HOUR_S, **LATER, quality=90)
    lane = RecordedLane()
    lane.take(first)
    lane.take(second)
    former_id, lead_id = _id("a.example/1"), _id("b.example/2")
    assert lane.records["stories"][former_id]["lead"] == lead_id

    anew = rebuild(lane, [second], DEFAULT_POLICY)

    assert anew.lost == [former_id]
    story = anew.lane.records["stories"][lead_id]
    assert (story["articleCount"], story["lead"]) == (2, lead_id)
    assert anew.lane.records["stories"][former_id]["mergedInto"] == lead_id


def test_a_lost_lead_no_longer_leads_a_story_that_goes_on() -> None:
    first = _article("a.example/1", **FERRY, quality=10)
    second = _article("b.example/2", HOUR_S, **LATER, quality=90)

    anew = _rebuild([first, second], [first])

    story = anew.lane.records["stories"][_id("a.example/1")]
    assert (story["articleCount"], story["lead"]) == (2, _id("a.example/1"))
    lost = anew.lane.records["curated"][_id("b.example/2")]
    assert (lost["heat"], lost["published"]) == (-1, False)


def test_other_weights_part_a_story_and_nothing_is_lost() -> None:
    first = _article("a.example/1", **FERRY)
    second = _article("b.example/2", HOUR_S, **LATER)

    anew = _rebuild([first, second], [first, second], NEVER_JOIN)

    assert anew.lost == []
    stories = anew.lane.records["stories"]
    assert [stories[_id(name)]["articleCount"] for name in ("a.example/1", "b.example/2")] == [1, 1]
    revisions = [record["revision"] for records in anew.published for record in records]
    assert min(revisions) > 5


def test_the_clock_does_not_go_back() -> None:
    steps = [_article(f"{name}.example/1", DAY_S * n) for n, name in enumerate("abcdef")]
    lane = RecordedLane()
    for step in steps:
        lane.take(step)

    anew = rebuild(lane, steps[:3], DEFAULT_POLICY)

    assert anew.lane.curator.state.lane.clock == lane.curator.state.lane.clock


def test_a_version_that_came_after_a_withdrawal_stays_held_with_its_story() -> None:
    older = _article("a.example/1", **FERRY)
    newer = _article("a.example/1", **FERRY, updatedDateTime="2026-03-03T00:00:00Z")
    later = [_article(f"{name}.example/9", 20 * DAY_S) for name in "xyz"]
    before = [older, _withdrawal("a.example/1")]

    anew = _rebuild([*before, newer, *later], [*before, *later])

    assert anew.lost == [_id("a.example/1")]
    for records in anew.lane.records.values():
        assert not records[_id("a.example/1")].get("withdrawn")
