"""A changeset: everything that one step changes in a lane, before the state is touched.

`decide` fills it and `build_records` completes it. `apply` writes its rows to the state; it decides
nothing. It raises OSError if the spill file cannot be written.
"""

from collections.abc import Mapping
from dataclasses import replace

from newsloom.pipeline.curation.changes.changed_articles import ChangedArticles
from newsloom.pipeline.curation.changes.changed_departed import ChangedDeparted
from newsloom.pipeline.curation.changes.changed_stories import ChangedStories
from newsloom.pipeline.lane.departed.pages import page_key
from newsloom.pipeline.lane.pending import PENDING_KEY, Pending, TaskKind
from newsloom.pipeline.lane.rows import (
    LANE_KEY,
    LaneRow,
    LiveArticle,
    article_key,
    dormant_lead_key,
    encode_row,
    story_key,
)
from newsloom.pipeline.lane.search_index import SearchResult
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.clock import advance
from newsloom.rules.stories import WINDOW_S
from newsloom.rules.words.terms import UNIT, dot_product

MAX_STEP = 500
"""About the most records and rows that one step adds to a transaction. A step that has reached it
leaves the rest of the work to the next step."""
_UNBOUNDED = 1_000_000_000
"""The `max_step` in a lane of form 1, which has no row for pending work."""
_PER_ARTICLE = 4
"""What an article to publish adds at most: its record and its row, and those of its story."""


class Changeset:
    """The changes of one step: its outcome, changed rows, and the records to publish.

    `articles` and `stories` return unchanged rows from the state. `articles_to_publish` and
    `stories_to_publish` hold ids in the order of publication. `tasks` is the work that is still
    pending, in order. The outcome is None in a step that decides no input.
    """

    def __init__(
        self,
        state: State,
        outcome: Outcome | None,
        counts: Mapping[Outcome, int] | None = None,
        max_step: int = MAX_STEP,
    ) -> None:
        """`counts` is added to the outcome counters; by default 1 to that of `outcome`."""
        self.state = state
        self.outcome = outcome
        self.max_step = max_step if state.lane.remembers else _UNBOUNDED
        lane, outcomes = state.lane, dict(state.lane.outcomes)
        if counts is None:
            counts = {} if outcome is None else {outcome: 1}
        for counted, step in counts.items():
            outcomes[counted.value] = outcomes.get(counted.value, 0) + step
        self.lane = LaneRow(
            lane.clock,
            lane.witnesses,
            lane.sequence,
            lane.placed,
            lane.revision,
            outcomes,
            lane.departed,
            lane.form,
        )
        self.articles = ChangedArticles(state)
        self.stories = ChangedStories(state, self.articles)
        self.departed = ChangedDeparted(state, self.lane)
        self.dormant_leads: dict[str, LiveArticle | None] = {}
        self.articles_to_publish: dict[str, None] = {}
        self.stories_to_publish: dict[str, None] = {}
        self.stories_left: dict[str, tuple[str, str]] = {}
        """Stories that an article leaves for another one: (article id, id of that story)."""
        self.tasks = [replace(task, extra=[*task.extra]) for task in state.pending.tasks]
        self._placed: LiveArticle | None = None
        self._placed_neighbours: dict[str, int] = {}

    @property
    def clock(self) -> int:
        """The lane clock in Unix seconds, the only `now` of curation; 0 before the first article"""
        return self.lane.clock or 0

    @property
    def room(self) -> int:
        """The number of further articles that the step can change and publish; 0 if it is full."""
        articles, stories = len(self.articles_to_publish), len(self.stories_to_publish)
        rows = len(self.articles.changed) + len(self.stories.changed)
        rows += len(self.departed.pages) + len(self.dormant_leads)
        used = rows + _PER_ARTICLE * articles + 2 * stories
        return max(0, (self.max_step - used) // (1 + _PER_ARTICLE) - 1)

    @property
    def is_full(self) -> bool:
        """Whether the step has no space for the changes of one more article."""
        return self.room == 0

    def leave_undecided(self) -> None:
        """Makes this a step that decides no input."""
        self.outcome, self.lane.outcomes = None, dict(self.state.lane.outcomes)

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

    def take_dormant_lead(self, story_id: str) -> LiveArticle | None:
        """The departed lead of a dormant story, if its row was kept; then the row is removed."""
        if story_id in self.dormant_leads:
            lead, self.dormant_leads[story_id] = self.dormant_leads[story_id], None
            return lead
        lead = self.state.dormant.lead(story_id)
        if lead is not None:
            self.dormant_leads[story_id] = None
        return lead

    def search(self, live: LiveArticle) -> SearchResult:
        """The articles and stories near an article, without it and those removed or placed here."""
        without = {*self.articles.removed, live.article["id"]}
        if self._placed is not None:
            without.add(self._placed.article["id"])
        return self.state.index.search(live, without)

    def neighbours(self, article_id: str) -> dict[str, int]:
        """The live articles nearest to one, and their cosines: all that its record can show."""
        placed = self._placed
        if placed is not None and placed.article["id"] == article_id:
            return self._placed_neighbours
        live = self.articles.to_publish(article_id)
        assert live is not None, f"{article_id} is not published"
        neighbours = self.search(live).nearest()
        if self.outcome is None:  # some of them may have to leave in the next step
            leaves_at = self.state.articles.leaves_at
            neighbours = {i: c for i, c in neighbours.items() if leaves_at(i) > self.clock}
        if placed is not None and abs(placed.event_at - live.event_at) <= WINDOW_S:
            similarity = dot_product(placed.vector, live.vector) // UNIT
            neighbours[placed.article["id"]] = similarity
        return neighbours

    def roots_of_text(self, root_id: str) -> set[str]:
        """The root of a text, and the roots that its copies still name while they are moved."""
        roots = {root_id}
        for task in self.tasks:
            if task.kind in (TaskKind.COPIES, TaskKind.REVIEW) and task.target is not None:
                pair = {task.subject, task.target}
                roots |= pair if pair & roots else set()
        return roots

    def encode_rows(self) -> dict[str, bytes | None]:
        """All changed rows, encoded, by key; None for a row to delete."""
        rows: dict[str, bytes | None] = {LANE_KEY: encode_row(self.lane)}
        for article_id, live in self.articles.changed.items():
            rows[article_key(article_id)] = encode_row(live) if live is not None else None
        for story_id, story in self.stories.changed.items():
            rows[story_key(story_id)] = encode_row(story) if story is not None else None
        for story_id, lead in self.dormant_leads.items():
            rows[dormant_lead_key(story_id)] = encode_row(lead) if lead is not None else None
        for number, page in self.departed.pages.items():
            rows[page_key(number)] = page.encode() if page is not None else None
        assert self.lane.remembers or not self.tasks, "a lane of form 1 has no row for tasks"
        if self.tasks:
            rows[PENDING_KEY] = encode_row(Pending(self.tasks))
        elif self.state.pending.tasks:
            rows[PENDING_KEY] = None
        return rows

    def apply(self) -> None:
        """Writes the changes to the state. After an OSError the lane must be restored."""
        state = self.state
        state.lane, state.pending = self.lane, Pending(self.tasks)
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
        for story_id, lead in self.dormant_leads.items():
            state.put_dormant_lead(story_id, lead)
        for number, page in self.departed.pages.items():
            if page is None:
                state.departed.remove_page(number)
            else:
                state.put_page(page)
