"""The window and the lane clock: who leaves and when, what comes late, and dates from nowhere."""

import pytest

from newsloom.records.faults import Outcome
from tests.support.lanes import DAY_S, HOUR_S
from tests.support.newsstand import Newsstand, ident

FERRY = "Selkie ferry runs aground off Northfield pier"
FERRY_TEXT = (
    "The car ferry struck the disused coal pier on Monday evening with 312 passengers aboard, "
    "and divers found a gash of nine metres below the vehicle deck, the harbour master said."
)
DIVERS = "Divers inspect Selkie ferry aground at Northfield"
STRANDED = "Selkie ferry passengers stranded at Northfield pier"
OTHERS = (
    "Comet Wrenfield brightens as it nears Saturn",
    "Skarra council approves tramway budget",
    "Heather ale from tiny brewery wins medal",
)
FAR_S = 27_000 * DAY_S
"""Some seventy years."""


def _pass(stand: Newsstand, at_s: int) -> None:
    """Three articles on other matters, by which the lane clock comes to be `at_s`."""
    for number, title in enumerate(OTHERS):
        stand.report(f"clock.example/{at_s}-{number}", title, at_s)


def _is_held(stand: Newsstand, name: str) -> bool:
    return ident(name) in stand.pipeline.state.articles


def test_an_article_leaves_after_ten_days_by_the_lane_clock_and_silently() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    _pass(stand, 10 * DAY_S - 1)
    assert _is_held(stand, "ledger.example/1")
    stand.report("clock.example/a", "Cup final drawn", 10 * DAY_S)
    stand.report("clock.example/b", "Choir tours villages", 10 * DAY_S)
    assert _is_held(stand, "ledger.example/1")
    result = stand.report("clock.example/c", "Orchard sold to beekeepers", 10 * DAY_S)
    assert stand.told(result) == stand.published_stories(result) == ["clock.example/c"]
    assert not _is_held(stand, "ledger.example/1")
    assert result.result.rows[f"article/{ident('ledger.example/1')}"] is None
    assert result.result.rows[f"story/{ident('ledger.example/1')}"] is None
    assert ident("ledger.example/1") not in stand.pipeline.state.stories
    assert "withdrawn" not in stand.article("ledger.example/1")


def test_no_two_articles_alone_make_anything_leave() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", OTHERS[0], 0)
    for number in range(5):
        stand.report("clock.example/1", f"{OTHERS[1]} {number}", 300 * DAY_S + number)
        stand.report("clock.example/2", f"{OTHERS[2]} {number}", 300 * DAY_S + number)
    assert _is_held(stand, "ledger.example/1")


def test_an_update_keeps_an_article_longer() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    _pass(stand, 6 * DAY_S)
    stand.report("ledger.example/1", FERRY, quality=80)
    _pass(stand, 15 * DAY_S)
    assert _is_held(stand, "ledger.example/1")
    assert not _is_held(stand, "post.example/1")
    _pass(stand, 16 * DAY_S)
    assert not _is_held(stand, "ledger.example/1")


def test_an_update_that_moves_the_clock_past_its_own_article_comes_anew() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    stand.report("clock.example/a", OTHERS[0], 10 * DAY_S)
    stand.report("clock.example/b", OTHERS[1], 10 * DAY_S)
    assert _is_held(stand, "ledger.example/1")
    result = stand.report("ledger.example/1", FERRY, 10 * DAY_S)
    assert result.outcome is Outcome.CURATED
    assert not _is_held(stand, "post.example/1")
    assert _is_held(stand, "ledger.example/1")
    assert stand.article("ledger.example/1")["storyId"] == ident("ledger.example/1")
    assert stand.published_stories(result) == ["ledger.example/1"]


def test_a_repeat_does_not_keep_an_article_longer() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    _pass(stand, 6 * DAY_S)
    stand.report("ledger.example/1", FERRY)
    _pass(stand, 10 * DAY_S)
    assert not _is_held(stand, "ledger.example/1")


def test_a_story_outlives_its_first_articles_and_counts_them_still() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, quality=60)
    stand.report("post.example/1", DIVERS, 3 * DAY_S, quality=50)
    stand.report("echo.example/1", STRANDED, 6 * DAY_S, quality=40)
    _pass(stand, 12 * DAY_S)
    stand.report("post.example/2", f"{FERRY}, Lind says", 9 * DAY_S, quality=30)
    assert stand.story_of("post.example/2") == "ledger.example/1"
    record = stand.story("ledger.example/1")
    assert record["articleCount"] == 4
    assert record["lead"] == ident("post.example/1"), "the best of those that are left"
    assert record["firstPublishedDateTime"] == "2026-03-02T10:00:00Z"
    shown = [stand.names[article["id"]] for article in record["articles"]]
    assert shown == ["post.example/1", "echo.example/1", "post.example/2"]
    assert stand.article("post.example/1")["heat"] == 70, "three providers have covered it"


def test_what_has_left_is_related_to_nothing_and_cannot_be_withdrawn() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    _pass(stand, 10 * DAY_S)
    result = stand.report("echo.example/1", FERRY, 4 * DAY_S)
    assert stand.told(result) == ["echo.example/1"]
    assert "related" not in stand.article("echo.example/1")
    assert stand.withdraw("ledger.example/1").outcome is Outcome.UNCHANGED


def test_an_article_that_comes_again_after_it_left_is_a_first_sight() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    first = stand.article("ledger.example/1")
    _pass(stand, 11 * DAY_S)
    result = stand.report("ledger.example/1", FERRY)
    assert result.outcome is Outcome.CURATED
    assert stand.told(result) == stand.published_stories(result) == ["ledger.example/1"]
    again = stand.article("ledger.example/1")
    assert again["revision"] > first["revision"]
    assert again["curatedDateTime"] == "2026-03-13T10:00:00Z"
    assert stand.story("ledger.example/1")["articleCount"] == 1


def test_a_late_back_fill_groups_among_itself() -> None:
    stand = Newsstand()
    stand.report("today.example/1", FERRY, quality=90)
    _pass(stand, 0)
    old_s = -40 * DAY_S
    stand.report("ledger.example/1", FERRY, old_s, quality=60)
    stand.report("post.example/1", DIVERS, old_s + HOUR_S, quality=50)
    stand.report("echo.example/1", STRANDED, old_s + 2 * HOUR_S, quality=40)
    assert stand.story_of("echo.example/1") == "ledger.example/1"
    assert stand.article("ledger.example/1")["heat"] == 80
    assert stand.related("echo.example/1").keys() == {"ledger.example/1", "post.example/1"}


def test_a_late_back_fill_does_not_disturb_the_present() -> None:
    stand = Newsstand()
    stand.report("today.example/1", FERRY, quality=90)
    _pass(stand, 0)
    before = dict(stand.articles), dict(stand.stories)
    for day in range(-60, -20):
        result = stand.report(f"ledger.example/{day}", f"{FERRY} {day}", day * DAY_S, quality=95)
        assert "today.example/1" not in stand.told(result)
        assert stand.article(f"ledger.example/{day}")["curatedDateTime"] == "2026-03-02T10:00:00Z"
    for records, held in zip((stand.articles, stand.stories), before, strict=True):
        assert held.items() <= records.items()


def test_a_late_article_stays_ten_days_from_its_arrival() -> None:
    stand = Newsstand()
    _pass(stand, 0)
    stand.report("ledger.example/1", FERRY, -40 * DAY_S)
    _pass(stand, 10 * DAY_S - 1)
    assert _is_held(stand, "ledger.example/1")
    _pass(stand, 10 * DAY_S)
    assert not _is_held(stand, "ledger.example/1")


@pytest.mark.parametrize("count", [1, 2], ids=["one", "two"])
def test_dates_from_far_ahead_expire_nothing_and_do_not_move_the_clock(count: int) -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    _pass(stand, HOUR_S)
    for number in range(count):
        stand.report(f"wild.example/{number}", OTHERS[0], FAR_S + number)
    stand.report("post.example/1", DIVERS, 2 * HOUR_S)
    assert _is_held(stand, "ledger.example/1")
    assert stand.story_of("post.example/1") == "ledger.example/1"
    assert stand.article("post.example/1")["curatedDateTime"] <= "2026-03-02T12:00:00Z"


def test_any_number_of_dates_from_far_ahead_count_only_up_to_their_arrival() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    for number in range(9):
        wild = {
            "webUrl": f"https://wild.example/{number}",
            "title": OTHERS[number % 3],
            "publishedDateTime": f"209{number}-01-01T00:00:00Z",
        }
        result = stand.take(wild, arrived_s=HOUR_S)
        assert result.outcome is Outcome.CURATED
    last = stand.article("wild.example/8")
    assert last["publishedDateTime"] == "2098-01-01T00:00:00Z", "shown as the crawler gave it"
    assert last["curatedDateTime"] == "2026-03-02T11:10:00Z", "ten minutes past its arrival"
    assert _is_held(stand, "ledger.example/1")


def test_an_article_from_far_ahead_leaves_like_any_other() -> None:
    stand = Newsstand()
    wild = {
        "webUrl": "https://wild.example/1",
        "title": FERRY,
        "publishedDateTime": "2099-01-01T00:00:00Z",
    }
    stand.take(wild, arrived_s=0)
    _pass(stand, 11 * DAY_S)
    assert not _is_held(stand, "wild.example/1")


def test_a_copy_whose_root_has_left_still_says_whose_copy_it_is() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, 3 * DAY_S, excerpt=FERRY_TEXT)
    _pass(stand, 11 * DAY_S)
    assert not _is_held(stand, "ledger.example/1")
    result = stand.report("echo.example/1", FERRY, 6 * DAY_S, excerpt=FERRY_TEXT)
    assert result.outcome is Outcome.CURATED
    assert stand.article("echo.example/1")["duplicateOf"] == ident("ledger.example/1")


def test_a_lane_needs_no_more_room_however_long_it_runs() -> None:
    stand = Newsstand()
    for day in range(0, 200, 5):
        _pass(stand, day * DAY_S)
    state = stand.pipeline.state
    assert len(state.articles) == 6
    assert len(state.stories.size) <= 12, "places are given out anew"
