"""Duplicates: the same text again at another URL, syndicated, cut, or under another headline.

Precision first: numbers and names must agree, and a title alone convinces only within a day and
between different outlets, because market headlines repeat word for word on different days.
"""

from collections import Counter
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from newsloom.rules.words.terms import is_common
from newsloom.rules.words.text import shared_words, strip_dateline

MIN_CANDIDATE_SIMILARITY = 550
"""No pair less alike (cosine in thousandths) is a duplicate: below this, news is reworded."""
MIN_FOUND_SIMILARITY = 450
"""What a search found as near as this is compared: it may have passed over common words."""
TEXT_SIMILARITY = 860
"""From here on two texts are one if nothing speaks against it; below, their words must agree."""
TITLE_ONLY_SIMILARITY = 970
MIN_TITLE_WORDS = 4
MIN_TEXT_WORDS = 16
TEXT_OVERLAP = 900
"""Of the words of the shorter text, in thousandths, as many must be in the longer."""
RECURRING_TEXT_WORDS = 20
"""A shorter text of one outlet that comes again is a column of every day, not a moved article."""
RECURRING_GAP_S = 18 * 3600
TITLE_ONLY_GAP_S = 24 * 3600
TEXT_GAP_S = 4 * 24 * 3600

_SENTENCE_END = ".!?:;"


class _Body:
    """What an excerpt says; what of it is not asked for is not worked out."""

    def __init__(self, excerpt: str) -> None:
        self._text = strip_dateline(excerpt)
        words = shared_words(self._text)
        self.length = len(words)
        self.numbers = frozenset([word for word in words if word[0].isdigit()])

    @cached_property
    def words(self) -> Counter[str]:
        """Its words with their counts."""
        return Counter(shared_words(self._text))

    @cached_property
    def names(self) -> frozenset[str]:
        """Words in capitals that do not begin a sentence, but for the last: it may be cut."""
        spoken = self._text.split()[:-1]
        return frozenset(
            [
                word.strip(",.;:!?\"'()“”’").removesuffix("'s").removesuffix("’s")
                for before, word in pairwise(spoken)
                if word[0].isupper() and before[-1] not in _SENTENCE_END
            ]
        )


class Text(NamedTuple):
    """What of an article decides whether it is a duplicate. `time` in seconds."""

    title: str
    excerpt: str
    domain: str
    time: int


class Difference(StrEnum):
    """Why two articles are not one text: the first that is found, in words for a person."""

    UNLIKE = "too little alike"
    BARE = "only one of them has an excerpt"
    OUTLET = "titles alone, of one outlet, may recur"
    SHORT = "too short a title to tell by it alone"
    TIME = "too far apart in time"
    RECURRING = "a short text of one outlet may recur on another day"
    NUMBERS = "other numbers"
    WORDS = "too few words of the shorter text are in the other"
    HEADLINE = "the headline of one is not borne out by the other"
    NAMES = "other names"


class Likeness(NamedTuple):
    """What two texts share and where they differ, for a person to judge.

    `overlap` is the share of the shorter text's words that are in the other, in thousandths;
    numbers and names are those that only the one, only the other text holds.
    """

    overlap: int
    numbers: tuple[frozenset[str], frozenset[str]]
    names: tuple[frozenset[str], frozenset[str]]
    gap_s: int


def is_duplicate(a: Text, b: Text, similarity: int) -> bool:
    """Whether two articles, so similar in thousandths, are one text. Symmetric."""
    return find_difference(a, b, similarity) is None


def find_difference(a: Text, b: Text, similarity: int) -> Difference | None:
    """Why two articles, so similar in thousandths, are not one text; None if they are.

    The same whichever comes first.
    """
    if similarity < MIN_CANDIDATE_SIMILARITY:
        return Difference.UNLIKE
    if bool(a.excerpt) != bool(b.excerpt):
        return Difference.BARE
    return _differ_in_text(a, b, similarity) if a.excerpt else _differ_in_title(a, b, similarity)


def _differ_in_title(a: Text, b: Text, similarity: int) -> Difference | None:
    if similarity < TITLE_ONLY_SIMILARITY:
        return Difference.UNLIKE
    if a.domain == b.domain:
        return Difference.OUTLET
    if abs(a.time - b.time) > TITLE_ONLY_GAP_S:
        return Difference.TIME
    if min(len(shared_words(a.title)), len(shared_words(b.title))) < MIN_TITLE_WORDS:
        return Difference.SHORT
    return None if _numbers(a.title) == _numbers(b.title) else Difference.NUMBERS


def _differ_in_text(a: Text, b: Text, similarity: int) -> Difference | None:
    gap_s = abs(a.time - b.time)
    if gap_s > TEXT_GAP_S:
        return Difference.TIME
    body_a, body_b = _read(a.excerpt), _read(b.excerpt)
    length = min(body_a.length, body_b.length)
    if a.domain == b.domain and gap_s > RECURRING_GAP_S and length < RECURRING_TEXT_WORDS:
        return Difference.RECURRING
    if _differ(_numbers(a.title) | body_a.numbers, _numbers(b.title) | body_b.numbers):
        return Difference.NUMBERS
    if similarity < TEXT_SIMILARITY:
        if length < MIN_TEXT_WORDS or not _overlap_enough(body_a, body_b):
            return Difference.WORDS
        if not (_is_borne_out(a.title, b, body_b) and _is_borne_out(b.title, a, body_a)):
            return Difference.HEADLINE
    return Difference.NAMES if _differ(body_a.names, body_b.names) else None


def compare_texts(a: Text, b: Text) -> Likeness:
    """What two articles share and where they differ."""
    body_a, body_b = _read(a.excerpt or a.title), _read(b.excerpt or b.title)
    numbers_a = _numbers(a.title) | body_a.numbers
    numbers_b = _numbers(b.title) | body_b.numbers
    return Likeness(
        overlap=_overlap(body_a, body_b),
        numbers=(numbers_a - numbers_b, numbers_b - numbers_a),
        names=(body_a.names - body_b.names, body_b.names - body_a.names),
        gap_s=abs(a.time - b.time),
    )


def _overlap(a: _Body, b: _Body) -> int:
    shorter = min(a.length, b.length)
    return (a.words & b.words).total() * 1000 // shorter if shorter else 0


def _overlap_enough(a: _Body, b: _Body) -> bool:
    shorter, longer = (a, b) if a.length <= b.length else (b, a)
    # Most pairs fail by the different words alone, which are quicker to tell than all of them.
    missing = len(shorter.words.keys() - longer.words.keys())
    is_possible = missing * 1000 <= (1000 - TEXT_OVERLAP) * shorter.length
    return is_possible and _overlap(a, b) >= TEXT_OVERLAP


def _is_borne_out(title: str, other: Text, body: _Body) -> bool:
    """Whether a title could head another text: two telling words of it occur there.

    An outlet puts the same boilerplate under many titles; a headline tells of what follows.
    """
    telling = {word for word in shared_words(title) if not is_common(word)}
    said = body.words.keys() | set(shared_words(other.title))
    return len(telling & said) >= min(2, len(telling))


def _differ(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether each says what the other does not: an edit or a cut leaves one within the other."""
    return not (a <= b or b <= a)


@lru_cache(maxsize=4096)
def _numbers(text: str) -> frozenset[str]:
    return frozenset([word for word in shared_words(text) if word[0].isdigit()])


@lru_cache(maxsize=4096)  # an article is held against several others in turn
def _read(excerpt: str) -> _Body:
    return _Body(excerpt)
