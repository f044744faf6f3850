"""The matter index: which live articles and stories are near a text.

An inverted index over articles by number, and of each story the length of its centroid (the sum
of its articles' vectors). All sums are exact, so that it is a function of the rows, whatever the
order they came in.
"""

from collections.abc import Collection
from typing import Any

from newsloom.pipeline.curation.articles import LiveArticles
from newsloom.pipeline.curation.postings import Found, Postings, sum_by_key
from newsloom.pipeline.curation.rows import LiveArticle
from newsloom.pipeline.curation.stories import LiveStories
from newsloom.rules.stories import RELATED_FLOOR, RELATED_LIMIT, WINDOW_S
from newsloom.rules.terms import UNIT, Vector, dot_product

ROUNDING = 0.95
"""What is left of a vector's length at worst once its weights are rounded down."""
MIN_SIMILARITY = 100
"""Articles less near than this (cosine in thousandths) do not speak for their story."""
MAX_CENTROIDS = 8_192
"""So many centroids are kept in memory; the others are summed anew when they are asked for."""


class MatterIndex:
    """Searches the live articles of a lane, and the stories they are in."""

    def __init__(self, articles: LiveArticles, stories: LiveStories) -> None:
        self.articles = articles
        self.stories = stories
        self._postings = Postings()
        self._centroids: dict[int, dict[str, int]] = {}

    def add(self, live: LiveArticle) -> None:
        """Takes in an article that was registered, but is in no story yet."""
        self._postings.add(live.placed, live.vector)

    def remove(self, live: LiveArticle) -> None:
        """Lets go of an article that is still registered, but in no story any more."""
        self._postings.remove(live.placed, live.vector)

    def join(self, number: int, vector: Vector) -> None:
        """Adds the vector of an article that is about to join the story with that number."""
        stories = self.stories
        centroid = self._centroid(number)
        square = 0
        for term, weight in vector.items():
            held = centroid.get(term, 0)
            centroid[term] = held + weight
            square += (2 * held + weight) * weight
        stories.square[number] += square

    def leave(self, number: int, vector: Vector) -> None:
        """Takes off the vector of an article that is about to leave the story with that number."""
        stories = self.stories
        if stories.size[number] == 1:
            stories.square[number] = 0
            self._centroids.pop(number, None)
            return
        centroid = self._centroid(number)
        square = dot_product(vector, vector) - 2 * dot_product(vector, centroid)
        stories.square[number] += square
        for term, weight in vector.items():
            centroid[term] -= weight
            if not centroid[term]:
                del centroid[term]

    def settle(self) -> None:
        """Completes an index over articles that were added and registered, but not joined."""
        self._postings.settle()
        for number in self.stories.numbers():
            centroid = self._sum(number)
            self.stories.square[number] = sum([weight * weight for weight in centroid.values()])

    def centroid(self, story_id: str) -> Vector:
        """The sum of a live story's vectors; not to be changed."""
        number = self.stories.find(story_id)
        assert number is not None, f"{story_id} is no story"
        return self._centroid(number)

    def square(self, story_id: str) -> int:
        """The squared length of a live story's centroid."""
        number = self.stories.find(story_id)
        assert number is not None, f"{story_id} is no story"
        return self.stories.square[number]

    def compare(self, vector: Vector, without: Collection[str] = ()) -> "Comparison":
        """Compares a text with all live articles, but for those `without`."""
        numbers = {self.articles.register.find(article_id) for article_id in without}
        found = self._postings.search(vector, MIN_SIMILARITY * UNIT)
        for number in numbers:
            found.dots[found.numbers == number] = 0
        return Comparison(self, vector, found)

    def canonical(self) -> Any:
        """All it holds in one order, to compare two of them."""
        register, stories = self.articles.register, self.stories
        numbers = list(map(register.find, register))
        return [
            self._postings.canonical(),
            [
                (
                    number,
                    register.event_at[slot],
                    register.leaves_at[slot],
                    register.sequence[slot],
                    register.rank(number),
                    stories.id_of(register.story[slot]),
                )
                for number in numbers
                if number
                for slot in (register.slot(number),)
            ],
            sorted(
                (
                    stories.id_of(number),
                    stories.size[number],
                    stories.square[number],
                    sorted(self._centroid(number).items()),
                )
                for number in stories.numbers()
            ),
        ]

    def _centroid(self, number: int) -> dict[str, int]:
        centroid = self._centroids.get(number)
        if centroid is None:
            centroid = self._centroids[number] = self._sum(number)
            if len(self._centroids) > MAX_CENTROIDS:
                del self._centroids[next(iter(self._centroids))]
        return centroid

    def _sum(self, number: int) -> dict[str, int]:
        register = self.articles.register
        centroid: dict[str, int] = {}
        for article in self.stories.articles(number):
            for term, weight in self.articles[register.id_of(article)].vector.items():
                centroid[term] = centroid.get(term, 0) + weight
        return centroid


class Comparison:
    """How near a text is to the live articles and stories, as of the search that made it."""

    def __init__(self, index: MatterIndex, vector: Vector, found: Found) -> None:
        self._index = index
        self._vector = vector
        self._numbers, self._dots, self.is_partial = found

    def nearest(self, time: int) -> dict[str, int]:
        """Similarity in thousandths by id of the articles that can be related to a text of `time`.

        The nearest above the floor and within the window, with all that are as near as the last:
        ties are for the caller to settle.
        """
        articles = self._index.articles
        register = articles.register
        event_at, slot, id_of = register.event_at, register.slot, register.id_of
        least = RELATED_FLOOR
        nearest: dict[str, int] = {}
        scores = self._dots // UNIT
        order = scores.argsort()[::-1]
        pairs = zip(self._numbers[order].tolist(), scores[order].tolist(), strict=True)
        for number, score in pairs:
            if score < least:
                break
            if abs(event_at[slot(number)] - time) <= WINDOW_S:
                nearest[id_of(number)] = score
                if len(nearest) == RELATED_LIMIT:
                    least = score
        if not self.is_partial:
            return nearest
        return {i: dot_product(self._vector, articles[i].vector) // UNIT for i in nearest}

    def stories(self, least: int) -> dict[str, int]:
        """The dot product of the text with the articles of each story near it, by story id.

        Without those whose similarity cannot reach `least` thousandths.
        """
        register, stories = self._index.articles.register, self._index.stories
        numbers, sums = sum_by_key(register.stories(self._numbers), self._dots)
        # A centroid is no shorter than its longest vector: UNIT, but for rounding.
        (near,) = (sums >= least * UNIT * ROUNDING).nonzero()
        pairs = zip(numbers[near].tolist(), sums[near].tolist(), strict=True)
        return {stories.id_of(number): dot for number, dot in pairs}
