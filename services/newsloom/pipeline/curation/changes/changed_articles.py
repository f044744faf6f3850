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
    """Live articles by id. `changed` holds the changed rows; None marks a removed article.

    `removed` holds the ids of the removed ones.
    """

    def __init__(self, state: State) -> None:
        self.changed: dict[str, LiveArticle | None] = {}
        self.leaving: dict[str, LiveArticle] = {}
        """Removed articles whose last records are published by this changeset."""
        self.removed: set[str] = set()
        self._state = state
        self._editable: set[str] = set()
        self._new_copies: dict[str, set[str]] = {}
        self._former_copies: dict[str, set[str]] = {}

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

    def to_publish(self, article_id: str) -> LiveArticle | None:
        """The row of an article that is published: live or leaving. None if it was withdrawn."""
        if self.get(article_id) is not None:
            return self.edit(article_id)
        return self.leaving.get(article_id)

    def story_id(self, article_id: str) -> str:
        """The id of the story of a live article."""
        changed = self.changed.get(article_id)
        return changed.story_id if changed else self._state.story_id(article_id)

    def event_at(self, article_id: str) -> int:
        """The event time of a live article, in Unix seconds."""
        changed = self.changed.get(article_id)
        return changed.event_at if changed else self._state.articles.event_at(article_id)

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

    def is_copy(self, article_id: str, root_id: str) -> bool:
        """Whether a live article is a duplicate of `root_id`."""
        if article_id in self.changed:
            changed = self.changed[article_id]
            return changed is not None and changed.duplicate_of == root_id
        copies = self._state.copies
        if root_id not in copies:
            return False
        return copies.has(root_id, self._state.articles.sequence(article_id), article_id)

    def copy_count(self, root_id: str) -> int:
        """The number of live articles that are duplicates of `root_id`."""
        count = self._state.copies.count(root_id)
        if self._new_copies or self._former_copies:
            joined, left = self._new_copies.get(root_id, ()), self._former_copies.get(root_id, ())
            count += len(joined) - len(left)
        return count

    def latest_copies(self, root_id: str, count: int) -> list[str]:
        """The ids of the `count` duplicates of `root_id` seen last, in the order of first sight."""
        left = self._former_copies.get(root_id, set())
        latest = self._state.copies.latest(root_id, count + len(left))
        copies = [article_id for article_id in latest if article_id not in left]
        joined = self._new_copies.get(root_id)
        if joined:
            copies = sorted([*copies, *joined], key=self.sequence)
        return copies[-count:]

    def copies_after(
        self, root_id: str, sequence: int, count: int | None = None
    ) -> list[tuple[int, str]]:
        """Duplicates of `root_id` with a sequence higher than `sequence`: (sequence, id), in order.

        The first `count` or all, without those that became duplicates of it in this changeset.
        """
        left = self._former_copies.get(root_id, ())
        copies = self._state.copies.after(root_id, sequence, count and count + len(left))
        return [copy for copy in copies if copy[1] not in left][:count]

    def edit(self, article_id: str) -> LiveArticle:
        """The row of a live article. The caller may change it, except for its story and root."""
        live = self[article_id]
        if article_id not in self._editable:
            live = self.changed[article_id] = live.copy()
            self._editable.add(article_id)
        return live

    def set_root(self, article_id: str, root_id: str | None) -> None:
        """Makes a live article a duplicate of `root_id`, or of none."""
        live = self.edit(article_id)
        self._move_copy(article_id, live.duplicate_of, root_id)
        live.duplicate_of = root_id

    def put(self, live: LiveArticle) -> None:
        """Stores a row. The caller may still change it, except for its story and root."""
        article_id = live.article["id"]
        self._move_copy(article_id, self._root(article_id), live.duplicate_of)
        self.changed[article_id] = live
        self.removed.discard(article_id)
        self._editable.add(article_id)

    def remove(self, article_id: str) -> None:
        """Marks an article as removed."""
        self._move_copy(article_id, self._root(article_id), None)
        self.changed[article_id] = None
        self.removed.add(article_id)
        self._editable.discard(article_id)

    def _root(self, article_id: str) -> str | None:
        if article_id in self.changed:
            changed = self.changed[article_id]
            return changed.duplicate_of if changed else None
        return self._state.root_of(article_id)

    def _move_copy(self, article_id: str, former: str | None, root_id: str | None) -> None:
        if former == root_id:
            return
        if former is not None:
            _move(article_id, self._new_copies, self._former_copies, former)
        if root_id is not None:
            _move(article_id, self._former_copies, self._new_copies, root_id)


def _move(
    article_id: str, undone: dict[str, set[str]], done: dict[str, set[str]], root_id: str
) -> None:
    """Takes back a change of a root's copies, or else notes the opposite one."""
    if article_id in undone.get(root_id, ()):
        undone[root_id].remove(article_id)
    else:
        done.setdefault(root_id, set()).add(article_id)
