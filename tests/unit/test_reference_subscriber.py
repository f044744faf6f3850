"""The reference subscriber holds exactly what the verifier's view holds, after every transaction.

So what the verifier finds to be consistent is consistent for a reader who copies the example.
"""

import json
from collections.abc import Iterator, Mapping
from random import Random

import pytest

from examples.subscriber import TOPICS, LatestRecords
from newsloom.pipeline.build_records import Publication
from newsloom.rules.lanes import LaneTable
from tests.support.long_streams import long_stream
from tests.support.pipeline import Taken
from tests.support.subscriber.following import ONE_LANE, TWO_LANES, Lanes
from tests.support.subscriber.held import HeldArticle, HeldStory
from tests.support.subscriber.view import View

ARTICLES, STORIES = TOPICS
Message = tuple[str, int, str, bytes | None]


def _messages(lane: int, taken: Taken) -> Iterator[Message]:
    """The publications of one transaction as Kafka records."""
    kinds: tuple[tuple[Publication, ...], ...] = (taken.result.curated, taken.result.stories)
    for topic, publications in zip(TOPICS, kinds, strict=True):
        for publication in publications:
            value = None if publication.is_withdrawal else publication.value
            yield topic, lane, publication.id, value


def _revisions(held: Mapping[str, HeldArticle | HeldStory]) -> dict[str, int]:
    """The revisions of the records that a view holds, without stories that were merged."""
    records = {ident: one.record for ident, one in held.items()}
    return {i: record["revision"] for i, record in records.items() if "mergedInto" not in record}


def _held(latest: LatestRecords, topic: str, lane: int) -> dict[str, int]:
    """The revisions of the records that the subscriber holds of one lane."""
    records = latest.records[topic].items()
    return {ident: record["revision"] for (of, ident), record in records if of == lane}


def _take(latest: LatestRecords, lane: int, taken: Taken, view: View) -> list[Message]:
    """Gives one transaction to the subscriber and to the view of its lane, and compares them."""
    view.take(taken.curated, taken.stories)
    messages = list(_messages(lane, taken))
    for message in messages:
        latest.update(*message)
    assert _held(latest, ARTICLES, lane) == _revisions(view.articles)
    assert _held(latest, STORIES, lane) == _revisions(view.stories)
    for article in taken.curated:
        if story_id := article.get("storyId"):
            assert latest.current_story_id(lane, story_id) == view.resolve(story_id)
    return [message for message in messages if message[3]]


@pytest.mark.parametrize("table", [ONE_LANE, TWO_LANES], ids=["one-lane", "two-lanes"])
def test_it_holds_what_the_views_hold_after_every_transaction(table: LaneTable) -> None:
    lanes, latest, random = Lanes(table), LatestRecords(), Random(1)
    views = [View() for _ in range(table.count)]
    seen: list[Message] = []
    for step in long_stream(5, days=20, per_day=10, troubled=0.3):
        for lane, taken in lanes.take(step).items():
            seen += _take(latest, lane, taken, views[lane])
        # A record that comes again, as after a restart, changes nothing.
        assert latest.update(*random.choice(seen)) is None
    assert latest.merged_into, "some stories have merged"
    ids = [{ident for topic, of, ident, _ in seen if of == n} for n in range(table.count)]
    assert table.count == 1 or set.intersection(*ids), "some articles have moved"


def test_an_article_that_moved_to_another_lane_is_not_an_older_record() -> None:
    latest = LatestRecords()
    in_lanes = [json.dumps({"id": "a", "revision": revision}).encode() for revision in (100, 3)]
    latest.update(ARTICLES, 0, "a", in_lanes[0])
    assert latest.update(ARTICLES, 1, "a", in_lanes[1])
    latest.update(ARTICLES, 0, "a", None)
    assert list(latest.records[ARTICLES]) == [(1, "a")]


def test_it_follows_a_story_that_merged_twice_and_one_that_is_a_story_again() -> None:
    latest = LatestRecords()
    merges = [("a", "b", 1), ("b", "c", 2)]
    for ident, other, revision in merges:
        merged = {"id": ident, "mergedInto": other, "revision": revision}
        latest.update(STORIES, 0, ident, json.dumps(merged).encode())
    assert latest.current_story_id(0, "a") == "c"
    latest.update(STORIES, 0, "b", json.dumps({"id": "b", "revision": 3}).encode())
    assert latest.current_story_id(0, "a") == "b"
    assert (0, "b") in latest.records[STORIES]
