"""Duplicates in a lane: which article is the root, what the records contain, withdrawals."""

from hashlib import sha256

from newsloom.rules.clock import format_time
from tests.support.lanes import DAY_S, HOUR_S, START_S
from tests.support.newsstand import Newsstand, ident

FERRY = "Selkie ferry runs aground off Northfield pier"
FERRY_TEXT = (
    "The car ferry struck the disused coal pier on Monday evening with 312 passengers aboard, "
    "and divers found a gash of nine metres below the vehicle deck, the harbour master said."
)
EDITED_TEXT = FERRY_TEXT.replace("disused coal pier", "old coal pier")
DIVERS = "Divers inspect Selkie ferry aground at Northfield"
COMET = "Comet Wrenfield brightens as it nears Saturn"
COMET_TEXT = "Astronomers at the mountain observatory photographed it through a gap in the clouds."


def _copied(count: int = 3, quality: int = 60) -> Newsstand:
    """The same text at `count` outlets, the ledger first."""
    stand = Newsstand()
    for number in range(1, count + 1):
        stand.report(_outlet(number), FERRY, number, excerpt=FERRY_TEXT, quality=quality - number)
    return stand


def _outlet(number: int) -> str:
    return "ledger.example/1" if number == 1 else f"outlet{number}.example/1"


def _digest(withdrawn: str, copy: str) -> bytes:
    """What orders the copies of a withdrawn root."""
    return sha256(f"{ident(withdrawn)}{ident(copy)}".encode()).digest()


def test_a_copy_names_its_root_and_the_root_names_the_copy() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT)
    result = stand.report("post.example/1", FERRY, HOUR_S, excerpt=EDITED_TEXT)
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]
    assert stand.article("post.example/1")["duplicateOf"] == ident("ledger.example/1")
    assert stand.article("ledger.example/1")["duplicates"] == [
        {
            "id": ident("post.example/1"),
            "webUrl": "https://post.example/1",
            "provider": {"name": "post.example", "domain": "post.example"},
            "publishedDateTime": "2026-03-02T11:00:00Z",
        }
    ]
    assert "duplicateOf" not in stand.article("ledger.example/1")
    assert "duplicates" not in stand.article("post.example/1")


def test_a_copy_is_in_the_story_of_its_root_and_related_as_a_duplicate() -> None:
    stand = _copied(2)
    assert stand.story_of("outlet2.example/1") == "ledger.example/1"
    assert stand.related("outlet2.example/1") == {"ledger.example/1": "duplicate"}
    assert stand.related("ledger.example/1") == {"outlet2.example/1": "duplicate"}


def test_copies_of_one_root_are_duplicates_of_each_other() -> None:
    stand = _copied(3)
    assert set(stand.related("outlet3.example/1").values()) == {"duplicate"}
    assert len(stand.related("outlet3.example/1")) == 2


def test_the_root_is_the_first_article_seen_not_the_first_published() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, HOUR_S, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    assert stand.article("post.example/1")["duplicateOf"] == ident("ledger.example/1")


def test_a_copy_of_a_copy_names_the_root() -> None:
    """The third is too far in time from the first, but near enough to the second."""
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, 3 * DAY_S, excerpt=FERRY_TEXT)
    stand.report("echo.example/1", FERRY, 6 * DAY_S, excerpt=FERRY_TEXT)
    assert stand.article("echo.example/1")["duplicateOf"] == ident("ledger.example/1")
    assert stand.duplicates("ledger.example/1") == ["post.example/1", "echo.example/1"]


def test_a_copy_of_two_roots_names_the_root_that_was_seen_first() -> None:
    """The roots are too far apart in time to be copies, but each is near enough to the third."""
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, 6 * DAY_S, excerpt=FERRY_TEXT)
    stand.report("echo.example/1", FERRY, 3 * DAY_S, excerpt=FERRY_TEXT)
    assert "duplicateOf" not in stand.article("post.example/1")
    assert stand.article("echo.example/1")["duplicateOf"] == ident("ledger.example/1")


def test_a_copy_can_lead_its_story() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT, quality=40)
    stand.report("post.example/1", FERRY, excerpt=FERRY_TEXT, quality=90)
    assert stand.article("post.example/1")["heat"] == 100
    assert stand.article("ledger.example/1")["heat"] == -1
    assert stand.duplicates("ledger.example/1") == ["post.example/1"]


def test_a_root_names_its_latest_fifty_copies_in_the_order_seen() -> None:
    stand = _copied(56)
    stand.report("ledger.example/1", FERRY, 1, excerpt=FERRY_TEXT, quality=61)
    assert stand.duplicates("ledger.example/1") == [_outlet(number) for number in range(7, 57)]


def test_a_root_that_does_not_lead_is_published_less_often_as_its_copies_grow() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT, quality=10)
    stand.report("post.example/1", DIVERS, quality=90)
    published_at = []
    for number in range(1, 31):
        name = f"outlet{number}.example/1"
        if "ledger.example/1" in stand.published_articles(
            stand.report(name, FERRY, excerpt=FERRY_TEXT, quality=5)
        ):
            published_at.append(number)
    assert published_at == [*range(1, 12), 13, 15, 17, 19, 21, 24, 27, 30]


def test_an_update_can_make_an_article_a_copy_and_undo_it() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT)
    stand.report("post.example/1", COMET, excerpt=COMET_TEXT)
    result = stand.report("post.example/1", FERRY, excerpt=FERRY_TEXT)
    assert set(stand.published_articles(result)) == {"post.example/1", "ledger.example/1"}
    assert stand.article("post.example/1")["duplicateOf"] == ident("ledger.example/1")
    assert stand.duplicates("ledger.example/1") == ["post.example/1"]
    result = stand.report("post.example/1", COMET, excerpt=COMET_TEXT)
    assert set(stand.published_articles(result)) == {"post.example/1", "ledger.example/1"}
    assert "duplicateOf" not in stand.article("post.example/1")
    assert "duplicates" not in stand.article("ledger.example/1")


def test_an_update_of_the_first_article_does_not_make_it_a_copy_of_the_second() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", COMET, excerpt=COMET_TEXT)
    stand.report("post.example/1", FERRY, excerpt=FERRY_TEXT)
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT)
    assert "duplicateOf" not in stand.article("ledger.example/1")


def test_when_the_root_is_withdrawn_the_next_becomes_root() -> None:
    stand = _copied(4)
    result = stand.withdraw("ledger.example/1")
    assert sorted(stand.published_articles(result)) == sorted(
        _outlet(number) for number in (1, 2, 3, 4)
    )
    copies = [_outlet(number) for number in (2, 3, 4)]
    root = min(copies, key=lambda name: _digest("ledger.example/1", name))
    copies.remove(root)
    assert "duplicateOf" not in stand.article(root)
    assert stand.duplicates(root) == copies
    for name in copies:
        assert stand.article(name)["duplicateOf"] == ident(root)
        assert "duplicates" not in stand.article(name)
        assert set(stand.related(name).values()) == {"duplicate"}
    assert stand.related(copies[0]).keys() == {root, copies[1]}


def test_the_next_root_is_the_root_of_later_copies() -> None:
    stand = _copied(2)
    stand.withdraw("ledger.example/1")
    stand.report("echo.example/1", FERRY, 9, excerpt=FERRY_TEXT)
    assert stand.article("echo.example/1")["duplicateOf"] == ident("outlet2.example/1")
    stand.withdraw("outlet2.example/1")
    assert "duplicateOf" not in stand.article("echo.example/1")
    assert "duplicates" not in stand.article("echo.example/1")


def test_a_withdrawn_root_that_is_reported_again_is_the_newest_copy() -> None:
    stand = _copied(2)
    stand.withdraw("ledger.example/1")
    stand.report("ledger.example/1", FERRY, 9, excerpt=FERRY_TEXT)
    assert stand.article("ledger.example/1")["duplicateOf"] == ident("outlet2.example/1")


def test_when_a_copy_is_withdrawn_the_root_is_published_without_it() -> None:
    stand = _copied(3)
    result = stand.withdraw("outlet2.example/1")
    assert sorted(stand.published_articles(result)) == sorted(
        _outlet(number) for number in (1, 2, 3)
    )
    assert stand.duplicates("ledger.example/1") == ["outlet3.example/1"]
    assert ident("outlet2.example/1") not in str(stand.article("ledger.example/1"))


def test_a_root_is_published_again_when_a_copy_named_only_in_duplicates_is_withdrawn() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT, quality=10)
    stand.report("post.example/1", DIVERS, quality=90)
    names = [f"outlet{number}.example/1" for number in range(15)]
    for name in names:
        stand.report(name, FERRY, excerpt=FERRY_TEXT, quality=5)
    (withdrawn, *_) = set(stand.duplicates("ledger.example/1")) - set(
        stand.related("ledger.example/1")
    )
    result = stand.withdraw(withdrawn)
    assert "ledger.example/1" in stand.published_articles(result)
    assert withdrawn not in stand.duplicates("ledger.example/1")


def test_no_record_names_a_withdrawn_article() -> None:
    stand = _copied(5)
    stand.report("post.example/1", DIVERS)
    stand.report("comet.example/1", COMET)
    stand.withdraw("outlet3.example/1")
    withdrawn = ident("outlet3.example/1")
    for record in (*stand.articles.values(), *stand.stories.values()):
        assert record["id"] == withdrawn or withdrawn not in str(record)


def test_a_withdrawal_publishes_only_articles_that_named_the_withdrawn_one() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    stand.report("comet.example/1", COMET)
    result = stand.withdraw("post.example/1")
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]


def test_a_recurring_headline_of_one_outlet_is_not_a_copy() -> None:
    stand = Newsstand()
    title = "Stocks close higher as traders weigh interest rates"
    for day in range(3):
        stand.report(f"ledger.example/{day}", title, day * DAY_S)
        assert "duplicateOf" not in stand.article(f"ledger.example/{day}")


def test_a_new_version_of_a_copy_stays_a_copy_and_is_counted_once() -> None:
    stand = _copied(2)
    later = format_time(START_S + HOUR_S)
    stand.report("outlet2.example/1", FERRY, excerpt=EDITED_TEXT, updatedDateTime=later)
    assert stand.article("outlet2.example/1")["duplicateOf"] == ident("ledger.example/1")
    stand.report("ledger.example/1", FERRY, excerpt=FERRY_TEXT, updatedDateTime=later, quality=95)
    assert stand.duplicates("ledger.example/1") == ["outlet2.example/1"]
