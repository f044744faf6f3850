"""Duplicates: the same text again at another URL, syndicated or slightly altered.

Precision first: the numbers must agree, and a title alone convinces only within a day and
between different outlets, because market headlines repeat word for word on different days.
"""

from dataclasses import dataclass

from newsloom.rules.terms import Vector

MIN_CANDIDATE_SIMILARITY = 860
"""No pair less alike (cosine in thousandths) is a duplicate: below this, news is reworded."""
TITLE_ONLY_SIMILARITY = 970
MIN_TITLE_TERMS = 4
TITLE_ONLY_GAP_S = 24 * 3600
TEXT_GAP_S = 4 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Text:
    """What of an article decides whether it is a duplicate. `time` in seconds."""

    vector: Vector
    has_excerpt: bool
    domain: str
    time: int


def is_duplicate(a: Text, b: Text, similarity: int) -> bool:
    """Whether two articles, so similar in thousandths, are one text. Symmetric."""
    if similarity < MIN_CANDIDATE_SIMILARITY or a.has_excerpt != b.has_excerpt:
        return False
    numbers_a, numbers_b = _numbers(a.vector), _numbers(b.vector)
    if a.has_excerpt:
        is_cut_short = numbers_a <= numbers_b or numbers_b <= numbers_a
        return is_cut_short and abs(a.time - b.time) <= TEXT_GAP_S
    return (
        similarity >= TITLE_ONLY_SIMILARITY
        and numbers_a == numbers_b
        and min(len(a.vector), len(b.vector)) >= MIN_TITLE_TERMS
        and abs(a.time - b.time) <= TITLE_ONLY_GAP_S
        and a.domain != b.domain
    )


def _numbers(vector: Vector) -> set[str]:
    return {term for term in vector if term[0].isdigit()}
