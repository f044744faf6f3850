"""The matter index: which live articles and stories are near a text.

An inverted index of integer term weights, with the sum of its articles' vectors for each story.
All sums are exact, so that it is a function of what it holds, whatever the order it came in.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.curation.postings import Postings
from newsloom.rules.stories import RELATED_FLOOR, RELATED_LIMIT, WINDOW_S
from newsloom.rules.terms import UNIT, Vector, dot_product

ROUNDING = 0.95
"""What is left of a vector's length at worst once its weights are rounded down."""
MIN_SIMILARITY = 100
"""Articles less near than this (cosine in thousandths) do not speak for their story."""

_FIRST_CAPACITY = 1024


class MatterIndex:
    """Live articles by their terms, and stories by the sums of their articles' vectors.

    `times` and `story_of` hold by an article's number its time in seconds and its story's number.
    To be read, not changed.
    """

    def __init__(self) -> None:
        self._postings = Postings()
        self._articles = _Numbers()
        self._stories = _Numbers()
        self.article_ids = self._articles.names
        self.story_ids = self._stories.names
        self.times: list[int] = []
        self.story_of: NDArray[np.int64] = np.zeros(_FIRST_CAPACITY, dtype=np.int64)
        self._centroids: dict[str, dict[str, int]] = {}
        self._squares: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def centroid(self, story_id: str) -> Vector:
        """The sum of a live story's vectors; not to be changed."""
        return self._centroids[story_id]

    def square(self, story_id: str) -> int:
        """The squared length of a live story's centroid."""
        return self._squares[story_id]

    def add(self, article_id: str, vector: Vector, story_id: str, time: int) -> None:
        """Takes in an article that is not held yet."""
        number = self._articles.take(article_id)
        if number == len(self.times):
            self.times.append(time)
        self.times[number] = time
        if number == len(self.story_of):
            self.story_of = np.resize(self.story_of, 2 * number)
        self._postings.add(number, vector)
        self._add_to_story(vector, story_id)
        self.story_of[number] = self._stories.number(story_id)

    def remove(self, article_id: str, vector: Vector, story_id: str) -> None:
        """Lets go of an article that was taken in with this vector."""
        self._postings.remove(self._articles.free(article_id), vector)
        self._remove_from_story(vector, story_id)

    def move(self, article_id: str, vector: Vector, story_id: str, new_story_id: str) -> None:
        """Moves an article that was taken in with this vector from one story to another."""
        self._remove_from_story(vector, story_id)
        self._add_to_story(vector, new_story_id)
        number = self._articles.number(article_id)
        self.story_of[number] = self._stories.number(new_story_id)

    def compare(self, vector: Vector, without: Collection[str] = ()) -> "Comparison":
        """Compares a text with all live articles, but for those `without`."""
        dots = self._postings.dot_products(vector)
        for article_id in without:
            number = self._articles.number(article_id)
            if number < len(dots):
                dots[number] = 0
        return Comparison(self, dots)

    def canonical(self) -> Any:
        """All it holds in one order, to compare two of them."""
        ids, stories = self._articles.names, self._stories.names
        return [
            [
                (term, sorted((ids[number], weight) for number, weight in found))
                for term, found in self._postings.canonical()
            ],
            sorted(
                (ident, self.times[number], stories[self.story_of[number]])
                for ident, number in self._articles.items()
            ),
            sorted((ident, sorted(vector.items())) for ident, vector in self._centroids.items()),
            sorted(self._squares.items()),
            sorted(self._sizes.items()),
        ]

    def _add_to_story(self, vector: Vector, story_id: str) -> None:
        centroid = self._centroids.get(story_id)
        if centroid is None:
            centroid = self._centroids[story_id] = {}
            self._squares[story_id] = self._sizes[story_id] = 0
            self._stories.take(story_id)
        square = 0
        for term, weight in vector.items():
            held = centroid.get(term, 0)
            centroid[term] = held + weight
            square += (2 * held + weight) * weight
        self._squares[story_id] += square
        self._sizes[story_id] += 1

    def _remove_from_story(self, vector: Vector, story_id: str) -> None:
        centroid = self._centroids[story_id]
        self._sizes[story_id] -= 1
        if not self._sizes[story_id]:
            del self._centroids[story_id], self._squares[story_id], self._sizes[story_id]
            self._stories.free(story_id)
            return
        self._squares[story_id] += dot_product(vector, vector) - 2 * dot_product(vector, centroid)
        for term, weight in vector.items():
            centroid[term] -= weight
            if not centroid[term]:
                del centroid[term]


class Comparison:
    """How near a text is to the live articles and stories, as of the search that made it."""

    def __init__(self, index: MatterIndex, dots: NDArray[np.float64]) -> None:
        self._index = index
        (self._hits,) = (dots >= MIN_SIMILARITY * UNIT).nonzero()
        self._dots = dots[self._hits]

    def nearest(self, time: int) -> dict[str, int]:
        """Similarity in thousandths by id of the articles that can be related to a text of `time`.

        The nearest above the floor and within the window, with all that are as near as the last:
        ties are for the caller to settle.
        """
        index, least = self._index, float(RELATED_FLOOR)
        nearest: dict[str, int] = {}
        scores = self._dots // UNIT
        order = scores.argsort()[::-1]
        for number, score in zip(self._hits[order].tolist(), scores[order].tolist(), strict=True):
            if score < least:
                break
            if abs(index.times[number] - time) <= WINDOW_S:
                nearest[index.article_ids[number]] = int(score)
                if len(nearest) == RELATED_LIMIT:
                    least = score
        return nearest

    def stories(self, least: int) -> dict[str, int]:
        """The dot product of the text with the articles of each story near it, by story id.

        Without those whose similarity cannot reach `least` thousandths.
        """
        sums = np.bincount(self._index.story_of[self._hits], self._dots)
        # A centroid is no shorter than its longest vector: UNIT, but for rounding.
        (numbers,) = (sums >= least * UNIT * ROUNDING).nonzero()
        ids = self._index.story_ids
        pairs = zip(numbers.tolist(), sums[numbers].tolist(), strict=True)
        return {ids[n]: int(dot) for n, dot in pairs}


class _Numbers:
    """Small numbers for names, given out anew once they are free."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._free: list[int] = []

    def take(self, name: str) -> int:
        if self._free:
            number = self._free.pop()
            self.names[number] = name
        else:
            number = len(self.names)
            self.names.append(name)
        self._numbers[name] = number
        return number

    def number(self, name: str) -> int:
        return self._numbers[name]

    def free(self, name: str) -> int:
        number = self._numbers.pop(name)
        self._free.append(number)
        return number

    def items(self) -> Any:
        return self._numbers.items()
