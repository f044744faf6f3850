"""The stories of a lane with the changes of one changeset: their rows, members and leads.

Reads look in the changes first and in the state second. The state is never written here.
"""

from newsloom.pipeline.curation.changed_articles import ChangedArticles
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.rules.scoring import LeadKey


class ChangedStories:
    """Stories by id. `changed` holds the changed rows; None marks a removed row."""

    def __init__(self, state: State, articles: ChangedArticles) -> None:
        self.changed: dict[str, LiveStory | StoryAlias | None] = {}
        self._state = state
        self._articles = articles
        self._joined: dict[str, set[str]] = {}
        self._left: dict[str, set[str]] = {}
        self._leads: dict[str, LeadKey | None] = {}

    def row(self, story_id: str) -> LiveStory | StoryAlias | None:
        """The row under that id: a live story, an alias, or None."""
        if story_id in self.changed:
            return self.changed[story_id]
        return self._state.stories.get(story_id) or self._state.aliases.get(story_id)

    def resolve(self, story_id: str) -> LiveStory | None:
        """The live story of that id, or the one that it was merged into, at any depth."""
        seen = set()
        while story_id not in seen:
            seen.add(story_id)
            row = self.row(story_id)
            if not isinstance(row, StoryAlias):
                return row
            story_id = row.merged_into
        return None

    def edit(self, story_id: str) -> LiveStory:
        """The row of a live story. The caller may change it."""
        row = self.row(story_id)
        assert isinstance(row, LiveStory), f"{story_id} is not a live story"
        if story_id not in self.changed:
            row = self.changed[story_id] = row.copy()
        return row

    def put(self, row: LiveStory | StoryAlias) -> None:
        """Stores the row of a new story or of an alias."""
        self.changed[row.id] = row

    def end(self, story_id: str) -> None:
        """Removes a story without live articles, and the aliases of all stories merged into it."""
        self.changed[story_id] = None
        for alias_id in sorted(self._state.aliases_of.get(story_id, ())):
            if self.row(alias_id) is self._state.aliases.get(alias_id):
                self.end(alias_id)

    def members(self, story_id: str) -> set[str]:
        """The ids of the live articles of a story."""
        before = set(self._state.stories.members(story_id))
        return (before - self._left.get(story_id, set())) | self._joined.get(story_id, set())

    def is_empty(self, story_id: str) -> bool:
        """Whether a story has no live article."""
        left, joined = self._left.get(story_id, ()), self._joined.get(story_id, ())
        return len(left) - len(joined) == self._state.stories.size_of(story_id)

    def latest_members(self, story_id: str, count: int) -> list[str]:
        """The ids of the `count` live articles with the highest sequences, in rising order."""
        left = self._left.get(story_id, set())
        latest = self._state.stories.latest(story_id, count + len(left))
        members = [article_id for article_id in latest if article_id not in left]
        joined = self._joined.get(story_id)
        if joined:
            members = sorted([*members, *joined], key=self._articles.sequence)
        return members[-count:]

    def lead(self, story_id: str) -> LeadKey | None:
        """The rank of the article that leads a story; None if the story has no live article."""
        if story_id not in self._leads:
            self._leads[story_id] = self._find_lead(story_id)
        return self._leads[story_id]

    def _find_lead(self, story_id: str) -> LeadKey | None:
        rank, lead = self._articles.rank, self._state.stories.lead(story_id)
        if lead is None or lead[2] in self._left.get(story_id, ()):
            return min(map(rank, self.members(story_id)), default=None)
        return min([lead, *map(rank, self._joined.get(story_id, ()))])

    def join(self, live: LiveArticle) -> None:
        """Adds an article to the members of its story."""
        self._joined.setdefault(live.story_id, set()).add(live.article["id"])
        self._leads.pop(live.story_id, None)

    def leave(self, article_id: str, story_id: str) -> None:
        """Removes an article from the members of a story."""
        joined = self._joined.get(story_id)
        if joined and article_id in joined:
            joined.remove(article_id)
        else:
            self._left.setdefault(story_id, set()).add(article_id)
        self._leads.pop(story_id, None)
