"""Related articles: which are chosen, their order, and their fields."""

from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import LiveArticle
from tests.support.lanes import DAY_S, HOUR_S, new_pipeline
from tests.support.newsstand import Newsstand, ident

FERRY = "Selkie ferry runs aground off Northfield pier"
FERRY_TEXT = (
    "The car ferry struck the disused coal pier on Monday evening with 312 passengers aboard, "
    "and divers found a gash of nine metres below the vehicle deck, the harbour master said."
)
DIVERS = "Divers inspect Selkie ferry aground at Northfield"
TIMETABLE = "Skarra ferry timetable changes"
COMET = "Comet Wrenfield brightens as it nears Saturn"


def _title(number: int) -> str:
    return f"{FERRY}, vexil{chr(97 + number)}k says"


def _weigh_all_words_alike(stand: Newsstand) -> None:
    rows = []
    for _, row in stand.pipeline.state.rows():
        if isinstance(row, LiveArticle):
            row = row.copy()
            row._terms = None
            row.vector = dict(zip(row.vector, [300] * len(row.vector), strict=True))
        rows.append(row)
    stand.pipeline = new_pipeline(restore(rows))


def test_an_article_without_neighbours_has_no_related_articles() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", COMET)
    assert "related" not in stand.article("post.example/1")


def test_one_common_word_does_not_make_articles_related() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", "Selkie ferry runs aground off Northfield pier in thick fog")
    stand.report("post.example/1", "Skarra bakery wins gold medal for cardamom pier bun recipe")
    assert "related" not in stand.article("post.example/1")


def test_a_near_article_of_another_story_is_related() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", TIMETABLE)
    assert stand.story_of("post.example/1") == "post.example/1"
    assert stand.related("post.example/1") == {"ledger.example/1": "related"}
    assert "related" not in stand.article("ledger.example/1"), "chosen at the next publication"
    stand.report("ledger.example/1", FERRY, quality=80)
    assert stand.related("ledger.example/1") == {"post.example/1": "related"}


def test_each_relation_is_named() -> None:
    stand = Newsstand()
    stand.report("post.example/1", DIVERS, quality=50)
    stand.report("echo.example/1", TIMETABLE, quality=40)
    stand.report("ledger.example/1", FERRY, quality=60)
    stand.report("tide.example/1", FERRY, quality=30)
    assert stand.related("tide.example/1") == {
        "ledger.example/1": "duplicate",
        "post.example/1": "same-story",
        "echo.example/1": "related",
    }


def test_a_related_article_has_all_its_fields() -> None:
    stand = Newsstand()
    image = {"url": "https://img.ledger.example/1.jpg", "width": 900, "height": 600}
    stand.report(
        "ledger.example/1",
        FERRY,
        excerpt=FERRY_TEXT,
        ampWebUrl="https://amp.ledger.example/1",
        images=[image],
        topics=["Ferries"],
        quality=61,
        type="video",
    )
    stand.report("post.example/1", FERRY, excerpt=FERRY_TEXT)
    assert stand.article("post.example/1")["related"] == [
        {
            "title": FERRY,
            "excerpt": FERRY_TEXT,
            "publishedDateTime": "2026-03-02T10:00:00Z",
            "webUrl": "https://ledger.example/1",
            "ampWebUrl": "https://amp.ledger.example/1",
            "cdnAmpWebUrl": "https://amp-ledger-example.cdn.ampproject.org/c/s/amp.ledger.example/1",
            "type": "video",
            "provider": {"name": "ledger.example", "domain": "ledger.example"},
            "quality": 61,
            "images": [image],
            "id": ident("ledger.example/1"),
            "relation": "duplicate",
            "similarity": 1.0,
        }
    ]


def test_related_articles_are_ordered_by_quality_then_time_then_id() -> None:
    stand = Newsstand()
    stand.report("a.example/1", _title(1), 0, quality=50)
    stand.report("b.example/1", _title(2), 0, quality=90)
    stand.report("c.example/1", _title(3), HOUR_S, quality=70)
    stand.report("d.example/1", _title(4), 0, quality=70)
    stand.report("e.example/1", _title(5), HOUR_S, quality=70)
    stand.report("f.example/1", FERRY, 2 * HOUR_S)
    last_two = sorted(["c.example/1", "e.example/1"], key=ident)
    shown = list(stand.related("f.example/1"))
    assert shown == ["b.example/1", "d.example/1", *last_two, "a.example/1"]


def test_the_twelve_most_similar_are_chosen_regardless_of_quality() -> None:
    stand = Newsstand()
    # An article with more words of its own is less similar and has a higher quality.
    names = [f"outlet{number}.example/1" for number in range(1, 15)]
    for number, name in enumerate(names, start=1):
        own = " ".join(f"vexil{chr(97 + n)}k" for n in range(number))
        stand.report(name, f"{FERRY}, {own} say", quality=50 + number)
    stand.report("near.example/1", FERRY, quality=10)
    assert list(stand.related("near.example/1")) == names[11::-1]


def test_of_equally_similar_articles_each_names_those_whose_ids_are_nearest() -> None:
    stand = Newsstand()
    names = [f"outlet{number}.example/1" for number in range(20)]
    for number, name in enumerate(names):
        stand.report(name, _title(number), quality=50)
    # The lane weighs the words of each a little differently.
    _weigh_all_words_alike(stand)
    stand.report("near.example/1", FERRY, quality=10)
    own = int(ident("near.example/1"), 16)
    nearest = sorted(names, key=lambda name: int(ident(name), 16) ^ own)[:12]
    assert set(stand.related("near.example/1")) == set(nearest)


def test_similarity_has_two_decimals_and_is_symmetric() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=90)
    for name, title in [("post.example/1", DIVERS), ("echo.example/1", _title(1))]:
        stand.report(name, title)
        item = stand.article(name)["related"][0]
        (back,) = (
            i for i in stand.article("ledger.example/1")["related"] if i["id"] == ident(name)
        )
        assert item["similarity"] == back["similarity"] == round(item["similarity"], 2)
        assert 0.15 <= item["similarity"] < 1


def test_related_articles_are_at_most_ten_days_apart_in_event_time() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", FERRY, -10 * DAY_S)
    stand.report("echo.example/1", FERRY, -10 * DAY_S - 1)
    assert "ledger.example/1" in stand.related("post.example/1")
    assert "ledger.example/1" not in stand.related("echo.example/1")
    assert "post.example/1" in stand.related("echo.example/1")


def test_related_articles_are_chosen_again_at_each_publication() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, quality=90)
    stand.report("post.example/1", DIVERS)
    assert stand.related("ledger.example/1") == {"post.example/1": "same-story"}
    stand.report("post.example/1", COMET)
    stand.report("ledger.example/1", FERRY, quality=91)
    assert "related" not in stand.article("ledger.example/1")


def test_an_updated_article_is_related_by_its_new_text() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY)
    stand.report("post.example/1", COMET)
    stand.report("post.example/1", TIMETABLE)
    assert stand.related("post.example/1") == {"ledger.example/1": "related"}


def test_a_withdrawn_article_is_replaced_by_the_next_most_similar() -> None:
    stand = Newsstand()
    for number in range(13):
        stand.report(f"outlet{number}.example/1", _title(number), quality=50)
    stand.report("near.example/1", FERRY, quality=10)
    before = set(stand.related("near.example/1"))
    withdrawn = min(before)
    result = stand.withdraw(withdrawn)
    assert "near.example/1" in stand.published_articles(result)
    after = set(stand.related("near.example/1"))
    assert len(after) == 12
    assert withdrawn not in after
    assert len(after - before) == 1


def test_a_lead_published_for_a_later_article_is_not_related_to_it_beyond_ten_days() -> None:
    stand = Newsstand()
    stand.report("ledger.example/0", FERRY, 0, quality=90)
    for number, day in enumerate((4, 8, 11), start=1):
        result = stand.report(f"ledger.example/{number}", _title(number), day * DAY_S, quality=50)
        assert "ledger.example/0" in stand.published_articles(result)
    assert stand.story_of("ledger.example/3") == "ledger.example/0"
    assert stand.related("ledger.example/0").keys() == {"ledger.example/1", "ledger.example/2"}


def test_an_article_that_an_update_removes_from_the_twelve_is_replaced() -> None:
    stand = Newsstand()
    stand.report("post.example/1", f"{FERRY} again", quality=95)
    stand.report("ledger.example/1", FERRY, quality=90)
    for number in range(11):
        stand.report(f"outlet{number}.example/1", _title(number), quality=50)
    stand.report("echo.example/1", TIMETABLE, quality=40)
    result = stand.report("post.example/1", COMET, quality=10)
    assert "ledger.example/1" in stand.published_articles(result), "it is the lead now"
    shown = stand.related("ledger.example/1")
    assert len(shown) == 12
    assert "echo.example/1" in shown
    assert "post.example/1" not in shown
