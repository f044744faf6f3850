"""Duplicates: the same text at another URL, even if it is cut or has another headline.

In: two texts and their cosine. Out: whether they are duplicates, or why not. Precision has
priority: numbers and names must agree, and equal titles without excerpts count only within a day
and between different outlets, because market headlines are repeated word for word on other days.
"""

from collections import Counter
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from newsloom.rules.words.terms import is_common
from newsloom.rules.words.text import shared_words, strip_dateline
from newsloom.rules.words.text_cache import TextCache

MIN_CANDIDATE_SIMILARITY = 550
"""The least cosine, in thousandths, of duplicates: below it, two texts are worded differently."""
MIN_FOUND_SIMILARITY = 450
"""The least cosine in a search result at which a pair is compared. It is lower, because a search
may skip entries of frequent terms."""
TEXT_SIMILARITY = 860
"""From this cosine on, the words of two texts are not compared, only their numbers and names."""
TITLE_ONLY_SIMILARITY = 970
"""The least cosine of duplicates without excerpts."""
MIN_TITLE_WORDS = 4
MIN_TEXT_WORDS = 16
TEXT_OVERLAP = 900
"""The least share, in thousandths, of the shorter text's words that must be in the longer."""
RECURRING_TEXT_WORDS = 20
"""A text with fewer words that one outlet repeats after RECURRING_GAP_S is a daily column, and not
an article that moved to another URL."""
RECURRING_GAP_S = 18 * 3600
TITLE_ONLY_GAP_S = 24 * 3600
TEXT_GAP_S = 4 * 24 * 3600

_SENTENCE_END = ".!?:;"


class _Body:
    """The words, numbers and names of an excerpt. Words and names are computed when first used."""

    def __init__(self, excerpt: str) -> None:
        self._text = strip_dateline(excerpt)
        words = shared_words(self._text)
        self.length = len(words)
        self.numbers = frozenset([word for word in words if word[0].isdigit()])

    @cached_property
    def words(self) -> Counter[str]:
        """The words with their counts."""
        return Counter(shared_words(self._text))

    @cached_property
    def names(self) -> frozenset[str]:
        """Capitalised words within sentences, without the last word, which may be cut."""
        whole_words = self._text.split()[:-1]
        return frozenset(
            [
                word.strip(",.;:!?\"'()“”’").removesuffix("'s").removesuffix("’s")
                for before, word in pairwise(whole_words)
                if word[0].isupper() and before[-1] not in _SENTENCE_END
            ]
        )


class Text(NamedTuple):
    """What duplicates are compared by. `domain` is the provider's; `time` is in seconds."""

    title: str
    excerpt: str
    domain: str
    time: int


class Difference(StrEnum):
    """Why two articles are not duplicates, as a message for a person."""

    UNLIKE = "not similar enough"
    BARE = "only one of them has an excerpt"
    OUTLET = "one outlet may repeat a title, and there is no excerpt to compare"
    SHORT = "the title is too short to compare without an excerpt"
    TIME = "too far apart in time"
    RECURRING = "one outlet may repeat a short text on another day"
    NUMBERS = "other numbers"
    WORDS = "too few words of the shorter text are in the other"
    HEADLINE = "the headline of one does not fit the text of the other"
    NAMES = "other names"


class Likeness(NamedTuple):
    """What two texts have in common and where they differ, for a person to judge.

    `overlap` is the share of the shorter text's words that are in the other, in thousandths.
    `numbers` and `names` are those in the first text only, and those in the second only.
    """

    overlap: int
    numbers: tuple[frozenset[str], frozenset[str]]
    names: tuple[frozenset[str], frozenset[str]]
    gap_s: int


def is_duplicate(a: Text, b: Text, similarity: int) -> bool:
    """Whether two articles with this cosine, in thousandths, are duplicates. Symmetric."""
    return find_difference(a, b, similarity) is None


def find_difference(a: Text, b: Text, similarity: int) -> Difference | None:
    """Why two articles with this cosine, in thousandths, are not duplicates; else None."""
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
    return None if _NUMBERS[a.title] == _NUMBERS[b.title] else Difference.NUMBERS


def _differ_in_text(a: Text, b: Text, similarity: int) -> Difference | None:
    gap_s = abs(a.time - b.time)
    if gap_s > TEXT_GAP_S:
        return Difference.TIME
    body_a, body_b = _BODIES[a.excerpt], _BODIES[b.excerpt]
    length = min(body_a.length, body_b.length)
    if a.domain == b.domain and gap_s > RECURRING_GAP_S and length < RECURRING_TEXT_WORDS:
        return Difference.RECURRING
    if _differ(_NUMBERS[a.title] | body_a.numbers, _NUMBERS[b.title] | body_b.numbers):
        return Difference.NUMBERS
    if similarity < TEXT_SIMILARITY:
        if length < MIN_TEXT_WORDS or not _has_enough_overlap(body_a, body_b):
            return Difference.WORDS
        if not (_fits_text(a.title, b, body_b) and _fits_text(b.title, a, body_a)):
            return Difference.HEADLINE
    return Difference.NAMES if _differ(body_a.names, body_b.names) else None


def compare_texts(a: Text, b: Text) -> Likeness:
    """What two articles have in common and where they differ, duplicates or not."""
    body_a, body_b = _BODIES[a.excerpt or a.title], _BODIES[b.excerpt or b.title]
    numbers_a = _NUMBERS[a.title] | body_a.numbers
    numbers_b = _NUMBERS[b.title] | body_b.numbers
    return Likeness(
        overlap=_overlap(body_a, body_b),
        numbers=(numbers_a - numbers_b, numbers_b - numbers_a),
        names=(body_a.names - body_b.names, body_b.names - body_a.names),
        gap_s=abs(a.time - b.time),
    )


def _overlap(a: _Body, b: _Body) -> int:
    shorter = min(a.length, b.length)
    return (a.words & b.words).total() * 1000 // shorter if shorter else 0


def _has_enough_overlap(a: _Body, b: _Body) -> bool:
    shorter, longer = (a, b) if a.length <= b.length else (b, a)
    # A fast test first: most pairs fail by the number of distinct words that are missing.
    missing = len(shorter.words.keys() - longer.words.keys())
    is_possible = missing * 1000 <= (1000 - TEXT_OVERLAP) * shorter.length
    return is_possible and _overlap(a, b) >= TEXT_OVERLAP


def _fits_text(title: str, other: Text, body: _Body) -> bool:
    """Whether a title fits another article: two of its uncommon words (or its only one) are in it.

    An outlet may repeat the same boilerplate under many titles; a headline fits its own text.
    """
    uncommon = {word for word in shared_words(title) if not is_common(word)}
    others = body.words.keys() | set(shared_words(other.title))
    return len(uncommon & others) >= min(2, len(uncommon))


def _differ(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether each set has an item that the other lacks: an edit or a cut changes one side only."""
    return not (a <= b or b <= a)


# One article is compared with several others. In scripts without spaces, an excerpt takes up to 130
# bytes a character here, thus all together at most 68 MB.
_BODIES = TextCache(_Body, max_characters=1 << 19)


def _read_numbers(text: str) -> frozenset[str]:
    return frozenset([word for word in shared_words(text) if word[0].isdigit()])


_NUMBERS = TextCache(_read_numbers, max_characters=1 << 17)
