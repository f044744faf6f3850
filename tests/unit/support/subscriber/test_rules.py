"""Each rule of the verifier is seen to fail on a wrong stream, and none fails on a right one."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.subscriber.made import Made, Maker, item, moment, reference, tombstone
from tests.support.subscriber.rules import RULES, STREAM_RULES
from tests.support.subscriber.view import View

Transaction = tuple[list[Made], list[Made]]
"""Articles, and stories."""


class Lane(Maker):
    """A view of a small lane that is right.

    Story a has its lead a, the article b, and c, a duplicate of a. Story x has x alone, which shows
    a and b as related.
    """

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self.b = self.article("b", "a", quality=40)
        self.c = self.article("c", "a", quality=30)
        self.c |= {"duplicateOf": "a"}
        self.a = self.article("a", "a", heat=70, published=True)
        self.a |= {"related": [item(self.b)], "duplicates": [reference(self.c)]}
        self.x = self.article("x", "x", heat=50)
        self.x |= {"related": [item(self.a, "related"), item(self.b, "related")]}
        self.story_a = self.story("a", self.a, [self.a, self.b, self.c])
        self.story_x = self.story("x", self.x, [self.x])
        self.take([self.a, self.b, self.c, self.x], [self.story_a, self.story_x])

    def take(self, articles: list[Made], stories: list[Made]) -> set[str]:
        """Takes one transaction; returns the rules that it breaks."""
        self.view.take(sorted(articles, key=_revision), sorted(stories, key=_revision))
        return {violation.rule for violation in self.view.check()}

    def pass_days(self, day: float) -> Made:
        """A new article z in a story of its own, which moves the clock."""
        z = self.article("z", "z", day, heat=50)
        assert self.take([z], [self.story("z", z, [z])]) == set()
        return z


def _revision(record: Mapping[str, Any]) -> int:
    return int(record.get("revision", 0))


def _join(lane: Lane, ident: str, **fields: Any) -> Made:
    """A new article of story a with the provider of b."""
    return lane.article(ident, "a", provider=lane.b["provider"], quality=20, **fields)


def _two_of_b(lane: Lane, *others: Made) -> Made:
    """The record of story a with others that have the provider of b."""
    members = [lane.a, lane.b, lane.c]
    providers = [
        lane.b["provider"] | {"articleCount": 1 + len(others)},
        lane.a["provider"] | {"articleCount": 1},
        lane.c["provider"] | {"articleCount": 1},
    ]
    listed = [reference(member) for member in (*members, *others)]
    times = [member["publishedDateTime"] for member in (*members, *others)]
    return lane.story(
        "a",
        lane.a,
        members,
        articleCount=3 + len(others),
        providers=providers,
        articles=listed,
        lastPublishedDateTime=max(times),
    )


def _two_of_x(lane: Lane, other: Made) -> Made:
    """The record of story x with another article that has the provider of x."""
    providers = [lane.x["provider"] | {"articleCount": 2}]
    return lane.story("x", lane.x, [lane.x, other], providers=providers)


# --- wrong streams --------------------------------------------------------------------------------


def _story_withdrawn(_: Lane) -> Transaction:
    return [], [tombstone("a")]


def _merged_in_a_circle(lane: Lane) -> Transaction:
    return [], [
        lane.again({"id": "a", "mergedInto": "x"}),
        lane.again({"id": "x", "mergedInto": "a"}),
    ]


def _merged_into_nothing(lane: Lane) -> Transaction:
    return [], [lane.again({"id": "x", "mergedInto": "y"})]


def _heat_without_lead(lane: Lane) -> Transaction:
    return [lane.again(lane.b, heat=40)], []


def _published_below_threshold(lane: Lane) -> Transaction:
    return [lane.again(lane.x, published=True)], []


def _root_unknown(lane: Lane) -> Transaction:
    return [lane.again(lane.a, duplicates=None), lane.again(lane.c, duplicateOf="y")], []


def _root_withdrawn(lane: Lane) -> Transaction:
    b = lane.again(lane.b, heat=50)
    x = lane.again(lane.x, related=None)
    return [tombstone("a"), b, x], [lane.story("a", b, [b, lane.c])]


def _root_in_another_story(lane: Lane) -> Transaction:
    y = lane.article("y", "x", provider=lane.x["provider"], quality=20, duplicateOf="b")
    return [y, lane.again(lane.b, duplicates=[reference(y)])], [_two_of_x(lane, y)]


def _duplicate_of_duplicate(lane: Lane) -> Transaction:
    b = lane.again(lane.b, duplicateOf="c")
    return [b, lane.again(lane.c, duplicates=[reference(b)])], []


def _departed_duplicate_of_duplicate(lane: Lane) -> Transaction:
    lane.pass_days(11)
    return [lane.again(lane.b, duplicateOf="c", curatedDateTime=moment(11))], []


def _names_withdrawn(lane: Lane) -> Transaction:
    a = lane.again(lane.a, related=None, heat=60, published=False)
    return [tombstone("b"), a], [lane.story("a", a, [a, lane.c])]


def _duplicate_not_listed(lane: Lane) -> Transaction:
    return [lane.again(lane.a, duplicates=None)], []


def _duplicate_wrongly_listed(lane: Lane) -> Transaction:
    return [lane.again(lane.a, duplicates=[reference(lane.c), reference(lane.b)])], []


def _duplicates_grown(lane: Lane) -> Transaction:
    d = _join(lane, "d", duplicateOf="a")
    return [d], [_two_of_b(lane, d)]


def _duplicates_of_another_than_the_lead_grown(lane: Lane) -> Transaction:
    y = lane.article("y", "x", provider=lane.x["provider"], quality=20)
    assert lane.take([y], [_two_of_x(lane, y)]) == set()
    return [lane.again(lane.article("z", "x", quality=20), duplicateOf="y")], []


def _duplicate_left_out_again(lane: Lane) -> Transaction:
    d = _join(lane, "d", duplicateOf="a")
    assert lane.take([d], [_two_of_b(lane, d)]) == {"duplicates-grown"}
    return [lane.again(lane.a)], []


def _related_after_merge(lane: Lane) -> Transaction:
    a = lane.again(lane.a, heat=80)
    x = lane.again(lane.x, storyId="a", heat=-1)
    ended = lane.again({"id": "x", "mergedInto": "a"})
    return [a, x], [ended, lane.story("a", a, [a, lane.b, lane.c, x])]


def _shown_as_duplicate(lane: Lane) -> Transaction:
    return [lane.again(lane.x, related=[item(lane.a, "duplicate")])], []


def _duplicate_shown_as_same_story(lane: Lane) -> Transaction:
    return [lane.again(lane.c, related=[item(lane.a, "same-story")])], []


def _related_twice(lane: Lane) -> Transaction:
    return [lane.again(lane.x, related=[item(lane.a, "related"), item(lane.a, "related")])], []


def _too_many_duplicates(lane: Lane) -> Transaction:
    return [lane.again(lane.a, duplicates=[reference(lane.c)] * 51)], []


def _wrong_order(lane: Lane) -> Transaction:
    return [lane.again(lane.x, related=[item(lane.b, "related"), item(lane.a, "related")])], []


def _wrong_similarity(lane: Lane) -> Transaction:
    return [lane.again(lane.x, related=[item(lane.a, "related", similarity=1.5)])], []


def _old_title_in_related(lane: Lane) -> Transaction:
    return [lane.again(lane.x, related=[item(lane.a, "related", title="old")])], []


def _related_has_left(lane: Lane) -> Transaction:
    z = lane.pass_days(11)
    return [lane.again(z, related=[item(lane.a, "related")])], []


def _story_without_articles(lane: Lane) -> Transaction:
    x = lane.again(lane.x, storyId="z", heat=-1, related=None)
    z = lane.article("z", "z", heat=70, quality=60, published=True)
    return [x, z], [lane.story("z", z, [z, x])]


def _lead_unknown(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_x, lead="y")]


def _lead_does_not_lead(lane: Lane) -> Transaction:
    return [lane.again(lane.x, heat=-1)], []


def _no_lead(lane: Lane) -> Transaction:
    return [lane.again(lane.x, heat=-1)], [lane.again(lane.story_x, lead=None, heat=-1)]


def _better_article(lane: Lane) -> Transaction:
    return [lane.again(lane.b, quality=90)], []


def _lead_has_left(lane: Lane) -> Transaction:
    lane.pass_days(11)
    late = _join(lane, "d", day=11)
    return [late], [_two_of_b(lane, late)]


def _other_heat(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_x, heat=55)]


def _other_locale(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_x, locale="de")]


def _not_renewed(lane: Lane) -> Transaction:
    lane.pass_days(11)
    return [_join(lane, "d", day=11)], []


def _counts_an_article_of_a_merged_story(lane: Lane) -> Transaction:
    a, x = lane.again(lane.a, related=None, heat=80), lane.again(lane.x, heat=-1, related=None)
    ended = lane.again({"id": "x", "mergedInto": "a"})
    whole = lane.story("a", a, [a, lane.b, lane.c, x])
    assert lane.take([a, x], [ended, whole]) == set()
    return [tombstone("x")], []


def _counts_an_article_of_a_story_that_is_a_story_again(lane: Lane) -> Transaction:
    _counts_an_article_of_a_merged_story(lane)
    return [lane.again(lane.x, related=None)], [lane.again(lane.story_x)]


def _lead_of_another_story_changes(lane: Lane) -> Transaction:
    y = lane.article("y", "y", heat=60)
    moved = lane.again(lane.x, storyId="y", related=None)
    broken = lane.take([y, moved], [lane.story("y", y, [y, moved])])
    assert {"lead-held", "heat-leads"} <= broken
    return [lane.again(moved, heat=-1)], []


def _too_great_count(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_a, articleCount=4)]


def _grown(lane: Lane) -> Transaction:
    return [_join(lane, "d")], []


def _provider_of_nobody(lane: Lane) -> Transaction:
    providers = [lane.x["provider"] | {"articleCount": 1, "name": "Y"}]
    return [], [lane.again(lane.story_x, providers=providers)]


def _provider_counted_twice(lane: Lane) -> Transaction:
    providers = [lane.x["provider"] | {"articleCount": 2}]
    return [], [lane.again(lane.story_x, providers=providers)]


def _date_of_nobody(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_x, firstPublishedDateTime=moment(-1))]


def _corrected_date(lane: Lane) -> Transaction:
    corrected = moment(-3)
    return [lane.again(lane.c, publishedDateTime=corrected, updatedDateTime=moment(0))], []


def _withdrawn_is_listed(lane: Lane) -> Transaction:
    a = lane.again(lane.a, related=None, heat=60, published=False)
    x = lane.again(lane.x, related=None)
    listed = [reference(a), reference(lane.b), reference(lane.c)]
    return [tombstone("b"), a, x], [lane.story("a", a, [a, lane.c], articles=listed)]


def _member_not_listed(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_a, articles=[reference(lane.a)])]


def _old_title_in_story(lane: Lane) -> Transaction:
    return [], [lane.again(lane.story_x, articles=[reference(lane.x) | {"title": "old"}])]


def _same_revision(lane: Lane) -> Transaction:
    return [lane.x], []


def _revision_of_another(lane: Lane) -> Transaction:
    return [lane.x | {"revision": lane.story_x["revision"]}], []


WRONG: dict[Callable[[Lane], Transaction], set[str]] = {
    _story_withdrawn: {"story-held"},
    _merged_in_a_circle: {"story-held", "merge-chain"},
    _merged_into_nothing: {"story-held", "merge-chain"},
    _heat_without_lead: {"heat-leads"},
    _published_below_threshold: {"published"},
    _root_unknown: {"root-held"},
    _root_withdrawn: {"root-held"},
    _root_in_another_story: {"root-same-story"},
    _duplicate_of_duplicate: {"duplicate-chain"},
    _departed_duplicate_of_duplicate: {"duplicate-chain-departed"},
    _names_withdrawn: {"names-withdrawn"},
    _duplicate_not_listed: {"duplicates-match"},
    _duplicate_wrongly_listed: {"duplicates-match"},
    _duplicates_grown: {"duplicates-grown"},
    _duplicates_of_another_than_the_lead_grown: {"duplicates-grown", "story-grown"},
    _duplicate_left_out_again: {"duplicates-match"},
    _related_after_merge: {"relation-story"},
    _shown_as_duplicate: {"relation-duplicate"},
    _duplicate_shown_as_same_story: {"relation-duplicate"},
    _related_twice: {"limits"},
    _too_many_duplicates: {"limits"},
    _wrong_order: {"related-order"},
    _wrong_similarity: {"related-order"},
    _old_title_in_related: {"related-current"},
    _related_has_left: {"related-window"},
    _story_without_articles: {
        *("story-empty", "lead-held", "story-count", "story-providers", "story-articles"),
    },
    _lead_unknown: {"lead-held", "heat-leads"},
    _lead_does_not_lead: {"lead-held"},
    _no_lead: {"lead-held"},
    _better_article: {"lead-best"},
    _lead_has_left: {"lead-best"},
    _other_heat: {"lead-heat"},
    _other_locale: {"lead-heat"},
    _not_renewed: {"lead-renewed", "lead-best", "story-grown"},
    _counts_an_article_of_a_merged_story: {
        *("story-count", "story-providers", "story-articles"),
    },
    _counts_an_article_of_a_story_that_is_a_story_again: {
        *("story-count", "story-providers", "story-articles"),
    },
    _lead_of_another_story_changes: set(),
    _too_great_count: {"story-count"},
    _grown: {"story-grown"},
    _provider_of_nobody: {"story-providers"},
    _provider_counted_twice: {"story-providers"},
    _date_of_nobody: {"story-times"},
    _corrected_date: {"story-times"},
    _withdrawn_is_listed: {"story-articles"},
    _member_not_listed: {"story-articles-missing"},
    _old_title_in_story: {"story-articles-current"},
    _same_revision: {"revision"},
    _revision_of_another: {"revision"},
}
"""Each wrong transaction after a right one, with the rules that it breaks."""


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__.strip("_"))
def test_a_wrong_transaction_breaks_its_rules_and_no_other(
    wrong: Callable[[Lane], Transaction],
) -> None:
    lane = Lane()
    assert lane.view.violations == []
    assert lane.take(*wrong(lane)) == WRONG[wrong], lane.view.violations
    lane.view.check_all()


def test_every_rule_is_seen_to_fail() -> None:
    assert set().union(*WRONG.values()) == RULES.keys() | STREAM_RULES
