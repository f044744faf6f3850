"""Duplicates: the same text again at another URL, syndicated, cut, or under another headline.

Precision first: numbers and names must agree, and a title alone convinces only within a day and
between different outlets, because market headlines repeat word for word on different days.
"""

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from newsloom.rules.terms import is_common
from newsloom.rules.text import shared_words, strip_dateline

MIN_CANDIDATE_SIMILARITY = 550
"""No pair less alike (cosine in thousandths) is a duplicate: below this, news is reworded."""
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


class _Body(NamedTuple):
    """What an excerpt says: its words with their counts, how many, its numbers and names."""

    words: Counter[str]
    length: int
    numbers: frozenset[str]
    names: frozenset[str]


class Text(NamedTuple):
    """What of an article decides whether it is a duplicate. `time` in seconds."""

    title: str
    excerpt: str
    domain: str
    time: int


def is_duplicate(a: Text, b: Text, similarity: int) -> bool:
    """Whether two articles, so similar in thousandths, are one text. Symmetric."""
    if similarity < MIN_CANDIDATE_SIMILARITY or bool(a.excerpt) != bool(b.excerpt):
        return False
    if not a.excerpt:
        return _is_same_title(a, b, similarity)
    body_a, body_b = _read(a.excerpt), _read(b.excerpt)
    gap_s, length = abs(a.time - b.time), min(body_a.length, body_b.length)
    if gap_s > TEXT_GAP_S or (
        a.domain == b.domain and gap_s > RECURRING_GAP_S and length < RECURRING_TEXT_WORDS
    ):
        return False
    if _differ(_numbers(a.title) | body_a.numbers, _numbers(b.title) | body_b.numbers):
        return False
    if similarity < TEXT_SIMILARITY and not (
        length >= MIN_TEXT_WORDS
        and (body_a.words & body_b.words).total() * 1000 >= TEXT_OVERLAP * length
        and _is_borne_out(a.title, b, body_b)
        and _is_borne_out(b.title, a, body_a)
    ):
        return False
    return not _differ(body_a.names, body_b.names)


def _is_same_title(a: Text, b: Text, similarity: int) -> bool:
    return (
        similarity >= TITLE_ONLY_SIMILARITY
        and a.domain != b.domain
        and abs(a.time - b.time) <= TITLE_ONLY_GAP_S
        and min(len(shared_words(a.title)), len(shared_words(b.title))) >= MIN_TITLE_WORDS
        and _numbers(a.title) == _numbers(b.title)
    )


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


def _numbers(text: str) -> frozenset[str]:
    return frozenset([word for word in shared_words(text) if word[0].isdigit()])


@lru_cache(maxsize=4096)  # an article is held against several others in turn
def _read(excerpt: str) -> _Body:
    text = strip_dateline(excerpt)
    words = shared_words(text)
    return _Body(Counter(words), len(words), _numbers(text), _names(text))


def _names(text: str) -> frozenset[str]:
    """Words in capitals that do not begin a sentence; the last may be cut, and does not count."""
    spoken = text.split()[:-1]
    return frozenset(
        [
            word.strip(",.;:!?\"'()“”’").removesuffix("'s").removesuffix("’s")
            for before, word in pairwise(spoken)
            if word[0].isupper() and before[-1] not in _SENTENCE_END
        ]
    )
