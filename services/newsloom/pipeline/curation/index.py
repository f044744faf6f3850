"""The matter index: which live articles and stories are near a text.

An inverted index of integer term weights, with the sum of its articles' vectors for each story.
All sums are exact, so that it is a function of what it holds, whatever the order it came in.
"""

from collections.abc import Mapping
from typing import Any

from newsloom.rules.terms import UNIT, Vector, dot_product

MIN_SIMILARITY = 80
"""Articles less near than this (cosine in thousandths) are not worth a look."""

_NO_POSTINGS: Mapping[str, int] = {}


class MatterIndex:
    """Live articles by their terms, and stories by the sums of their articles' vectors.

    `vectors` holds those of the live articles by id: to be read, not changed.
    """

    def __init__(self) -> None:
        self.vectors: dict[str, Vector] = {}
        self._postings: dict[str, dict[str, int]] = {}
        self._centroids: dict[str, dict[str, int]] = {}
        self._squares: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def centroid(self, story_id: str) -> Vector:
        """The sum of a live story's vectors; not to be changed."""
        return self._centroids[story_id]

    def square(self, story_id: str) -> int:
        """The squared length of a live story's centroid."""
        return self._squares[story_id]

    def add(self, article_id: str, vector: Vector, story_id: str) -> None:
        """Takes in an article that is not held yet."""
        self.vectors[article_id] = vector
        for term, weight in vector.items():
            postings = self._postings.get(term)
            if postings is None:
                self._postings[term] = {article_id: weight}
            else:
                postings[article_id] = weight
        self._add_to_story(vector, story_id)

    def remove(self, article_id: str, story_id: str) -> None:
        """Lets go of a held article."""
        vector = self.vectors.pop(article_id)
        for term in vector:
            postings = self._postings[term]
            del postings[article_id]
            if not postings:
                del self._postings[term]
        self._remove_from_story(vector, story_id)

    def move(self, article_id: str, story_id: str, new_story_id: str) -> None:
        """Moves a held article from one story to another."""
        vector = self.vectors[article_id]
        self._remove_from_story(vector, story_id)
        self._add_to_story(vector, new_story_id)

    def similarities(self, vector: Vector) -> dict[str, int]:
        """Live articles near `vector`: cosine in thousandths by id, in no telling order."""
        dots: dict[str, int] = {}
        known = dots.get
        for term, weight in vector.items():
            for article_id, other_weight in self._postings.get(term, _NO_POSTINGS).items():
                dots[article_id] = known(article_id, 0) + weight * other_weight
        least = MIN_SIMILARITY * UNIT
        return {article_id: dot // UNIT for article_id, dot in dots.items() if dot >= least}

    def canonical(self) -> Any:
        """All it holds in one order, to compare two of them."""
        return [
            sorted((ident, sorted(vector.items())) for ident, vector in self.vectors.items()),
            sorted((term, sorted(found.items())) for term, found in self._postings.items()),
            sorted((ident, sorted(vector.items())) for ident, vector in self._centroids.items()),
            sorted(self._squares.items()),
            sorted(self._sizes.items()),
        ]

    def _add_to_story(self, vector: Vector, story_id: str) -> None:
        centroid = self._centroids.setdefault(story_id, {})
        square = 0
        for term, weight in vector.items():
            held = centroid.get(term, 0)
            centroid[term] = held + weight
            square += (2 * held + weight) * weight
        self._squares[story_id] = self._squares.get(story_id, 0) + square
        self._sizes[story_id] = self._sizes.get(story_id, 0) + 1

    def _remove_from_story(self, vector: Vector, story_id: str) -> None:
        centroid = self._centroids[story_id]
        self._sizes[story_id] -= 1
        if not self._sizes[story_id]:
            del self._centroids[story_id], self._squares[story_id], self._sizes[story_id]
            return
        self._squares[story_id] += dot_product(vector, vector) - 2 * dot_product(vector, centroid)
        for term, weight in vector.items():
            centroid[term] -= weight
            if not centroid[term]:
                del centroid[term]
