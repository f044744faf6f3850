"""Duplicates: the same text again at another URL, syndicated or slightly altered.

Precision first: the numbers must agree, and a title alone convinces only within a day and
between different outlets, because market headlines repeat word for word on different days.
"""

from typing import NamedTuple

from newsloom.rules.text import shared_words

MIN_CANDIDATE_SIMILARITY = 860
"""No pair less alike (cosine in thousandths) is a duplicate: below this, news is reworded."""
TITLE_ONLY_SIMILARITY = 970
MIN_TITLE_WORDS = 4
TITLE_ONLY_GAP_S = 24 * 3600
TEXT_GAP_S = 4 * 24 * 3600


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
    if _numbers(a.title) != _numbers(b.title):
        return False
    if a.excerpt:
        numbers_a, numbers_b = _numbers(a.excerpt), _numbers(b.excerpt)
        is_cut_short = numbers_a <= numbers_b or numbers_b <= numbers_a
        return is_cut_short and abs(a.time - b.time) <= TEXT_GAP_S
    return (
        similarity >= TITLE_ONLY_SIMILARITY
        and min(len(shared_words(a.title)), len(shared_words(b.title))) >= MIN_TITLE_WORDS
        and abs(a.time - b.time) <= TITLE_ONLY_GAP_S
        and a.domain != b.domain
    )


def _numbers(text: str) -> set[str]:
    return {word for word in shared_words(text) if word[0].isdigit()}
