"""Stories: which articles join, which one leads, and what is published when."""

from tests.support.lanes import DAY_S, HOUR_S
from tests.support.newsstand import Newsstand, ident

FERRY = "Selkie ferry runs aground off Northfield pier"
DIVERS = "Divers inspect Selkie ferry aground at Northfield"
STRANDED = "Selkie ferry passengers stranded at Northfield pier"
COMET = "Comet Wrenfield brightens as it nears Saturn"


def _witness(number: int) -> str:
    """A word that no other article contains."""
    return "witness" + chr(97 + number // 26) + chr(97 + number % 26)


def _grow(stand: Newsstand, first: int, last: int, outlet: str = "ledger.example") -> list[int]:
    """Reports articles `first` to `last` on the ferry.

    Returns the numbers of those for which the lead was published.
    """
    published_at = []
    for number in range(first, last + 1):
        title = f"{FERRY}, {_witness(number)} says"
        result = stand.report(f"{outlet}/{number}", title, number, quality=50)
        if len(result.curated) > 1:
            published_at.append(number)
    return published_at


def test_the_second_article_on_an_occurrence_joins_its_story() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=60)
    result = stand.report("post.example/1", DIVERS, quality=50)
    assert stand.story_of("post.example/1") == "ledger.example/1"
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]
    assert stand.article("post.example/1")["heat"] == -1
    assert stand.article("post.example/1")["published"] is False
    assert stand.article("ledger.example/1")["heat"] == 70
    assert stand.article("ledger.example/1")["published"] is True


def test_an_article_on_another_occurrence_opens_its_own_story() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    result = stand.report("post.example/1", COMET)
    assert stand.published_articles(result) == stand.published_stories(result) == ["post.example/1"]


def test_a_better_article_becomes_lead_and_the_former_lead_is_published_again() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=72)
    result = stand.report("post.example/1", DIVERS, quality=90)
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]
    assert stand.article("post.example/1")["heat"] == 100
    assert stand.article("ledger.example/1")["heat"] == -1
    assert stand.article("ledger.example/1")["published"] is False
    assert stand.story("ledger.example/1")["lead"] == ident("post.example/1")


def test_of_equal_quality_the_earliest_published_article_leads() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, HOUR_S, quality=60)
    stand.report("post.example/1", DIVERS, 0, quality=60)
    assert stand.story("ledger.example/1")["lead"] == ident("post.example/1")
    stand.report("echo.example/1", STRANDED, 2 * HOUR_S, quality=60)
    assert stand.story("ledger.example/1")["lead"] == ident("post.example/1")


def test_of_equal_quality_and_time_the_lowest_id_leads() -> None:
    names = ["ledger.example/1", "post.example/1", "echo.example/1"]
    for order in (names, names[::-1]):
        stand = Newsstand()
        for name, title in zip(order, (FERRY, DIVERS, STRANDED), strict=True):
            stand.report(name, title, quality=60)
        assert stand.story(order[0])["lead"] == min(map(ident, names))


def test_an_update_can_take_the_lead_and_lose_it() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=60)
    stand.report("post.example/1", DIVERS, quality=50)
    result = stand.report("post.example/1", DIVERS, quality=80)
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]
    assert [stand.article(n)["heat"] for n in ("ledger.example/1", "post.example/1")] == [-1, 90]
    result = stand.report("post.example/1", DIVERS, quality=10)
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]
    assert [stand.article(n)["heat"] for n in ("ledger.example/1", "post.example/1")] == [70, -1]


def test_heat_rises_by_ten_for_each_further_provider_not_article() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=60)
    heats = []
    for name, title in [
        ("www.ledger.example/2", DIVERS),
        ("post.example/1", STRANDED),
        ("post.example/2", f"{FERRY}, Lind says"),
        ("echo.example/1", f"{FERRY}, Moen says"),
    ]:
        stand.report(name, title, quality=50)
        heats.append(stand.article("ledger.example/1")["heat"])
    assert heats == [60, 70, 70, 80]


def test_the_bonus_of_heat_is_at_most_a_hundred() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, quality=60)
    for number in range(1, 14):
        stand.report(f"outlet{number}.example/1", f"{FERRY}, {_witness(number)} says", quality=50)
    assert stand.article("ledger.example/0")["heat"] == 160
    assert len(stand.story("ledger.example/0")["providers"]) >= 11


def test_a_lead_is_published_for_each_article_of_a_small_story_then_per_tenth() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, quality=90)
    published_at = _grow(stand, 1, 40)
    # The story has one article more than the number of its last article.
    assert [number + 1 for number in published_at] == [
        *range(2, 12),
        13,
        15,
        17,
        19,
        21,
        24,
        27,
        30,
        33,
        37,
        41,
    ]
    assert stand.story("ledger.example/0")["articleCount"] == 41


def test_a_new_article_of_a_large_story_is_published_without_the_lead() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, quality=90)
    _grow(stand, 1, 29)
    result = stand.report("ledger.example/99", DIVERS, quality=50)
    assert stand.published_articles(result) == ["ledger.example/99"]
    assert stand.published_stories(result) == []
    assert stand.story_of("ledger.example/99") == "ledger.example/0"


def test_a_lead_of_a_large_story_is_published_when_its_heat_crosses_the_threshold() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, quality=65)
    _grow(stand, 1, 29)
    assert stand.article("ledger.example/0")["published"] is False
    result = stand.report("post.example/1", DIVERS, quality=50)
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/0"]
    assert stand.article("ledger.example/0")["heat"] == 75
    assert stand.article("ledger.example/0")["published"] is True


def test_a_lead_is_no_longer_published_when_its_heat_falls_below_the_threshold() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=65)
    stand.report("post.example/1", DIVERS, quality=50)
    assert stand.article("ledger.example/1")["published"] is True
    result = stand.withdraw("post.example/1")
    assert stand.published_articles(result) == ["post.example/1", "ledger.example/1"]
    assert stand.article("ledger.example/1")["heat"] == 65
    assert stand.article("ledger.example/1")["published"] is False


def test_the_record_of_a_story() -> None:
    stand = Newsstand()
    ledger = {"provider": {"name": "Harbour Ledger"}}
    stand.report("ledger.example/1", FERRY, HOUR_S, quality=60, topics=["Sea"], **ledger)
    stand.report(
        "ledger.example/2", DIVERS, 3 * HOUR_S, quality=50, topics=["Sea", "Ferries"], **ledger
    )
    stand.report(
        "post.example/1", STRANDED, 0, quality=70, locale="en-GB", topics=["Ferries", "Sea"]
    )
    record = stand.story("ledger.example/1")
    record.pop("revision")
    names = ["ledger.example/1", "ledger.example/2", "post.example/1"]
    assert [stand.names[article["id"]] for article in record.pop("articles")] == names
    assert record == {
        "id": ident("ledger.example/1"),
        "lead": ident("post.example/1"),
        "articleCount": 3,
        "providers": [
            {"name": "Harbour Ledger", "domain": "ledger.example", "articleCount": 2},
            {"name": "post.example", "domain": "post.example", "articleCount": 1},
        ],
        "firstPublishedDateTime": "2026-03-02T10:00:00Z",
        "lastPublishedDateTime": "2026-03-02T13:00:00Z",
        "heat": 80,
        "topics": ["Sea", "Ferries"],
        "locale": "en-GB",
        "schemaVersion": 1,
    }


def test_providers_of_a_story_are_ordered_by_article_count_then_domain() -> None:
    stand = Newsstand()
    outlets = ["post.example", "echo.example", "tide.example", "tide.example"]
    for number, (outlet, title) in enumerate(
        zip(outlets, (FERRY, DIVERS, STRANDED, f"{FERRY}, Lind says"), strict=True)
    ):
        stand.report(f"{outlet}/{number}", title)
    providers = stand.story("post.example/0")["providers"]
    assert [(provider["domain"], provider["articleCount"]) for provider in providers] == [
        ("tide.example", 2),
        ("echo.example", 1),
        ("post.example", 1),
    ]


def test_a_story_has_the_short_form_of_each_article() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, excerpt="Divers were sent.", quality=60)
    assert stand.story("ledger.example/1")["articles"] == [
        {
            "id": ident("ledger.example/1"),
            "webUrl": "https://ledger.example/1",
            "provider": {"name": "ledger.example", "domain": "ledger.example"},
            "publishedDateTime": "2026-03-02T10:00:00Z",
            "title": FERRY,
        }
    ]


def test_a_large_story_has_its_latest_hundred_articles() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, quality=90)
    _grow(stand, 1, 103)
    stand.report("ledger.example/0", FERRY, quality=91)
    record = stand.story("ledger.example/0")
    assert record["articleCount"] == 104
    shown = [stand.names[article["id"]] for article in record["articles"]]
    assert shown == [f"ledger.example/{number}" for number in range(4, 104)]


def test_a_story_is_published_whenever_its_lead_is() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, quality=90)
    for number in range(1, 40):
        result = stand.report(
            f"outlet{number % 3}.example/{number}", f"{FERRY}, {_witness(number)} says", quality=50
        )
        is_lead_published = "ledger.example/0" in stand.published_articles(result)
        assert stand.published_stories(result) == ["ledger.example/0"] * is_lead_published
        if is_lead_published:
            heat = stand.article("ledger.example/0")["heat"]
            assert stand.story("ledger.example/0")["heat"] == heat


def test_a_story_is_closed_after_four_days_without_an_article() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS, 4 * DAY_S)
    stand.report("echo.example/1", STRANDED, 8 * DAY_S + 1)
    assert stand.story_of("post.example/1") == "ledger.example/1"
    assert stand.story_of("echo.example/1") == "echo.example/1"


def test_an_article_with_the_id_of_a_live_story_joins_that_story() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    stand.withdraw("ledger.example/1")
    stand.report("ledger.example/1", COMET, 1)
    assert stand.story_of("ledger.example/1") == "ledger.example/1"
    assert stand.story("ledger.example/1")["articleCount"] == 2


def test_the_next_best_article_leads_when_the_lead_is_withdrawn() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=90)
    stand.report("post.example/1", DIVERS, quality=60)
    stand.report("echo.example/1", STRANDED, quality=70)
    stand.withdraw("ledger.example/1")
    assert stand.article("echo.example/1")["heat"] == 80
    record = stand.story("ledger.example/1")
    assert (record["lead"], record["articleCount"]) == (ident("echo.example/1"), 2)
    assert ident("ledger.example/1") not in {article["id"] for article in record["articles"]}
    assert {provider["domain"] for provider in record["providers"]} == {
        "post.example",
        "echo.example",
    }


def test_a_story_whose_articles_are_all_withdrawn_is_withdrawn() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", DIVERS)
    stand.withdraw("ledger.example/1")
    assert "withdrawn" not in stand.story("ledger.example/1")
    result = stand.withdraw("post.example/1")
    assert stand.published_articles(result) == ["post.example/1"]
    assert stand.published_stories(result) == ["ledger.example/1"]
    assert stand.story("ledger.example/1")["withdrawn"] is True
