"""The matter index: which live articles and stories are near a text.

An inverted index over articles by number, and of each story the length of its centroid (the sum
of its articles' vectors). All sums are exact, so that it is a function of the rows, whatever the
order they came in.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from newsloom.pipeline.lane.live_articles import LiveArticles
from newsloom.pipeline.lane.live_stories import LiveStories
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.search import ranking_kernels
from newsloom.pipeline.search.centroid_cache import CentroidCache, TermSums
from newsloom.pipeline.search.postings import MAX_LEAVING, Found, Postings, hash_terms
from newsloom.rules.evidence import Centroid, neighbour_evidence
from newsloom.rules.stories import (
    RELATED_FLOOR,
    RELATED_LIMIT,
    WINDOW_S,
    is_within_reach,
    story_similarity,
)
from newsloom.rules.words.terms import UNIT, Vector, add_to, dot_product, square_of

ROUNDING = 0.95
"""What is left of a vector's length at worst once its weights are rounded down."""
MIN_SIMILARITY = 100
"""Articles less near than this (cosine in thousandths) do not speak for their story."""


class SearchIndex:
    """Searches the live articles of a lane, and the stories they are in."""

    def __init__(
        self, articles: LiveArticles, stories: LiveStories, centroids: CentroidCache
    ) -> None:
        self.articles = articles
        self.stories = stories
        self.postings = Postings()
        self.centroids = centroids

    def add(self, live: LiveArticle) -> None:
        """Takes in an article that was registered, but is in no story yet."""
        self.postings.add(live.placed, live.terms)

    def remove(self, article: int) -> None:
        """Lets go of an article that is still registered, but in no story any more."""
        first = self.articles.table.oldest(article + 1) or article
        if article - first < MAX_LEAVING:
            self.postings.forget(article, first)
        else:
            self.postings.remove(article, hash_terms(self._vector(article)))

    def join(self, number: int, vector: Vector) -> None:
        """Adds the vector of an article that is about to join the story with that number."""
        if not self.stories.size[number]:
            self.stories.square[number] = square_of(vector)
            return
        before, centroid = self.square(number), self._sum(number)
        dot = dot_product(vector, centroid)
        self.stories.square[number] = before + 2 * dot + square_of(vector)
        add_to(centroid, vector)

    def leave(self, number: int, article: int) -> None:
        """Takes off the vector of an article that is about to leave the story with that number."""
        if self.stories.size[number] == 1:
            self.centroids.forget(number)
            return
        centroid = self.centroids.at_hand(number)
        if centroid is None:  # nobody asked for long, and may never again
            self.centroids.forget(number)
            self.stories.square[number] = 0
            return
        before, vector = self.square(number), self._vector(article)
        square = square_of(vector) - 2 * dot_product(vector, centroid)
        self.stories.square[number] = before + square
        for term, weight in vector.items():
            centroid[term] -= weight
            if not centroid[term]:
                del centroid[term]

    def settle(self) -> None:
        """Completes an index over articles that were added and registered, but not joined."""
        self.postings.settle()

    def square(self, number: int) -> int:
        """The squared length of the centroid of the story with that number."""
        square = self.stories.square[number]
        if not square:  # nobody asked since the lane was restored, or it lost an article
            centroid = self.centroid(number).terms
            square = self.stories.square[number] = square_of(centroid)
        return square

    def centroid(self, number: int) -> Centroid:
        """What the story with that number is about; not to be changed."""
        size = self.stories.size[number]
        if size > 1:
            return Centroid(self._sum(number), size)
        (article,) = self.stories.articles(number)
        return Centroid(self._vector(article), size)

    def compare(self, live: LiveArticle, without: Collection[str] = ()) -> "SearchResult":
        """Compares an article, live or to be, with all that are live but those `without`."""
        table = self.articles.table
        gone = [n for n in map(table.find, without) if n is not None]
        found = self.postings.search(live.terms, MIN_SIMILARITY * UNIT, gone, table.numbers)
        return SearchResult(self, live.event_at, found)

    def canonical(self) -> Any:
        """All it holds in one order, to compare two of them."""
        table, stories = self.articles.table, self.stories
        numbers = list(map(table.find, table))
        return [
            self.postings.canonical(table.numbers),
            [
                (
                    number,
                    table.event_at[slot],
                    table.leaves_at[slot],
                    table.sequence[slot],
                    table.rank(number),
                    stories.id_of(table.story[slot]),
                )
                for number in numbers
                if number
                for slot in (table.slot(number),)
            ],
            sorted(
                (
                    stories.id_of(number),
                    stories.size[number],
                    self.square(number),
                    sorted(self.centroid(number).terms.items()),
                )
                for number in stories.numbers()
            ),
        ]

    def _sum(self, number: int) -> TermSums:
        """The sum of the vectors of the story with that number, to be changed as the story does."""
        total = self.centroids.get(number)
        if total is None:
            total = self._add_up(number)
            self.centroids.keep(number, total)
        return total

    def _add_up(self, number: int) -> TermSums:
        total: TermSums = {}
        for article in self.stories.articles(number):
            add_to(total, self._vector(article))
        return total

    def _vector(self, article: int) -> Vector:
        return self.articles.vector(self.articles.table.id_of(article))


class NearbyStory(NamedTuple):
    """A live story that a text may belong to. Times in seconds."""

    id: str
    centroid: Centroid
    """Not to be changed."""
    square: int
    """The squared length of its centroid."""
    first_at: int
    last_at: int
    nearest: int
    """Cosine to the nearest of its articles in thousandths, if that is among the nearest of all."""
    two_nearest: int
    """Mean of the cosines to the two nearest of its articles; to the nearest if there is one."""
    votes: int
    """Its share, in thousandths, in the cosines of the nearest of all."""


class SearchResult:
    """How near a text is to the live articles and stories, as of the search that made it."""

    def __init__(self, index: SearchIndex, time: int, found: Found) -> None:
        """`found` are the articles that are near the text, of `time` in seconds."""
        self._index = index
        self._time = time
        self.found = found
        table = index.articles.table
        near, cosines = ranking_kernels.nearest(
            *found, table.times, time, WINDOW_S, UNIT, RELATED_FLOOR, RELATED_LIMIT
        )
        self._near = dict(Found(near, cosines).pairs())

    def nearest(self) -> dict[str, int]:
        """Similarity in thousandths by id of the articles that can be related to the text.

        The nearest above the floor and within the window, with all that are as near as the last:
        ties are for the caller to settle.
        """
        id_of = self._index.articles.table.id_of
        return {id_of(number): similarity for number, similarity in self._near.items()}

    def stories(self, least: int, limit: int) -> list[NearbyStory]:
        """The stories nearest to the text of those not silent for too long before or after it.

        Of those whose cosine can reach `least` thousandths, at most `limit`, the nearest first by
        those of their articles that are near, ties by lowest id.
        """
        index, stories = self._index, self._index.stories
        # A centroid is no shorter than its longest vector: UNIT, but for rounding.
        least_sum = round(least * UNIT * ROUNDING)
        told = ranking_kernels.sum_by_story(*self.found, index.articles.table.stories, least_sum)
        ranked = []
        for number, dot in Found(*told).pairs():
            if is_within_reach(self._time, stories.first_at[number], stories.last_at[number]):
                minus_cosine = -story_similarity(dot, index.square(number))
                ranked.append((minus_cosine, stories.id_of(number), number))
        ranked.sort()
        near, total = self._near_by_story(), sum(self._near.values())
        return [
            NearbyStory(
                story_id,
                index.centroid(number),
                index.square(number),
                stories.first_at[number],
                stories.last_at[number],
                *neighbour_evidence(near.get(number, ()), total),
            )
            for _, story_id, number in ranked[:limit]
        ]

    def _near_by_story(self) -> dict[int, list[int]]:
        """The cosines of the nearest articles, by the story they are in."""
        table = self._index.articles.table
        cosines: dict[int, list[int]] = {}
        for number, cosine in self._near.items():
            cosines.setdefault(table.story[table.slot(number)], []).append(cosine)
        return cosines
