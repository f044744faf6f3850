"""The search index of a lane: which live articles and stories are near a text.

It holds an inverted index over the live articles by number, and for each story the squared length
of its centroid. All sums are exact integers, so the index is a function of the set of rows; it does
not depend on their order.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from newsloom.pipeline.lane.live.live_articles import LiveArticles
from newsloom.pipeline.lane.live.live_stories import LiveStories
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.search import ranking_kernels
from newsloom.pipeline.search.centroid_cache import CentroidCache, TermSums
from newsloom.pipeline.search.postings import MAX_MARKED_DISTANCE, Found, Postings, hash_terms
from newsloom.rules.evidence import Centroid, neighbour_evidence
from newsloom.rules.stories import (
    MAX_RELATED,
    RELATED_FLOOR,
    WINDOW_S,
    is_within_reach,
    story_similarity,
)
from newsloom.rules.words.terms import UNIT, Vector, add_to, dot_product, square_of

MIN_LENGTH_RATIO = 0.95
"""The least ratio of a vector's length to UNIT: its weights are rounded down."""
MIN_SIMILARITY = 100
"""Articles below this cosine (in thousandths) do not count for their story."""
MAX_NEAREST = 128
"""The most neighbours of a text. Thousands of copies of one text are equally near."""


class SearchIndex:
    """Searches the live articles of a lane, and the stories that they belong to.

    A story is given by its number in LiveStories, an article by its number in the article table.
    """

    def __init__(
        self, articles: LiveArticles, stories: LiveStories, centroids: CentroidCache
    ) -> None:
        self.articles = articles
        self.stories = stories
        self.postings = Postings()
        self.centroids = centroids

    def add(self, live: LiveArticle) -> None:
        """Adds an article that is in the article table, but in no story yet."""
        self.postings.add(live.placed, live.terms)

    def remove(self, article: int) -> None:
        """Removes an article that is still in the article table, but in no story any more."""
        first = self.articles.table.oldest(article + 1) or article
        if article - first < MAX_MARKED_DISTANCE:
            self.postings.mark_removed(article, first)
        else:
            self.postings.remove(article, hash_terms(self._vector(article)))

    def add_to_story(self, number: int, vector: Vector) -> None:
        """Adds a vector to a story's centroid. Call it before the article joins the story."""
        if not self.stories.size[number]:
            self.stories.square[number] = square_of(vector)
            return
        before, centroid = self.square(number), self._centroid_terms(number)
        dot = dot_product(vector, centroid)
        self.stories.square[number] = before + 2 * dot + square_of(vector)
        add_to(centroid, vector)

    def take_from_story(self, number: int, article: int) -> None:
        """Subtracts an article's vector from a story's centroid. Call it before it leaves."""
        if self.stories.size[number] == 1:
            self.centroids.discard(number)
            return
        centroid = self.centroids.peek(number)
        if centroid is None:
            # It was not used recently: compute it again only when it is needed.
            self.centroids.discard(number)
            self.stories.square[number] = 0
            return
        before, vector = self.square(number), self._vector(article)
        square = square_of(vector) - 2 * dot_product(vector, centroid)
        self.stories.square[number] = before + square
        for term, weight in vector.items():
            centroid[term] -= weight
            if not centroid[term]:
                del centroid[term]

    def finish_restore(self) -> None:
        """Sorts the postings, after articles were added in any order."""
        self.postings.sort()

    def square(self, number: int) -> int:
        """The squared length of a story's centroid."""
        square = self.stories.square[number]
        if not square:  # not computed since the restore, or since an article left
            square = self.stories.square[number] = square_of(self.centroid(number).terms)
        return square

    def centroid(self, number: int) -> Centroid:
        """The centroid of a story. It is read-only."""
        size = self.stories.size[number]
        if size > 1:
            return Centroid(self._centroid_terms(number), size)
        (article,) = self.stories.articles(number)
        return Centroid(self._vector(article), size)

    def search(self, live: LiveArticle, without: Collection[str] = ()) -> "SearchResult":
        """The articles and stories near an article, live or not. Skips the articles `without`."""
        table = self.articles.table
        excluded = [n for n in map(table.find, without) if n is not None]
        found = self.postings.search(live.terms, MIN_SIMILARITY * UNIT, excluded, table.numbers)
        return SearchResult(self, live, found)

    def canonical(self) -> Any:
        """The whole content in one fixed order, to compare two indexes."""
        table = self.articles.table
        numbers = filter(None, map(table.find, table))
        return [
            self.postings.canonical(table.numbers),
            [self._canonical_article(number) for number in numbers],
            sorted(map(self._canonical_story, self.stories.numbers())),
        ]

    def _canonical_article(self, number: int) -> tuple[Any, ...]:
        table, slot = self.articles.table, self.articles.table.slot(number)
        times = (table.event_at[slot], table.leaves_at[slot])
        story_id = self.stories.id_of(table.story[slot])
        return number, *times, table.sequence[slot], table.rank(number), story_id

    def _canonical_story(self, number: int) -> tuple[Any, ...]:
        terms = sorted(self.centroid(number).terms.items())
        return self.stories.id_of(number), self.stories.size[number], self.square(number), terms

    def _centroid_terms(self, number: int) -> TermSums:
        """The summed vectors of a story, to be changed in place as the story changes."""
        sums = self.centroids.get(number)
        if sums is None:
            sums = {}
            for article in self.stories.articles(number):
                add_to(sums, self._vector(article))
            self.centroids.put(number, sums)
        return sums

    def _vector(self, article: int) -> Vector:
        return self.articles.vector(self.articles.table.id_of(article))


class NearbyStory(NamedTuple):
    """A live story that a text may belong to. Times are in Unix seconds."""

    id: str
    centroid: Centroid
    """Read-only."""
    square: int
    """The squared length of the centroid."""
    first_at: int
    last_at: int
    nearest: int
    """The cosine to its nearest article in thousandths; 0 if no neighbour is in the story."""
    two_nearest: int
    """The mean cosine to its two nearest articles; the cosine to the nearest if there is one."""
    votes: int
    """The story's share, in thousandths, of the sum of the cosines of all neighbours."""


class SearchResult:
    """What a search found: the articles near a text, and the stories that they belong to."""

    def __init__(self, index: SearchIndex, live: LiveArticle, found: Found) -> None:
        """`found` are the articles that share terms with `live`."""
        self._index = index
        self._time = live.event_at
        self.found = found
        times = index.articles.table.times
        nearest = Found(
            *ranking_kernels.nearest(
                *found, times, self._time, WINDOW_S, UNIT, RELATED_FLOOR, MAX_RELATED
            )
        )
        if len(nearest.numbers) > MAX_NEAREST:
            nearest = self._cut(nearest, live.article["id"])
        self._neighbours = dict(nearest.pairs())

    def _cut(self, nearest: Found, article_id: str) -> Found:
        """The MAX_NEAREST nearest articles, ties by the lowest (id XOR `article_id`)."""
        numbers, cosines = nearest
        first, last = self._index.articles.table.distances(numbers, article_id)
        chosen = np.lexsort((last, first, -cosines))[:MAX_NEAREST]
        return Found(numbers[chosen], cosines[chosen])

    def nearest(self) -> dict[str, int]:
        """The articles that can be related to the text: similarity in thousandths by id.

        They are the MAX_RELATED nearest within the window, and the ties with the last of them, at
        most MAX_NEAREST; each cosine is at least RELATED_FLOOR.
        """
        id_of = self._index.articles.table.id_of
        return {id_of(number): similarity for number, similarity in self._neighbours.items()}

    def stories(self, min_cosine: int, limit: int) -> list[NearbyStory]:
        """At most `limit` stories, those with the highest cosine first, ties by lowest id.

        Skips stories whose cosine cannot reach `min_cosine` (in thousandths), and those whose time
        span is too far from the text (`is_within_reach`).
        """
        index, stories, ranked = self._index, self._index.stories, self._rank_stories(min_cosine)
        cosines, total = self._cosines_by_story(), sum(self._neighbours.values())
        return [
            NearbyStory(
                story_id,
                index.centroid(number),
                index.square(number),
                stories.first_at[number],
                stories.last_at[number],
                *neighbour_evidence(cosines.get(number, ()), total),
            )
            for _, story_id, number in ranked[:limit]
        ]

    def _rank_stories(self, min_cosine: int) -> list[tuple[int, str, int]]:
        """Sorted: (minus the cosine to the found articles, id, number) of each possible story."""
        index, stories, ranked = self._index, self._index.stories, []
        # A centroid is no shorter than its longest vector: UNIT, less the rounding.
        min_dot = round(min_cosine * UNIT * MIN_LENGTH_RATIO)
        sums = ranking_kernels.sum_by_story(*self.found, index.articles.table.stories, min_dot)
        for number, dot in Found(*sums).pairs():
            if is_within_reach(self._time, stories.first_at[number], stories.last_at[number]):
                minus_cosine = -story_similarity(dot, index.square(number))
                ranked.append((minus_cosine, stories.id_of(number), number))
        return sorted(ranked)

    def _cosines_by_story(self) -> dict[int, list[int]]:
        """The cosines of the neighbours, by the number of their story."""
        table = self._index.articles.table
        cosines: dict[int, list[int]] = {}
        for number, cosine in self._neighbours.items():
            cosines.setdefault(table.story[table.slot(number)], []).append(cosine)
        return cosines
