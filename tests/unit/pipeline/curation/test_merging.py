"""Merging: when an article merges two stories, and the alias of the merged story."""

import pytest

from newsloom.records.faults import Outcome
from tests.support.newsstand import Newsstand, ident

FERRY = "Selkie ferry runs aground off Northfield pier"
DIVERS = "Divers inspect Selkie ferry aground at Northfield"
COMET = "Comet Wrenfield brightens as it nears Saturn"
INQUIRY = "Coastguard inquiry blames Selkie pilot, rotten chart"
INQUIRY_AGAIN = "Coastguard inquiry blames Selkie pilot, rotten chart: minister"
BRIDGE = f"{INQUIRY}: {FERRY}"


def _two_stories() -> Newsstand:
    """A story on a ferry, opened first and of higher quality, and a separate one on an inquiry."""
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=80)
    stand.report("post.example/1", INQUIRY, 60, quality=50)
    stand.report("post.example/2", INQUIRY_AGAIN, 120, quality=60)
    assert stand.story_of("post.example/2") == "post.example/1"
    return stand


@pytest.mark.parametrize(
    "nearer",
    ["Ferry aground", "Coastguard inquiry"],
    ids=["nearer to the first", "nearer to the second"],
)
def test_two_stories_merge_when_an_article_bridges_them(nearer: str) -> None:
    stand = _two_stories()
    result = stand.report("echo.example/1", BRIDGE, 180, quality=40, excerpt=nearer)
    names = ["echo.example/1", "post.example/1", "post.example/2", "ledger.example/1"]
    assert sorted(stand.published_articles(result)) == sorted(names)
    assert {stand.story_of(name) for name in names} == {"ledger.example/1"}
    assert [stand.article(name)["heat"] for name in names] == [-1, -1, -1, 100]
    record = stand.story("ledger.example/1")
    assert (record["articleCount"], len(record["providers"])) == (4, 3)
    assert record["lastPublishedDateTime"] == "2026-03-02T10:03:00Z"


def test_a_merged_story_is_published_with_the_story_that_it_was_merged_into() -> None:
    stand = _two_stories()
    result = stand.report("echo.example/1", BRIDGE, 180)
    assert sorted(stand.published_stories(result)) == ["ledger.example/1", "post.example/1"]
    record = stand.story("post.example/1")
    assert record.pop("revision") > 0
    assert record == {
        "id": ident("post.example/1"),
        "mergedInto": ident("ledger.example/1"),
        "schemaVersion": 1,
    }


def test_the_story_opened_earlier_survives_even_if_the_other_is_nearer_or_larger() -> None:
    stand = Newsstand()
    stand.report("post.example/1", INQUIRY, 60, quality=50)
    stand.report("ledger.example/1", FERRY, 0, quality=80)
    stand.report("ledger.example/2", DIVERS, 0, quality=80)
    stand.report("echo.example/1", BRIDGE, 180)
    assert stand.story_of("ledger.example/1") == "post.example/1", (
        "the story reported first was opened first"
    )
    assert stand.story("ledger.example/1")["mergedInto"] == ident("post.example/1")


def test_an_article_that_only_touches_two_stories_does_not_merge_them() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", INQUIRY)
    result = stand.report("echo.example/1", f"{FERRY}: inquiry")
    assert stand.story_of("echo.example/1") == "ledger.example/1"
    assert stand.published_stories(result) == ["ledger.example/1"]
    assert stand.story_of("post.example/1") == "post.example/1"


def test_an_article_with_the_id_of_a_merged_story_joins_the_surviving_story() -> None:
    stand = _two_stories()
    stand.report("echo.example/1", BRIDGE, 180)
    stand.withdraw("post.example/1")
    result = stand.report("post.example/1", COMET, 240)
    assert result.outcome is Outcome.CURATED
    assert stand.story_of("post.example/1") == "ledger.example/1"


def test_a_withdrawn_story_can_be_opened_again_by_its_article() -> None:
    stand = _two_stories()
    stand.report("echo.example/1", BRIDGE, 180)
    for name in ("ledger.example/1", "post.example/1", "post.example/2", "echo.example/1"):
        stand.withdraw(name)
    assert stand.story("ledger.example/1")["withdrawn"] is True
    stand.report("post.example/1", INQUIRY, 240)
    assert stand.story_of("post.example/1") == "post.example/1"
    assert "mergedInto" not in stand.story("post.example/1")
