"""The matter index: which live articles and stories are near a text.

An inverted index over articles by number, and of each story the length of its centroid (the sum
of its articles' vectors). All sums are exact, so that it is a function of the rows, whatever the
order they came in.
"""

from collections import OrderedDict
from collections.abc import Collection
from operator import methodcaller
from typing import Any, NamedTuple

from newsloom.pipeline.curation.articles import LiveArticles
from newsloom.pipeline.curation.postings import Found, Postings, sum_by_key
from newsloom.pipeline.curation.rows import LiveArticle
from newsloom.pipeline.curation.stories import LiveStories
from newsloom.rules.stories import (
    RELATED_FLOOR,
    RELATED_LIMIT,
    WINDOW_S,
    is_within_reach,
    story_similarity,
)
from newsloom.rules.terms import UNIT, Vector, dot_product

ROUNDING = 0.95
"""What is left of a vector's length at worst once its weights are rounded down."""
MIN_SIMILARITY = 100
"""Articles less near than this (cosine in thousandths) do not speak for their story."""
MAX_SUMS = 8_192
"""So many centroids of several articles are kept; others are summed anew when asked for."""


class MatterIndex:
    """Searches the live articles of a lane, and the stories they are in."""

    def __init__(self, articles: LiveArticles, stories: LiveStories) -> None:
        self.articles = articles
        self.stories = stories
        self._postings = Postings()
        self._sums: OrderedDict[int, dict[str, int]] = OrderedDict()

    def add(self, live: LiveArticle) -> None:
        """Takes in an article that was registered, but is in no story yet."""
        self._postings.add(live.placed, live.vector)

    def remove(self, live: LiveArticle) -> None:
        """Lets go of an article that is still registered, but in no story any more."""
        self._postings.remove(live.placed, live.vector)

    def join(self, number: int, vector: Vector) -> None:
        """Adds the vector of an article that is about to join the story with that number."""
        if not self.stories.size[number]:
            self.stories.square[number] = dot_product(vector, vector)
            return
        centroid = self._sum(number)
        square = 0
        for term, weight in vector.items():
            held = centroid.get(term, 0)
            centroid[term] = held + weight
            square += (2 * held + weight) * weight
        self.stories.square[number] += square

    def leave(self, number: int, vector: Vector) -> None:
        """Takes off the vector of an article that is about to leave the story with that number."""
        if self.stories.size[number] == 1:
            self._sums.pop(number, None)
            return
        centroid = self._sum(number)
        square = dot_product(vector, vector) - 2 * dot_product(vector, centroid)
        self.stories.square[number] += square
        for term, weight in vector.items():
            centroid[term] -= weight
            if not centroid[term]:
                del centroid[term]

    def settle(self) -> None:
        """Completes an index over articles that were added and registered, but not joined.

        The squares of stories of one article are known.
        """
        self._postings.settle()
        for number in self.stories.numbers():
            if self.stories.size[number] > 1:
                total = self._add_up(number)
                self.stories.square[number] = dot_product(total, total)

    def centroid(self, number: int) -> Vector:
        """The sum of the vectors of the story with that number; not to be changed."""
        if self.stories.size[number] == 1:
            (article,) = self.stories.articles(number)
            return self.articles.vector(self.articles.register.id_of(article))
        return self._sum(number)

    def compare(self, vector: Vector, time: int, without: Collection[str] = ()) -> "Comparison":
        """Compares a text, of `time` in seconds, with all live articles but those `without`."""
        found = self._postings.search(vector, MIN_SIMILARITY * UNIT)
        for article_id in without:
            number = self.articles.register.find(article_id)
            if number is not None:
                found.dots[found.numbers == number] = 0
        return Comparison(self, vector, time, found)

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
                    sorted(self.centroid(number).items()),
                )
                for number in stories.numbers()
            ),
        ]

    def _sum(self, number: int) -> dict[str, int]:
        """The sum of the vectors of the story with that number, kept for as long as there is room
        and to be changed as the story does.
        """
        if number not in self._sums:
            self._sums[number] = self._add_up(number)
            if len(self._sums) > MAX_SUMS:
                self._sums.popitem(last=False)
        return self._sums[number]

    def _add_up(self, number: int) -> dict[str, int]:
        register = self.articles.register
        total: dict[str, int] = {}
        for article in self.stories.articles(number):
            for term, weight in self.articles.vector(register.id_of(article)).items():
                total[term] = total.get(term, 0) + weight
        return total


class NearStory(NamedTuple):
    """A live story that a text may belong to. Cosines in thousandths, times in seconds."""

    id: str
    cosine: int
    """To its centroid."""
    size: int
    first_at: int
    last_at: int
    centroid: Vector
    """Not to be changed."""
    nearest: int
    """Cosine to the nearest of its articles, if that is among the nearest of all."""
    votes: int
    """Its share, in thousandths, in the cosines of the nearest of all."""


class Comparison:
    """How near a text is to the live articles and stories, as of the search that made it."""

    def __init__(self, index: MatterIndex, vector: Vector, time: int, found: Found) -> None:
        self._index = index
        self._vector = vector
        self._time = time
        self._found = found
        self._near = self._find_nearest()

    def nearest(self) -> dict[str, int]:
        """Similarity in thousandths by id of the articles that can be related to the text.

        The nearest above the floor and within the window, with all that are as near as the last:
        ties are for the caller to settle.
        """
        id_of = self._index.articles.register.id_of
        return {id_of(number): similarity for number, similarity in self._near.items()}

    def stories(self, least: int, limit: int) -> list[NearStory]:
        """The stories nearest to the text of those not silent for too long before or after it.

        Of those whose cosine can reach `least` thousandths, at most `limit`, the nearest first,
        ties by lowest id.
        """
        stories, (numbers, dots, is_partial) = self._index.stories, self._found
        of_articles = self._index.articles.register.stories(numbers)
        # A centroid is no shorter than its longest vector: UNIT, but for rounding.
        found = sum_by_key(of_articles, dots, int(least * UNIT * ROUNDING))
        ranked = []
        for number, dot in zip(*map(methodcaller("tolist"), found), strict=True):
            if is_within_reach(self._time, stories.first_at[number], stories.last_at[number]):
                ranked.append((-story_similarity(dot, stories.square[number]), number))
        ranked.sort()
        last = ranked[limit - 1][0] if len(ranked) >= limit else 0
        best = sorted((minus, stories.id_of(n), n) for minus, n in ranked if minus <= last)
        nearest, sums = self._votes()
        total = sum(sums.values()) or 1
        near = []
        for minus_cosine, story_id, number in best[:limit]:
            centroid, cosine = self._index.centroid(number), -minus_cosine
            if is_partial:
                dot = dot_product(self._vector, centroid)
                cosine = story_similarity(dot, stories.square[number])
            first_at, last_at = stories.first_at[number], stories.last_at[number]
            size, votes = stories.size[number], 1000 * sums.get(number, 0) // total
            best_of_story = nearest.get(number, 0)
            near.append(
                NearStory(story_id, cosine, size, first_at, last_at, centroid, best_of_story, votes)
            )
        return near

    def _find_nearest(self) -> dict[int, int]:
        register, least = self._index.articles.register, RELATED_FLOOR
        numbers, dots, _ = self._found
        event_at, slot = register.event_at, register.slot
        nearest: dict[int, int] = {}
        (near,) = (dots >= RELATED_FLOOR * UNIT).nonzero()
        numbers, scores = numbers[near], dots[near] // UNIT
        order = scores.argsort()[::-1]
        for number, score in zip(numbers[order].tolist(), scores[order].tolist(), strict=True):
            if score < least:
                break
            if abs(event_at[slot(number)] - self._time) <= WINDOW_S:
                nearest[number] = score
                if len(nearest) == RELATED_LIMIT:
                    least = score
        return nearest

    def _votes(self) -> tuple[dict[int, int], dict[int, int]]:
        """By story: the cosine of the nearest of its articles, and the sum over all the nearest."""
        register = self._index.articles.register
        best: dict[int, int] = {}
        sums: dict[int, int] = {}
        for number, similarity in self._near.items():
            story = register.story[register.slot(number)]
            sums[story] = sums.get(story, 0) + similarity
            if similarity > best.get(story, 0):
                best[story] = similarity
        return best, sums
