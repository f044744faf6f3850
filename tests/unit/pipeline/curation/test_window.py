"""The window and the lane clock: when articles leave, late articles, and dates far ahead."""

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
"""About 74 years."""


def _advance_clock(stand: Newsstand, at_s: int) -> None:
    """Reports three articles on other subjects, which set the lane clock to `at_s`."""
    for number, title in enumerate(OTHERS):
        stand.report(f"clock.example/{at_s}-{number}", title, at_s)


def _is_live(stand: Newsstand, name: str) -> bool:
    return ident(name) in stand.pipeline.state.articles


def test_an_article_leaves_after_ten_days_of_the_lane_clock_without_a_publication() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    _advance_clock(stand, 10 * DAY_S - 1)
    assert _is_live(stand, "ledger.example/1")
    stand.report("clock.example/a", "Cup final drawn", 10 * DAY_S)
    stand.report("clock.example/b", "Choir tours villages", 10 * DAY_S)
    assert _is_live(stand, "ledger.example/1")
    result = stand.report("clock.example/c", "Orchard sold to beekeepers", 10 * DAY_S)
    assert (
        stand.published_articles(result) == stand.published_stories(result) == ["clock.example/c"]
    )
    assert not _is_live(stand, "ledger.example/1")
    assert result.result.rows[f"article/{ident('ledger.example/1')}"] is None
    assert result.result.rows[f"story/{ident('ledger.example/1')}"] is None
    assert ident("ledger.example/1") not in stand.pipeline.state.stories
    assert "withdrawn" not in stand.article("ledger.example/1")


def test_two_articles_alone_do_not_expire_others() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", OTHERS[0], 0)
    for number in range(5):
        stand.report("clock.example/1", f"{OTHERS[1]} {number}", 300 * DAY_S + number)
        stand.report("clock.example/2", f"{OTHERS[2]} {number}", 300 * DAY_S + number)
    assert _is_live(stand, "ledger.example/1")


def test_an_update_extends_the_time_of_an_article_in_the_window() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    _advance_clock(stand, 6 * DAY_S)
    stand.report("ledger.example/1", FERRY, quality=80)
    _advance_clock(stand, 15 * DAY_S)
    assert _is_live(stand, "ledger.example/1")
    assert not _is_live(stand, "post.example/1")
    _advance_clock(stand, 16 * DAY_S)
    assert not _is_live(stand, "ledger.example/1")


def test_an_update_that_expires_its_own_article_is_a_new_article() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    stand.report("clock.example/a", OTHERS[0], 10 * DAY_S)
    stand.report("clock.example/b", OTHERS[1], 10 * DAY_S)
    assert _is_live(stand, "ledger.example/1")
    result = stand.report("ledger.example/1", FERRY, 10 * DAY_S)
    assert result.outcome is Outcome.CURATED
    assert not _is_live(stand, "post.example/1")
    assert _is_live(stand, "ledger.example/1")
    assert stand.article("ledger.example/1")["storyId"] == ident("ledger.example/1")
    assert stand.published_stories(result) == ["ledger.example/1"]


def test_an_update_that_expires_its_own_article_counts_it_once() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("clock.example/a", OTHERS[0], 10 * DAY_S)
    stand.report("clock.example/b", OTHERS[1], 10 * DAY_S)
    stand.report("ledger.example/1", FERRY, 10 * DAY_S)
    (provider,) = stand.story("ledger.example/1")["providers"]
    assert provider["articleCount"] == stand.story("ledger.example/1")["articleCount"] == 1


def test_a_repeat_does_not_extend_the_time_of_an_article_in_the_window() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    _advance_clock(stand, 6 * DAY_S)
    stand.report("ledger.example/1", FERRY)
    _advance_clock(stand, 10 * DAY_S)
    assert not _is_live(stand, "ledger.example/1")


def test_a_story_still_counts_articles_that_left_the_window() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, quality=60)
    stand.report("post.example/1", DIVERS, 3 * DAY_S, quality=50)
    stand.report("echo.example/1", STRANDED, 6 * DAY_S, quality=40)
    _advance_clock(stand, 12 * DAY_S)
    stand.report("post.example/2", f"{FERRY}, Lind says", 9 * DAY_S, quality=30)
    assert stand.story_of("post.example/2") == "ledger.example/1"
    record = stand.story("ledger.example/1")
    assert record["articleCount"] == 4
    assert record["lead"] == ident("post.example/1"), "the best live article"
    assert record["firstPublishedDateTime"] == "2026-03-02T10:00:00Z"
    listed = [stand.names[article["id"]] for article in record["articles"]]
    assert listed == ["post.example/1", "echo.example/1", "post.example/2"]
    assert stand.article("post.example/1")["heat"] == 70, "three providers published on it"


def test_a_departed_article_is_not_related_but_can_be_withdrawn() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    _advance_clock(stand, 10 * DAY_S)
    result = stand.report("echo.example/1", FERRY, 4 * DAY_S)
    assert stand.published_articles(result) == ["echo.example/1"]
    assert "related" not in stand.article("echo.example/1")
    assert stand.withdraw("ledger.example/1").outcome is Outcome.WITHDRAWN
    assert stand.article("ledger.example/1")["withdrawn"]
    assert stand.story("ledger.example/1")["articleCount"] == 1


def test_a_newer_version_of_an_article_that_left_brings_it_back() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    first = stand.article("ledger.example/1")
    _advance_clock(stand, 11 * DAY_S)
    assert stand.report("ledger.example/1", DIVERS).outcome is Outcome.UNCHANGED, "not newer"
    result = stand.report("ledger.example/1", FERRY, 1)
    assert result.outcome is Outcome.CURATED
    assert (
        stand.published_articles(result) == stand.published_stories(result) == ["ledger.example/1"]
    )
    again = stand.article("ledger.example/1")
    assert again["revision"] > first["revision"]
    assert again["curatedDateTime"] == "2026-03-13T10:00:00Z"
    assert stand.story("ledger.example/1")["articleCount"] == 1


def test_articles_of_a_back_fill_are_grouped_with_each_other() -> None:
    stand = Newsstand()
    stand.report("today.example/1", FERRY, quality=90)
    _advance_clock(stand, 0)
    old_s = -40 * DAY_S
    stand.report("ledger.example/1", FERRY, old_s, quality=60)
    stand.report("post.example/1", DIVERS, old_s + HOUR_S, quality=50)
    stand.report("echo.example/1", STRANDED, old_s + 2 * HOUR_S, quality=40)
    assert stand.story_of("echo.example/1") == "ledger.example/1"
    assert stand.article("ledger.example/1")["heat"] == 80
    assert stand.related("echo.example/1").keys() == {"ledger.example/1", "post.example/1"}


def test_a_back_fill_does_not_change_newer_articles() -> None:
    stand = Newsstand()
    stand.report("today.example/1", FERRY, quality=90)
    _advance_clock(stand, 0)
    before = dict(stand.articles), dict(stand.stories)
    for day in range(-60, -20):
        result = stand.report(f"ledger.example/{day}", f"{FERRY} {day}", day * DAY_S, quality=95)
        assert "today.example/1" not in stand.published_articles(result)
        assert stand.article(f"ledger.example/{day}")["curatedDateTime"] == "2026-03-02T10:00:00Z"
    for records, former in zip((stand.articles, stand.stories), before, strict=True):
        assert former.items() <= records.items()


def test_a_late_article_stays_ten_days_after_the_clock_at_its_arrival() -> None:
    stand = Newsstand()
    _advance_clock(stand, 0)
    stand.report("ledger.example/1", FERRY, -40 * DAY_S)
    _advance_clock(stand, 10 * DAY_S - 1)
    assert _is_live(stand, "ledger.example/1")
    _advance_clock(stand, 10 * DAY_S)
    assert not _is_live(stand, "ledger.example/1")


@pytest.mark.parametrize("count", [1, 2], ids=["one", "two"])
def test_one_or_two_dates_far_ahead_do_not_move_the_clock(count: int) -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    _advance_clock(stand, HOUR_S)
    for number in range(count):
        stand.report(f"wild.example/{number}", OTHERS[0], FAR_S + number)
    stand.report("post.example/1", DIVERS, 2 * HOUR_S)
    assert _is_live(stand, "ledger.example/1")
    assert stand.story_of("post.example/1") == "ledger.example/1"
    assert stand.article("post.example/1")["curatedDateTime"] <= "2026-03-02T12:00:00Z"


def test_a_date_far_ahead_counts_as_at_most_ten_minutes_after_its_arrival() -> None:
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
    assert last["publishedDateTime"] == "2098-01-01T00:00:00Z", "published as the crawler gave it"
    assert last["curatedDateTime"] == "2026-03-02T11:10:00Z", "ten minutes after its arrival"
    assert _is_live(stand, "ledger.example/1")


def test_an_article_dated_far_ahead_leaves_the_window_after_ten_days() -> None:
    stand = Newsstand()
    wild = {
        "webUrl": "https://wild.example/1",
        "title": FERRY,
        "publishedDateTime": "2099-01-01T00:00:00Z",
    }
    stand.take(wild, arrived_s=0)
    _advance_clock(stand, 11 * DAY_S)
    assert not _is_live(stand, "wild.example/1")


def test_a_copy_still_names_its_root_after_the_root_left_the_window() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, 3 * DAY_S, excerpt=FERRY_TEXT)
    _advance_clock(stand, 11 * DAY_S)
    assert not _is_live(stand, "ledger.example/1")
    result = stand.report("echo.example/1", FERRY, 6 * DAY_S, excerpt=FERRY_TEXT)
    assert result.outcome is Outcome.CURATED
    assert stand.article("echo.example/1")["duplicateOf"] == ident("ledger.example/1")


def test_memory_of_a_lane_does_not_grow_over_a_long_run() -> None:
    stand = Newsstand()
    for day in range(0, 200, 5):
        _advance_clock(stand, day * DAY_S)
    state = stand.pipeline.state
    assert len(state.articles) == 6
    assert len(state.stories.size) <= 12, "slots are used again"


def test_an_article_can_open_its_story_again_when_the_last_other_one_leaves_with_it() -> None:
    stand = Newsstand()
    stand.report("s.example/1", "Ferry Selkie aground off Northfield pier")
    stand.report("m.example/1", "Ferry Selkie aground at Northfield, passengers wait", DAY_S)
    for number, title in enumerate(("Skarra council votes", "Heather ale wins", "Lamp goes out")):
        stand.report(f"f.example/{number}", title, 10 * DAY_S + 12 * HOUR_S)
    stand.report("c.example/1", "Comet Wrenfield near Saturn", 12 * DAY_S)
    stand.report("c.example/2", "Comet Wrenfield nears Saturn, seen", 12 * DAY_S)
    assert ident("s.example/1") in stand.pipeline.state.stories
    # It is nearly similar enough to join the other story, so the two stories are weighed.
    stand.report("s.example/1", "near astronomers", 12 * DAY_S + 172)
    assert stand.story_of("s.example/1") == "s.example/1"
