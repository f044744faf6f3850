"""The draft of a change: what one event would make of a state, without touching it.

A draft reads through to the state and keeps what differs. `apply` is total: it only puts and
removes the rows that the draft holds.
"""

from collections.abc import Mapping
from typing import NamedTuple

from newsloom.pipeline.lane.fragments import Fragments
from newsloom.pipeline.lane.rows import (
    LANE_KEY,
    Lane,
    LiveArticle,
    LiveStory,
    StoryAlias,
    article_key,
    encode_row,
    story_key,
)
from newsloom.pipeline.lane.search_index import SearchResult
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.clock import advance
from newsloom.rules.scoring import LeadKey
from newsloom.rules.stories import WINDOW_S
from newsloom.rules.words.terms import UNIT, Vector, dot_product


class Neighbour(NamedTuple):
    """A live article as another's record shows it. Its id is the last part of `rank`."""

    rank: LeadKey
    story_id: str
    fragments: Fragments


class Changeset:
    """The effects of one event: its outcome, the rows it changes and what is to be published.

    The outcome counts once, unless `counted` says by how much to change which count.
    `articles` and `stories` hold changed rows by id, None for those that go. `publish` and
    `publish_stories` name records in the order in which they are to appear.
    """

    def __init__(
        self, state: State, outcome: Outcome, counted: Mapping[Outcome, int] | None = None
    ) -> None:
        self.state = state
        self.outcome = outcome
        outcomes = dict(state.lane.outcomes)
        for each, step in ({outcome: 1} if counted is None else counted).items():
            outcomes[each.value] = outcomes.get(each.value, 0) + step
        lane = state.lane
        self.lane = Lane(
            lane.clock, lane.witnesses, lane.sequence, lane.placed, lane.revision, outcomes
        )
        self.articles: dict[str, LiveArticle | None] = {}
        self.stories: dict[str, LiveStory | StoryAlias | None] = {}
        self._placed: dict[str, Vector] = {}
        self.publish: dict[str, None] = {}
        self.publish_stories: dict[str, None] = {}
        self._nearest: dict[str, dict[str, int]] = {}
        self._joined: dict[str, set[str]] = {}
        self._left: dict[str, set[str]] = {}
        self._leads: dict[str, LeadKey | None] = {}
        self._own: set[str] = set()

    @property
    def clock(self) -> int:
        """The lane clock: the only `now` there is, in seconds. Set by the first article."""
        return self.lane.clock or 0

    def advance_clock(self, event_time: int, article_id: str) -> None:
        """Counts the (bounded) event time of an article towards the lane clock."""
        clock, witnesses = advance(self.lane.clock, self.lane.witnesses, event_time, article_id)
        self.lane.clock, self.lane.witnesses = clock, witnesses

    def article(self, article_id: str) -> LiveArticle | None:
        """A live article as the draft would have it."""
        if article_id in self.articles:
            return self.articles[article_id]
        return self.state.articles.get(article_id)

    def live(self, article_id: str) -> LiveArticle:
        """A live article that is known to be there."""
        held = self.articles if article_id in self.articles else self.state.articles
        live = held.get(article_id)
        assert live is not None, f"{article_id} is not live"
        return live

    def story_id(self, article_id: str) -> str:
        """The id of the story that a live article is in."""
        changed = self.articles.get(article_id)
        return changed.story_id if changed else self.state.story_id(article_id)

    def sequence(self, article_id: str) -> int:
        """When a live article was first seen, in comparison with others."""
        changed = self.articles.get(article_id)
        return changed.sequence if changed else self.state.articles.sequence(article_id)

    def rank(self, article_id: str) -> LeadKey:
        """What sorts a live article among others, the best first."""
        changed = self.articles.get(article_id)
        return changed.rank if changed else self.state.articles.rank(article_id)

    def fragments(self, article_id: str) -> Fragments:
        """How a live article is shown in the records of others."""
        changed = self.articles.get(article_id)
        return changed.fragments if changed else self.state.articles.fragments(article_id)

    def neighbour(self, article_id: str) -> Neighbour:
        """What another record shows of a live article, and by what it is sorted there."""
        live = self.articles.get(article_id) or self.state.articles.in_memory(article_id)
        if live is not None:
            return Neighbour(live.rank, live.story_id, live.fragments)
        articles = self.state.articles
        return Neighbour(
            articles.rank(article_id),
            self.state.story_id(article_id),
            articles.fragments(article_id),
        )

    def edit(self, article_id: str) -> LiveArticle:
        """The draft's own row of a live article, to be changed in place (but for its story)."""
        live = self.live(article_id)
        if article_id not in self._own:
            self._own.add(article_id)
            live = self.articles[article_id] = live.copy()
        return live

    def put_article(self, live: LiveArticle, held: LiveArticle | None) -> None:
        """Takes in an article that was compared, in place of another version if one is held."""
        article_id = live.article["id"]
        if held is not None:
            self._leave(article_id, held.story_id)
        self.articles[article_id] = live
        self._own.add(article_id)
        self._join(live)

    def remove_article(self, article_id: str) -> str:
        """Lets an article go; the id of the story it was in."""
        story_id = self.story_id(article_id)
        self._leave(article_id, story_id)
        self.articles[article_id] = None
        self._own.discard(article_id)
        return story_id

    def move_article(self, article_id: str, story_id: str) -> None:
        """Moves a live article to another story."""
        live = self.edit(article_id)
        self._leave(article_id, live.story_id)
        live.story_id = story_id
        self._join(live)

    def story(self, story_id: str) -> LiveStory | None:
        """The live story of that id, or the one it went up in."""
        seen = set()
        while story_id not in seen:
            seen.add(story_id)
            row = self.story_row(story_id)
            if not isinstance(row, StoryAlias):
                return row
            story_id = row.merged_into
        return None

    def story_row(self, story_id: str) -> LiveStory | StoryAlias | None:
        """The row under that id, live or alias."""
        if story_id in self.stories:
            return self.stories[story_id]
        return self.state.stories.get(story_id) or self.state.aliases.get(story_id)

    def edit_story(self, story_id: str) -> LiveStory:
        """The draft's own row of a live story, to be changed in place."""
        row = self.story_row(story_id)
        assert isinstance(row, LiveStory), f"{story_id} is not a live story"
        if story_id not in self.stories:
            row = self.stories[story_id] = row.copy()
        return row

    def end_story(self, story_id: str) -> None:
        """Lets go of a story that has no live article left, and of all that went up in it."""
        self.stories[story_id] = None
        for alias_id in sorted(self.state.aliases_of.get(story_id, ())):
            if self.story_row(alias_id) is self.state.aliases.get(alias_id):
                self.end_story(alias_id)

    def members(self, story_id: str) -> set[str]:
        """Ids of the live articles of a story."""
        held = set(self.state.stories.members(story_id))
        return (held - self._left.get(story_id, set())) | self._joined.get(story_id, set())

    def is_empty(self, story_id: str) -> bool:
        """Whether a story has no live article left."""
        left, joined = self._left.get(story_id, ()), self._joined.get(story_id, ())
        return len(left) - len(joined) == self.state.stories.size_of(story_id)

    def latest_members(self, story_id: str, count: int) -> list[str]:
        """Ids of the live articles of a story that were first seen last, the latest at the end."""
        left = self._left.get(story_id, set())
        latest = self.state.stories.latest(story_id, count + len(left))
        stayed = [article_id for article_id in latest if article_id not in left]
        joined = self._joined.get(story_id)
        if joined:
            stayed = sorted([*stayed, *joined], key=self.sequence)
        return stayed[-count:]

    def lead(self, story_id: str) -> LeadKey | None:
        """The key of the article that leads a story; None if no live article is left."""
        if story_id not in self._leads:
            self._leads[story_id] = self._find_lead(story_id)
        return self._leads[story_id]

    def _find_lead(self, story_id: str) -> LeadKey | None:
        lead = self.state.stories.lead(story_id)
        if lead is None or lead[2] in self._left.get(story_id, ()):
            return min(map(self.rank, self.members(story_id)), default=None)
        joined = self._joined.get(story_id, ())
        return min([lead, *map(self.rank, joined)])

    def copies(self, root_id: str) -> set[str]:
        """Ids of the live articles that duplicate `root_id`."""
        held = {i for i in self.state.copies.get(root_id, ()) if i not in self.articles}
        changed = (i for i, live in self.articles.items() if live and live.duplicate_of == root_id)
        return held.union(changed)

    def compare(self, live: LiveArticle) -> SearchResult:
        """What is near a new article, or a new version of one, that is yet to be put."""
        article_id = live.article["id"]
        self._placed[article_id] = live.vector
        result = self._compare(live)
        self._nearest[article_id] = result.nearest()
        return result

    def nearest(self, article_id: str) -> dict[str, int]:
        """The live articles nearest to one, with their similarity in thousandths.

        At least as many as can be related to it, or all above the floor.
        """
        if article_id in self._nearest:
            return self._nearest[article_id]
        live = self.live(article_id)
        nearest = self._compare(live).nearest()
        for other_id, vector in self._placed.items():
            if abs(self.live(other_id).event_at - live.event_at) <= WINDOW_S:
                nearest[other_id] = dot_product(vector, live.vector) // UNIT
        return nearest

    def _compare(self, live: LiveArticle) -> SearchResult:
        gone = {i for i, row in self.articles.items() if row is None}
        without = {live.article["id"], *gone, *self._placed}
        return self.state.index.compare(live, without)

    def encode_rows(self) -> dict[str, bytes | None]:
        """All rows that change, by key; None for one that goes."""
        rows: dict[str, bytes | None] = {LANE_KEY: encode_row(self.lane)}
        for article_id, live in self.articles.items():
            rows[article_key(article_id)] = encode_row(live) if live is not None else None
        for story_id, story in self.stories.items():
            rows[story_key(story_id)] = encode_row(story) if story is not None else None
        return rows

    def apply(self) -> None:
        """Makes the state what the draft says. Total: it cannot fail on a draft of its state."""
        state = self.state
        state.lane = self.lane
        for article_id, live in self.articles.items():
            if live is not None:
                state.put_article(live)
            else:
                state.remove_article(article_id)
        for story_id, row in self.stories.items():
            if row is None:
                state.remove_story(story_id)
            else:
                state.put_story(row)

    def _join(self, live: LiveArticle) -> None:
        article_id = live.article["id"]
        self._joined.setdefault(live.story_id, set()).add(article_id)
        self._leads.pop(live.story_id, None)

    def _leave(self, article_id: str, story_id: str) -> None:
        joined = self._joined.get(story_id)
        if joined and article_id in joined:
            joined.remove(article_id)
        else:
            self._left.setdefault(story_id, set()).add(article_id)
        self._leads.pop(story_id, None)
