"""The facts about the articles of a labelled stream that do not depend on the story weights.

In: a stream. Out: for each article its vector in the lane, its neighbours, its root, and the
articles that leave the window before it. The real pipeline finds them once, for `story_replay`.
"""

import sys
from collections.abc import Collection
from typing import NamedTuple

from benchmarks.stories import Stream
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.search_index import SearchIndex, SearchResult
from newsloom.pipeline.lane.state import State
from newsloom.rules.evidence import ArticleVector, article_vector
from newsloom.rules.words.terms import Vector


class Facts(NamedTuple):
    """The facts about an article.

    Other articles are named by their numbers in the stream.
    """

    vector: Vector
    compared: ArticleVector
    is_bare: bool
    """Whether it has no excerpt."""
    time: int
    root: int | None
    """The article of which it is a duplicate."""
    dots: list[tuple[int, int]]
    """The earlier articles that the search found, each with the dot product."""
    nearest: dict[int, int]
    """The nearest of these with their cosines. They count as votes for their stories."""
    leaving: list[int]
    """The articles that leave the window before this one is placed."""


class _Recorder(SearchIndex):
    """A search index that keeps the last search result."""

    last: SearchResult

    def search(self, live: LiveArticle, without: Collection[str] = ()) -> SearchResult:
        self.last = super().search(live, without)
        return self.last


def find_facts(stream: Stream) -> list[Facts]:
    """The facts about each article, found by the real pipeline with the default weights.

    Raises ValueError if an article arrives twice, since the replay would then differ from the
    pipeline.
    """
    state = State()
    state.index = index = _Recorder(state.articles, state.stories, state.index.centroids)
    numbers: dict[str, int] = {}
    for number, arrival in enumerate(stream.arrivals):
        if numbers.setdefault(arrival.article["id"], number) != number:
            raise ValueError(
                f"arrival {number + 1} ({arrival.article['webUrl']}) is an article that arrived "
                "before: use a stream of distinct articles"
            )
    found: list[Facts] = []
    for arrival in stream.arrivals:
        leaving: list[int] = []
        while (changes := decide(state, arrival, max_step=sys.maxsize)).outcome is None:
            leaving += [numbers[article_id] for article_id in changes.articles.removed]
            changes.apply()
        leaving += [numbers[article_id] for article_id in changes.articles.removed]
        live = changes.articles[arrival.article["id"]]
        nearest = index.last.nearest()
        found.append(
            Facts(
                vector=live.vector,
                compared=article_vector(live.vector, live.title_terms),
                is_bare="excerpt" not in live.article,
                time=live.event_at,
                root=numbers[live.duplicate_of] if live.duplicate_of else None,
                dots=[(placed - 1, dot) for placed, dot in index.last.found.pairs()],
                nearest={numbers[i]: cosine for i, cosine in nearest.items()},
                leaving=leaving,
            )
        )
        changes.apply()
    return found
