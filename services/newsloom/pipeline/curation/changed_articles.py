"""The live articles of a lane with the changes of one changeset.

Reads look in the changed rows first and in the state second. The state is never written here.
"""

from typing import NamedTuple

from newsloom.pipeline.lane.fragments import Fragments
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.rules.scoring import LeadKey


class Neighbour(NamedTuple):
    """A live article as other articles' records show it. The last part of `rank` is its id."""

    rank: LeadKey
    story_id: str
    fragments: Fragments


class ChangedArticles:
    """Live articles by id. `changed` holds the changed rows; None marks a removed article."""

    def __init__(self, state: State) -> None:
        self.changed: dict[str, LiveArticle | None] = {}
        self._state = state
        self._editable: set[str] = set()

    def get(self, article_id: str) -> LiveArticle | None:
        """The row of an article, None if it is not live. Do not change it; see `edit`."""
        if article_id in self.changed:
            return self.changed[article_id]
        return self._state.articles.get(article_id)

    def __getitem__(self, article_id: str) -> LiveArticle:
        """The row of an article that must be live. Do not change it; see `edit`."""
        live = self.get(article_id)
        assert live is not None, f"{article_id} is not live"
        return live

    def story_id(self, article_id: str) -> str:
        """The id of the story of a live article."""
        changed = self.changed.get(article_id)
        return changed.story_id if changed else self._state.story_id(article_id)

    def sequence(self, article_id: str) -> int:
        """The sequence of a live article: its number in the order of first sight."""
        changed = self.changed.get(article_id)
        return changed.sequence if changed else self._state.articles.sequence(article_id)

    def rank(self, article_id: str) -> LeadKey:
        """The sort key of a live article. The best article sorts first."""
        changed = self.changed.get(article_id)
        return changed.rank if changed else self._state.articles.rank(article_id)

    def fragments(self, article_id: str) -> Fragments:
        """The encoded fragments of a live article, for the records of other articles."""
        changed = self.changed.get(article_id)
        return changed.fragments if changed else self._state.articles.fragments(article_id)

    def neighbour(self, article_id: str) -> Neighbour:
        """A live article as other articles' records show it."""
        live = self.changed.get(article_id) or self._state.articles.in_memory(article_id)
        if live is not None:
            return Neighbour(live.rank, live.story_id, live.fragments)
        rank, fragments = self._state.articles.rank, self._state.articles.fragments
        return Neighbour(rank(article_id), self._state.story_id(article_id), fragments(article_id))

    def copies(self, root_id: str) -> set[str]:
        """The ids of the live articles that are duplicates of `root_id`."""
        unchanged = {i for i in self._state.copies.get(root_id, ()) if i not in self.changed}
        changed = (i for i, live in self.changed.items() if live and live.duplicate_of == root_id)
        return unchanged.union(changed)

    def edit(self, article_id: str) -> LiveArticle:
        """The row of a live article. The caller may change it, except for its story id."""
        live = self[article_id]
        if article_id not in self._editable:
            live = live.copy()
            self.put(live)
        return live

    def put(self, live: LiveArticle) -> None:
        """Stores a row. The caller may still change it."""
        article_id = live.article["id"]
        self.changed[article_id] = live
        self._editable.add(article_id)

    def remove(self, article_id: str) -> None:
        """Marks an article as removed."""
        self.changed[article_id] = None
        self._editable.discard(article_id)
