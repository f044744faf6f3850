"""How often the live articles of a lane hold each term, by language.

It is computed from the rows of live articles only: each row says what its article counts. So a
restart, or the same rows in another order, gives the same counts.

The counts are in a table of fixed size, under a checksum of language and term. Terms that share a
place by chance count together. With 200,000 live articles of 32 terms that adds one or two articles
to a count, about as many as are free (`FREE_TEXTS`).
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import numpy as np

from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.rules.words.lane_weights import compare_weights, share_of, weigh_in_lane
from newsloom.rules.words.language import primary_language
from newsloom.rules.words.terms import Vector, counted_language

LITTLE = 0.7
"""The share of its weight in the table up to which a term counts as common in this lane."""
_PLACES = 1 << 22
"""It takes 16 MiB."""


class WordCounts:
    """What the live articles count for each term, and the number of these articles by language."""

    def __init__(self) -> None:
        self._shares = np.zeros(_PLACES, np.int32)
        self._texts: Counter[str] = Counter()

    def add(self, live: LiveArticle, step: int = 1) -> None:
        """Counts an article; with -1 it no longer counts."""
        if not live.repeats:
            return
        language = counted_language(primary_language(live.article["locale"]))
        self._texts[language] += step
        shares = [step * share_of(repeats) for repeats in live.repeats]
        np.add.at(self._shares, _places(live.vector, language), shares)

    def weigh(self, vector: Vector, locale: str) -> Vector:
        """The vector of an arriving text with the weights of this lane."""
        language, shares, texts = self._counts(vector, locale)
        return weigh_in_lane(vector, language, shares, texts)

    def common_here(self, vector: Vector, locale: str) -> list[str]:
        """The terms that weigh at most LITTLE of what the table of the language says, least first.

        They tell little in this lane, because many of its live articles hold them.
        """
        language, shares, texts = self._counts(vector, locale)
        weights = compare_weights(vector, language, shares, texts)
        parts = [
            (in_lane / (in_table or 1), term)
            for term, (in_table, in_lane) in zip(vector, weights, strict=True)
        ]
        return [term for part, term in sorted(parts) if part <= LITTLE]

    def canonical(self) -> Any:
        """All counts in one fixed order, to compare two states."""
        places = self._shares.nonzero()[0].tolist()
        shares = [(place, int(self._shares[place])) for place in places]
        return [shares, sorted((name, texts) for name, texts in self._texts.items() if texts)]

    def _counts(self, vector: Vector, locale: str) -> tuple[str, list[int], int]:
        language = counted_language(primary_language(locale))
        shares: list[int] = self._shares[_places(vector, language)].tolist()
        return language, shares, self._texts[language]


def _places(terms: Iterable[str], language: str) -> list[int]:
    salt = crc32(language.encode())
    return [crc32(term.encode(), salt) % _PLACES for term in terms]
