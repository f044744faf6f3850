"""Duplicates: the same text at another URL, and texts that only resemble it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.duplicates import (
    MIN_CANDIDATE_SIMILARITY,
    TEXT_GAP_S,
    TITLE_ONLY_GAP_S,
    TITLE_ONLY_SIMILARITY,
    Text,
    is_duplicate,
)
from newsloom.rules.words.terms import UNIT, dot_product, vectorise

HOUR_S, DAY_S = 3600, 24 * 3600

TITLE = "Ferry Selkie runs aground off Northfield pier"
EXCERPT = (
    "The car ferry Selkie struck the disused coal pier at Northfield on Monday evening with 312 "
    "passengers aboard. Divers found a gash of nine metres below the vehicle deck, and the "
    "harbour master closed the eastern channel until the hull has been surveyed. Nobody was hurt, "
    "but the crossing to Skarra will not resume before the weekend, the operator said."
)
SHORT = "The car ferry Selkie struck the coal pier at Northfield with 312 passengers aboard."
EDITED = EXCERPT.replace("disused coal pier", "old coal pier").replace("Nobody was", "No one was")
MARKETS = "Stocks close higher as traders weigh interest rates"
MARKETS_EXCERPT = (
    "Shares rose in late trading on the Northfield exchange, led by shipping and energy companies, "
    "as investors weighed the outlook for interest rates. The benchmark index closed at 4,{}, "
    "while bond yields slipped and the crown was little changed against other currencies."
)


def _text(title: str = TITLE, excerpt: str = "", at: str = "ledger.example", time: int = 0) -> Text:
    return Text(title, excerpt, at, time)


def _judge(a: Text, b: Text) -> bool:
    vectors = [vectorise(text.title, text.excerpt, "en") for text in (a, b)]
    return is_duplicate(a, b, dot_product(*vectors) // UNIT)


FULL = _text(excerpt=EXCERPT)
BARE = _text()
PAIRS = [
    ("the same text at another outlet", FULL, _text(excerpt=EXCERPT, at="b.example"), True),
    ("the same text at another URL of one outlet", FULL, _text(excerpt=EXCERPT), True),
    ("a few words edited", FULL, _text(excerpt=EDITED, at="b.example"), True),
    ("cut short", FULL, _text(excerpt=EXCERPT[:230] + " ...", at="b.example"), True),
    ("cut before its number", FULL, _text(excerpt=EXCERPT.replace("312 ", "")), True),
    ("under a dateline", FULL, _text(excerpt="NORTHFIELD -- " + EXCERPT), True),
    ("cut to a sixth", FULL, _text(excerpt=EXCERPT[:60] + " ..."), False),
    ("the same title over another text", FULL, _text(excerpt=MARKETS_EXCERPT), False),
    (
        "another number of passengers",
        _text(excerpt=SHORT),
        _text(excerpt=SHORT.replace("312", "480")),
        False,
    ),
    ("only one has an excerpt", FULL, BARE, False),
    ("within four days", FULL, _text(excerpt=EXCERPT, time=TEXT_GAP_S), True),
    ("later than four days", FULL, _text(excerpt=EXCERPT, time=TEXT_GAP_S + 1), False),
    ("four days the other way", FULL, _text(excerpt=EXCERPT, time=-TEXT_GAP_S), True),
    (
        "a market report with another closing value",
        _text(MARKETS, MARKETS_EXCERPT.format(108)),
        _text(MARKETS, MARKETS_EXCERPT.format(296), time=DAY_S),
        False,
    ),
    ("one title at two outlets", BARE, _text(at="b.example"), True),
    (
        "its words in another order",
        BARE,
        _text("Off Northfield pier, ferry Selkie runs aground", at="b.example"),
        True,
    ),
    ("one title of one outlet", BARE, _text(time=HOUR_S), False),
    ("a headline that recurs the next day", _text(MARKETS), _text(MARKETS, time=DAY_S), False),
    ("one title within a day", BARE, _text(at="b.example", time=TITLE_ONLY_GAP_S), True),
    ("one title after a day", BARE, _text(at="b.example", time=TITLE_ONLY_GAP_S + 1), False),
    ("a title with one word more", BARE, _text(TITLE + " again: divers", at="b.example"), False),
    (
        "titles with other numbers",
        _text("Comet 1,402 nears Saturn, astronomers say"),
        _text("Comet 1,403 nears Saturn, astronomers say", at="b.example"),
        False,
    ),
    (
        "a title with a number more",
        _text("Ferry Selkie aground off Northfield pier"),
        _text("Ferry Selkie aground off Northfield pier, 2026", at="b.example"),
        False,
    ),
    (
        "titles too short to compare",
        _text("Weather forecast: Northfield"),
        _text("Weather forecast: Northfield", at="b.example"),
        False,
    ),
    ("nothing to compare", _text("the of and"), _text("the of and", at="b.example"), False),
]


@pytest.mark.parametrize(("reason", "a", "b", "expected"), PAIRS, ids=[row[0] for row in PAIRS])
def test_whether_two_texts_are_duplicates(reason: str, a: Text, b: Text, expected: bool) -> None:
    assert _judge(a, b) is expected, reason
    assert _judge(b, a) is expected, "the rule is symmetric"


def test_texts_below_the_least_similarity_are_not_duplicates() -> None:
    other = FULL._replace(domain="b.example")
    assert is_duplicate(FULL, other, MIN_CANDIDATE_SIMILARITY)
    assert not is_duplicate(FULL, other, MIN_CANDIDATE_SIMILARITY - 1)


def test_titles_alone_must_be_nearly_the_same() -> None:
    other = BARE._replace(domain="b.example")
    assert is_duplicate(BARE, other, TITLE_ONLY_SIMILARITY)
    assert not is_duplicate(BARE, other, TITLE_ONLY_SIMILARITY - 1)


_PHRASES = st.lists(
    st.sampled_from(["ferry", "pier", "comet", "hull", "312", "480", "2026"]), max_size=6
).map(" ".join)
TEXTS = st.builds(
    Text,
    title=_PHRASES,
    excerpt=_PHRASES,
    domain=st.sampled_from(["a.example", "b.example"]),
    time=st.integers(-5, 5).map(lambda days: days * DAY_S),
)


@given(TEXTS, TEXTS, st.sampled_from([859, 860, 969, 970, 1000]))
def test_the_rule_does_not_depend_on_the_order_of_the_texts(
    a: Text, b: Text, similarity: int
) -> None:
    assert is_duplicate(a, b, similarity) == is_duplicate(b, a, similarity)
