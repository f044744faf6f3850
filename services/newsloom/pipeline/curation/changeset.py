"""A changeset: everything that one arrival changes in a lane, before the state is touched.

`decide` fills it and `build_records` completes it. `apply` writes its rows to the state; it decides
nothing. It raises OSError if the spill file cannot be written.
"""

from collections.abc import Mapping

from newsloom.pipeline.curation.changed_articles import ChangedArticles
from newsloom.pipeline.curation.changed_stories import ChangedStories
from newsloom.pipeline.lane.rows import (
    LANE_KEY,
    LaneRow,
    LiveArticle,
    article_key,
    encode_row,
    story_key,
)
from newsloom.pipeline.lane.search_index import SearchResult
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.clock import advance
from newsloom.rules.stories import WINDOW_S
from newsloom.rules.words.terms import UNIT, dot_product


class Changeset:
    """The changes of one arrival: its outcome, changed rows, and the records to publish.

    `articles` and `stories` return unchanged rows from the state. `articles_to_publish` and
    `stories_to_publish` hold ids in the order of publication.
    """

    def __init__(
        self, state: State, outcome: Outcome, counts: Mapping[Outcome, int] | None = None
    ) -> None:
        """`counts` is added to the outcome counters; by default 1 to that of `outcome`."""
        self.state = state
        self.outcome = outcome
        lane, outcomes = state.lane, dict(state.lane.outcomes)
        for counted, step in ({outcome: 1} if counts is None else counts).items():
            outcomes[counted.value] = outcomes.get(counted.value, 0) + step
        self.lane = LaneRow(
            lane.clock, lane.witnesses, lane.sequence, lane.placed, lane.revision, outcomes
        )
        self.articles = ChangedArticles(state)
        self.stories = ChangedStories(state, self.articles)
        self.articles_to_publish: dict[str, None] = {}
        self.stories_to_publish: dict[str, None] = {}
        self._placed: LiveArticle | None = None
        self._placed_neighbours: dict[str, int] = {}

    @property
    def clock(self) -> int:
        """The lane clock in Unix seconds, the only `now` of curation; 0 before the first article"""
        return self.lane.clock or 0

    def advance_clock(self, event_time: int, article_id: str) -> None:
        """Updates the lane clock with the event time of an article (see `bounded_time`)."""
        clock, witnesses = advance(self.lane.clock, self.lane.witnesses, event_time, article_id)
        self.lane.clock, self.lane.witnesses = clock, witnesses

    def next_revision(self) -> int:
        """Raises the lane's revision by one and returns it."""
        self.lane.revision += 1
        return self.lane.revision

    def mark_if_live(self, article_id: str | None) -> None:
        """Marks an article for publication, unless it is None or not live."""
        if article_id is not None and self.articles.get(article_id) is not None:
            self.articles_to_publish[article_id] = None

    def put_article(
        self, live: LiveArticle, former: LiveArticle | None, neighbours: dict[str, int]
    ) -> None:
        """Stores the arriving article, which replaces its `former` version; at most one call.

        `neighbours` are those of the article, in the form that `neighbours` returns.
        """
        if former is not None:
            self.stories.leave(live.article["id"], former.story_id)
        self.articles.put(live)
        self.stories.join(live)
        self._placed, self._placed_neighbours = live, neighbours

    def remove_article(self, article_id: str) -> str:
        """Removes a live article; returns the id of its story."""
        story_id = self.articles.story_id(article_id)
        self.stories.leave(article_id, story_id)
        self.articles.remove(article_id)
        return story_id

    def move_article(self, article_id: str, story_id: str) -> None:
        """Moves a live article to another story."""
        live = self.articles.edit(article_id)
        self.stories.leave(article_id, live.story_id)
        live.story_id = story_id
        self.stories.join(live)

    def search(self, live: LiveArticle) -> SearchResult:
        """The articles and stories near an article, without it and those removed or placed here."""
        without = {i for i, row in self.articles.changed.items() if row is None}
        without.add(live.article["id"])
        if self._placed is not None:
            without.add(self._placed.article["id"])
        return self.state.index.search(live, without)

    def neighbours(self, article_id: str) -> dict[str, int]:
        """The live articles nearest to one, and their cosines: all that its record can show."""
        placed = self._placed
        if placed is not None and placed.article["id"] == article_id:
            return self._placed_neighbours
        live = self.articles[article_id]
        neighbours = self.search(live).nearest()
        if placed is not None and abs(placed.event_at - live.event_at) <= WINDOW_S:
            similarity = dot_product(placed.vector, live.vector) // UNIT
            neighbours[placed.article["id"]] = similarity
        return neighbours

    def encode_rows(self) -> dict[str, bytes | None]:
        """All changed rows, encoded, by key; None for a row to delete."""
        rows: dict[str, bytes | None] = {LANE_KEY: encode_row(self.lane)}
        for article_id, live in self.articles.changed.items():
            rows[article_key(article_id)] = encode_row(live) if live is not None else None
        for story_id, story in self.stories.changed.items():
            rows[story_key(story_id)] = encode_row(story) if story is not None else None
        return rows

    def apply(self) -> None:
        """Writes the changes to the state. After an OSError the lane must be restored."""
        state = self.state
        state.lane = self.lane
        for article_id, live in self.articles.changed.items():
            if live is None:
                state.remove_article(article_id)
            else:
                state.put_article(live)
        for story_id, row in self.stories.changed.items():
            if row is None:
                state.remove_story(story_id)
            else:
                state.put_story(row)
