"""Lane weights: terms count for less where the lane's other texts hold them too.

In: the vector of an arriving text, and how often the lane's texts hold each of its terms. Out: the
vector by which it is compared from then on. In a lane about one subject, the words of that subject
tell nothing; the table of the language cannot know that.

The table counts as TABLE_TEXTS texts, and the lane's texts of that language are added to it
(smoothing with a Dirichlet prior: Zhai & Lafferty 2004). So a new lane follows the table, and a
full one mostly its own texts. Counts are weighed in integers: each machine gets the same weights.

A great story must not make its own words common. So a text counts less for a term that its nearest
earlier texts hold too: a half if one of them does, a third if two do. And two texts do not make a
term common: the first two of each term do not count.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import isqrt

from newsloom.rules.words.terms import UNIT, Vector, square_of, table_weights

TABLE_TEXTS = 1_500
"""How many texts the table of a language counts as."""
NEAREST_TEXTS, NEAREST_COSINE = 8, 300
"""A text is compared with so many nearest earlier texts, those of at least this cosine."""
SHARE = 60
"""What a text counts for a term that none of its nearest texts holds."""
FREE_TEXTS = 2
"""So many texts hold a term before it becomes more common than in the table."""
_MAX_WEIGHT, _MIN_WEIGHT = 921, 60
_SCALE = 10**9
_SHARES = [SHARE // (1 + repeats) for repeats in range(NEAREST_TEXTS + 1)]
# Minus the probability that a text holds a term of each weight: see the weights in `terms`.
_PROBABILITIES = [-round(_SCALE * math.exp(-weight / 100)) for weight in range(_MAX_WEIGHT + 1)]


def share_of(repeats: int) -> int:
    """What a text counts for a term that so many of its nearest texts hold, in units of 1/SHARE."""
    return _SHARES[min(repeats, NEAREST_TEXTS)]


def count_repeats(vector: Vector, nearest: Sequence[Vector]) -> list[int]:
    """For each term of a vector, how many of the `nearest` vectors hold it."""
    return [sum([term in other for other in nearest]) for term in vector]


def mix_weight(table_weight: int, shares: int, texts: int) -> int:
    """The weight of a term, given the `shares` that `texts` texts of the lane count for it."""
    expected = -_PROBABILITIES[min(table_weight, _MAX_WEIGHT)] * TABLE_TEXTS
    counted = max(0, shares - FREE_TEXTS * SHARE)
    probability = (expected + counted * _SCALE // SHARE) // (TABLE_TEXTS + texts)
    return max(_MIN_WEIGHT, min(_MAX_WEIGHT, bisect_left(_PROBABILITIES, -probability)))


def compare_weights(
    terms: Iterable[str], language: str, shares: Iterable[int], texts: int
) -> list[tuple[int, int]]:
    """The weight of each term in the table of the language, and in a lane (see `weigh_in_lane`)."""
    known = table_weights(terms, language)
    return [
        (weight, mix_weight(weight, share, texts))
        for weight, share in zip(known, shares, strict=True)
    ]


def weigh_in_lane(vector: Vector, language: str, shares: Sequence[int], texts: int) -> Vector:
    """The vector with the weights of the lane, again of length UNIT. It has the same terms.

    `shares` are those that the lane's `texts` texts of the language count for each term.
    """
    if not texts:
        return vector
    weights = compare_weights(vector, language, shares, texts)
    raw = {
        term: 1000 * value * in_lane // (in_table or 1)
        for (term, value), (in_table, in_lane) in zip(vector.items(), weights, strict=True)
    }
    length = isqrt(square_of(raw)) or 1
    return {term: max(1, value * UNIT // length) for term, value in raw.items()}
