"""The view accepts what the documentation allows, and finds again what it has found before."""

import pytest

from tests.support.subscriber.made import Made, Maker, item, moment, reference, tombstone
from tests.support.subscriber.view import View


def _story_of(maker: Maker, count: int) -> tuple[list[Made], Made]:
    """A story with `count` articles of one provider; the first one leads."""
    provider = {"name": "P", "domain": "p.example"}
    ids = [f"m{n}" for n in range(count)]
    articles = [maker.article(i, "m0", provider=provider, quality=20) for i in ids]
    articles[0] |= {"heat": 50, "quality": 50}
    providers = [provider | {"articleCount": count}]
    return articles, maker.story("m0", articles[0], articles, providers=providers)


def test_a_story_may_grow_by_less_than_a_tenth_before_it_is_published() -> None:
    maker, view = Maker(), View()
    articles, story = _story_of(maker, 12)
    view.take(articles, [story])
    assert view.check() == []
    provider = articles[0]["provider"]
    later = [
        maker.article(i, "m0", day, provider=provider, quality=20)
        for i, day in (("n1", 1), ("n2", 2))
    ]
    view.take([later[0]], [])
    assert view.check() == [], "13 articles, published with 12"
    view.take([later[1]], [])
    assert [violation.rule for violation in view.check()] == ["story-grown"]
    assert view.members("m0") == {a["id"] for a in (*articles, *later)}


def test_a_departed_article_may_name_what_is_withdrawn_but_a_live_one_may_not() -> None:
    maker, view = Maker(), View()
    b = maker.article("b", "b", heat=50)
    a = maker.article("a", "a", heat=50, related=[item(b, "related")])
    view.take([b, a], [maker.story("b", b, [b]), maker.story("a", a, [a])])
    late = maker.article("z", "z", 9, heat=50, related=[item(b, "related")])
    view.take([late], [maker.story("z", late, [late])])
    later = maker.article("y", "y", 11, heat=50)
    view.take([later], [maker.story("y", later, [later])])
    assert view.check() == []
    view.take([tombstone("b")], [tombstone("b")])
    assert [(v.rule, v.subject, v.transaction) for v in view.check()] == [
        ("names-withdrawn", "z", 4)
    ]


def test_a_lower_revision_changes_nothing() -> None:
    maker, view = Maker(), View()
    a = maker.article("a", "a", heat=50)
    old, story = maker.again(a, title="old"), maker.story("a", a, [a])
    new = maker.again(a, title="new")
    view.take([new], [maker.again(story, articles=[reference(new)])])
    view.take([old], [])
    assert view.articles["a"].record["title"] == "new"
    assert view.counts == {"revision": 1}


def test_a_tombstone_of_a_file_has_a_revision_and_one_of_kafka_has_none() -> None:
    for revision in ({}, {"revision": 3}):
        maker, view = Maker(), View()
        a = maker.article("a", "a", heat=50)
        view.take([a], [maker.story("a", a, [a])])
        view.take([tombstone("a") | revision], [tombstone("a")])
        assert (view.check(), view.articles, view.stories) == ([], {}, {})


def test_stories_are_followed_through_merges_and_back() -> None:
    maker, view = Maker(), View()
    provider = {"name": "P", "domain": "p.example"}
    a = maker.article("a", "a", heat=50, provider=provider)
    b = maker.article("b", "b", heat=50, provider=provider)
    stories = [maker.story("a", a, [a]), maker.story("b", b, [b])]
    view.take([a, b], stories)
    assert view.check() == []
    merged = maker.again({"id": "b", "mergedInto": "a"})
    providers = [provider | {"articleCount": 2}]
    whole = maker.story("a", a, [a, b], providers=providers)
    # The article still has the id of its former story: that is resolved.
    quiet = maker.again(b, heat=-1)
    view.take([quiet], [merged, whole])
    assert (view.check(), view.story_of("b"), view.members("a")) == ([], "a", {"a", "b"})
    # A later record without mergedInto is a story again.
    view.take([maker.again(b)], [maker.again(stories[1]), maker.again(stories[0])])
    assert (view.check(), view.story_of("b"), view.members("a")) == ([], "b", {"a"})
    view.check_all()


def test_a_violation_is_reported_once_and_again_after_it_was_right() -> None:
    maker, view = Maker(), View()
    a = maker.article("a", "a", heat=50)
    story = maker.story("a", a, [a])
    view.take([a], [story])
    for _ in range(2):
        view.take([], [maker.again(story, heat=60)])
        view.take([], [maker.again(story, heat=61)])
        view.check()
        view.take([], [maker.again(story)])
        view.check()
    assert [(v.rule, v.transaction) for v in view.violations] == [
        ("lead-heat", 3),
        ("lead-heat", 6),
    ]


def test_between_the_transactions_of_an_input_some_rules_wait() -> None:
    maker, view = Maker(), View()
    b = maker.article("b", "b", heat=50)
    a = maker.article("a", "a", heat=60, related=[item(b, "related")])
    copy = maker.article("c", "a", duplicateOf="b")
    view.take([b, a, copy], [maker.story("b", b, [b]), maker.story("a", a, [a, copy])])
    view.take([tombstone("b")], [tombstone("b")])
    assert view.check(is_settled=False) == []
    view.take([], [])
    assert [violation.rule for violation in view.check()] == ["names-withdrawn", "root-held"]


def test_between_the_transactions_of_a_merge_a_story_may_list_its_own_articles_only() -> None:
    maker, view = Maker(), View()
    a, b = maker.article("a", "a", heat=50), maker.article("b", "b", heat=50)
    view.take([a, b], [maker.story("a", a, [a]), maker.story("b", b, [b])])
    a, b = maker.again(a, heat=60), maker.again(b, heat=-1)
    merged, story = maker.again({"id": "b", "mergedInto": "a"}), maker.story("a", a, [a, b])
    view.take([a, b], [merged, maker.again(story, articles=[reference(a)])])
    assert view.check(is_settled=False) == []
    view.take([], [])
    assert [violation.rule for violation in view.check()] == ["story-articles-missing"]


def test_a_story_with_an_article_that_may_be_forgotten_is_not_checked() -> None:
    maker, view = Maker(), View()
    a = maker.article("a", "a", heat=50)
    story = maker.story("a", a, [a])
    view.take([a], [story])
    late = maker.article("z", "z", 41, heat=50)
    view.take([late], [maker.story("z", late, [late])])
    view.take([tombstone("a")], [])
    assert view.check() == []
    view.take([], [maker.again(story, articleCount=7)])
    assert view.check() == []
    merged = maker.again({"id": "a", "mergedInto": "z"})
    view.take([], [merged, maker.story("z", late, [late], articleCount=2)])
    assert view.check() == []


def test_a_date_far_ahead_counts_at_most_ten_minutes_after_the_arrival() -> None:
    maker, view = Maker(), View()
    a = maker.article("a", "a", heat=50, publishedDateTime=moment(20_000))
    story = maker.story("a", a, [a])
    limited = {"firstPublishedDateTime": moment(0), "lastPublishedDateTime": moment(0)}
    view.take([a], [story | limited])
    assert view.check() == [], "the arrival time is not known"
    arrived_at = 1_772_409_600 - 600
    view = View()
    view.take([a], [story | limited], arrived_at)
    assert view.check() == []
    view = View()
    view.take([a], [story], arrived_at)
    assert [violation.rule for violation in view.check()] == ["story-times"]


def test_only_the_rules_that_are_asked_for_are_checked() -> None:
    maker, view = Maker(), View(rules={"published"})
    view.take([maker.article("a", "a", heat=50, published=True)], [])
    assert [violation.rule for violation in view.check()] == ["published"]
    with pytest.raises(ValueError, match="unknown rules: \\['publish'\\]"):
        View(rules={"publish"})


def test_a_violation_states_the_transaction_the_rule_and_the_ids() -> None:
    maker, view = Maker(), View()
    view.take([maker.article("a", "s", heat=-1)], [])
    assert list(map(str, view.check())) == ["transaction 1: story-held: a: its story s is not held"]
