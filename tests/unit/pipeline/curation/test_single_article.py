"""One article in a lane: first sight, new versions, repeats, faults, withdrawal."""

from typing import Any

import pytest

from newsloom.pipeline.arrival import WithdrawalArrival
from newsloom.pipeline.lane.rows import encode_row
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched
from newsloom.records.faults import Outcome
from newsloom.rules.clock import format_time
from tests.support.lanes import HOUR_S, START_S
from tests.support.newsstand import Newsstand, ident
from tests.support.pipeline import Taken

FERRY = "Selkie ferry runs aground off Northfield pier"
FERRY_TEXT = (
    "The car ferry struck the disused coal pier on Monday evening with 312 passengers aboard, "
    "and divers found a gash of nine metres below the vehicle deck, the harbour master said."
)
COMET = "Comet Wrenfield brightens as it nears Saturn"
CURATED_FIELDS = (
    "category title excerpt publishedDateTime webUrl ampWebUrl cdnAmpWebUrl type quality heat "
    "published provider topics images related secured id revision storyId duplicateOf duplicates "
    "locale originalUrl updatedDateTime curatedDateTime source schemaVersion catalogueVersion"
)
RELATED_FIELDS = (
    "title excerpt publishedDateTime webUrl ampWebUrl cdnAmpWebUrl type provider quality images id "
    "relation similarity"
)
STORY_FIELDS = (
    "id lead articleCount articles providers firstPublishedDateTime lastPublishedDateTime heat "
    "topics locale revision schemaVersion"
)


def _rows(state: State) -> dict[str, bytes]:
    """All rows except the lane's row, which changes with each input."""
    return {key: encode_row(row) for key, row in state.rows() if key != "lane"}


def _assert_nothing_changed(stand: Newsstand, before: dict[str, bytes], result: Taken) -> None:
    assert not result.curated
    assert not result.stories
    assert result.result.rows.keys() == {"lane"}
    assert _rows(stand.pipeline.state) == before


def test_a_new_article_is_published_with_the_story_that_it_opens() -> None:
    stand = Newsstand()
    result = stand.report("ledger.example/1", FERRY, quality=75, source="spider")
    assert result.outcome is Outcome.CURATED
    assert [dict(record) for record in result.curated] == [
        {
            "category": "news",
            "title": FERRY,
            "publishedDateTime": "2026-03-02T10:00:00Z",
            "webUrl": "https://ledger.example/1",
            "type": "article",
            "quality": 75,
            "heat": 75,
            "published": True,
            "provider": {"name": "ledger.example", "domain": "ledger.example"},
            "id": ident("ledger.example/1"),
            "revision": 1,
            "storyId": ident("ledger.example/1"),
            "locale": "en",
            "curatedDateTime": "2026-03-02T10:00:00Z",
            "source": "spider",
            "schemaVersion": 1,
            "catalogueVersion": "none",
        }
    ]
    assert stand.published_stories(result) == ["ledger.example/1"]


def test_a_weak_article_is_curated_but_not_published() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=69)
    assert stand.article("ledger.example/1")["heat"] == 69
    assert stand.article("ledger.example/1")["published"] is False


def test_an_update_is_a_new_revision_of_the_same_article() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=50)
    first = stand.article("ledger.example/1")
    later = format_time(START_S + HOUR_S)
    result = stand.report(
        "ledger.example/1", FERRY + ", refloated", quality=80, updatedDateTime=later
    )
    assert stand.published_articles(result) == ["ledger.example/1"]
    second = stand.article("ledger.example/1")
    assert (second["id"], second["storyId"]) == (first["id"], first["storyId"])
    assert second["revision"] > first["revision"]
    assert (second["title"], second["heat"]) == (FERRY + ", refloated", 80)
    assert second["updatedDateTime"] == later
    assert stand.story("ledger.example/1")["articleCount"] == 1


def test_of_two_versions_of_the_same_time_the_later_arrival_is_the_newer() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    result = stand.report("ledger.example/1", FERRY + ", refloated")
    assert result.outcome is Outcome.CURATED
    assert stand.article("ledger.example/1")["title"] == FERRY + ", refloated"


def test_after_an_update_no_record_shows_the_old_text() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, topics=["Ferries"], quality=80)
    stand.report("ledger.example/1", COMET, quality=80)
    result = stand.report("post.example/1", FERRY)
    assert stand.story_of("post.example/1") == "post.example/1"
    assert stand.related("post.example/1") == {}
    assert stand.published_articles(result) == ["post.example/1"]
    assert "topics" not in stand.story("ledger.example/1")


def test_an_update_by_a_variant_of_the_url_is_the_same_article() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    result = stand.report("ledger.example/1?utm_source=feed#top", FERRY + ", refloated")
    assert [record["id"] for record in result.curated] == [ident("ledger.example/1")]
    assert stand.article("ledger.example/1")["webUrl"].endswith("?utm_source=feed#top")


UNCHANGED: list[tuple[str, dict[str, Any]]] = [
    ("a repeat", {}),
    ("a repeat by another crawler", {"source": "beetle", "eventId": "b-7"}),
    (
        "an older version",
        {"title": "Ferry in trouble", "updatedDateTime": "2026-03-02T10:59:59Z"},
    ),
    ("the version before the update", {"title": "Ferry in trouble", "updatedDateTime": None}),
]


@pytest.mark.parametrize(("reason", "fields"), UNCHANGED, ids=[row[0] for row in UNCHANGED])
def test_an_unchanged_article_changes_nothing(reason: str, fields: dict[str, Any]) -> None:
    stand = Newsstand()
    given: dict[str, Any] = {
        "title": FERRY,
        "updatedDateTime": "2026-03-02T11:00:00Z",
        "source": "spider",
    }
    stand.report("ledger.example/1", **given)
    stand.report("post.example/1", COMET)
    before = _rows(stand.pipeline.state)
    result = stand.report("ledger.example/1", **(given | fields))
    assert result.outcome is Outcome.UNCHANGED, reason
    _assert_nothing_changed(stand, before, result)


def test_a_version_is_compared_with_the_latest_version() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("ledger.example/1", COMET)
    back = stand.report("ledger.example/1", FERRY)
    assert back.outcome is Outcome.CURATED, "the first text is a change of the second"


def test_a_dead_letter_is_counted_and_changes_nothing_else() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    before, clock = _rows(stand.pipeline.state), stand.pipeline.state.lane.clock
    bad = {"webUrl": "https://ledger.example/1", "title": FERRY, "publishedDateTime": "today"}
    result = stand.take(bad)
    assert result.outcome is Outcome.DEAD_LETTERED
    assert result.fault is not None
    assert (result.fault.reason, result.fault.field) == ("bad-time", "publishedDateTime")
    _assert_nothing_changed(stand, before, result)
    assert stand.pipeline.state.lane.clock == clock


def test_every_input_is_counted_once_by_its_outcome() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("ledger.example/1", FERRY)
    stand.report("ledger.example/1", COMET)
    stand.take({"webUrl": "https://ledger.example/1"})
    stand.withdraw("ledger.example/1")
    stand.withdraw("ledger.example/1")
    assert stand.pipeline.state.lane.outcomes == {
        "curated": 2,
        "unchanged": 2,
        "dead-lettered": 1,
        "withdrawn": 1,
    }


def test_withdrawing_the_only_article_publishes_tombstones_of_it_and_its_story() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    published = stand.article("ledger.example/1")["revision"]
    result = stand.withdraw("ledger.example/1")
    assert result.outcome is Outcome.WITHDRAWN
    for records in (result.curated, result.stories):
        (tombstone,) = [dict(record) for record in records]
        revision = tombstone.pop("revision")
        assert tombstone == {"id": ident("ledger.example/1"), "withdrawn": True}
        assert isinstance(revision, int)
        assert revision > published
    rows = _rows(stand.pipeline.state)
    assert list(rows) == ["departed/0"], "only the withdrawal is remembered"


def test_withdrawing_an_unknown_article_publishes_its_tombstone_and_changes_nothing_else() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    before = _rows(stand.pipeline.state)
    result = stand.withdraw("post.example/1")
    assert result.outcome is Outcome.UNCHANGED
    (tombstone,) = result.curated
    assert tombstone == {"id": ident("post.example/1"), "revision": 3, "withdrawn": True}
    assert result.stories == ()
    assert _rows(stand.pipeline.state) == before


def test_each_lane_publishes_the_tombstone_of_an_article_that_it_has_forgotten() -> None:
    """A subscriber holds records by lane, so the tombstone of another lane changes nothing."""
    article_id = ident("post.example/1")
    for is_counted in (True, False):
        curator = Curator(State())
        steps = curator.curate(Enriched(WithdrawalArrival((article_id,), is_counted=is_counted)))
        taken = Taken.of(steps)
        assert [record["id"] for record in taken.curated] == [article_id]
        assert curator.state.lane.outcomes.get("unchanged", 0) == is_counted


def test_a_withdrawn_article_stays_away_until_a_newer_version_comes() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.withdraw("ledger.example/1")
    withdrawn_at = stand.article("ledger.example/1")["revision"]
    before = _rows(stand.pipeline.state)
    result = stand.report("ledger.example/1", f"{FERRY} again")
    assert result.outcome is Outcome.UNCHANGED
    _assert_nothing_changed(stand, before, result)
    result = stand.withdraw("ledger.example/1")
    assert result.outcome is Outcome.UNCHANGED
    _assert_nothing_changed(stand, before, result)
    result = stand.report("ledger.example/1", FERRY, 1)
    assert result.outcome is Outcome.CURATED
    assert stand.article("ledger.example/1")["revision"] > withdrawn_at
    assert stand.story("ledger.example/1")["articleCount"] == 1


def test_the_fields_of_a_record_are_in_the_documented_order() -> None:
    full: dict[str, Any] = {
        "excerpt": FERRY_TEXT,
        "ampWebUrl": "https://amp.ledger.example/1",
        "originalUrl": "https://ledger.example/1",
        "topics": ["Ferries"],
        "images": [{"url": "https://img.ledger.example/1.jpg"}],
        "secured": "AAAA;BBBB",
        "source": "spider",
        "updatedDateTime": format_time(START_S),
    }
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, **full)
    stand.report("post.example/1", FERRY, **full | {"originalUrl": "https://post.example/1"})
    root, copy = stand.article("ledger.example/1"), stand.article("post.example/1")
    assert " ".join(root) == CURATED_FIELDS.replace("duplicateOf ", "")
    assert " ".join(copy) == CURATED_FIELDS.replace("duplicates ", "")
    assert " ".join(copy["related"][0]) == RELATED_FIELDS
    assert " ".join(stand.story("ledger.example/1")) == STORY_FIELDS
