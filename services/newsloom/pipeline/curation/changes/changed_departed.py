"""The departed articles of a lane with the changes of one changeset.

Reads look in the changed pages first and in the state second. The state is never written here.
"""

from collections.abc import Collection, Iterator

from newsloom.pipeline.lane.departed.pages import PAGE_ARTICLES, Departed, DepartedPage
from newsloom.pipeline.lane.rows import LaneRow
from newsloom.pipeline.lane.state import State


class ChangedDeparted:
    """Departed articles by id. `pages` holds the changed pages; None marks a forgotten one."""

    def __init__(self, state: State, lane: LaneRow) -> None:
        self.pages: dict[int, DepartedPage | None] = {}
        self._state = state
        self._lane = lane
        self._added: dict[str, int] = {}
        self._dropped: dict[int, Departed] = {}

    def find(self, article_id: str) -> Departed | None:
        """What is known of a departed article."""
        number = self._number(article_id)
        return None if number is None else self._get(number)

    def add(self, departed: Departed, clock: int) -> None:
        """Remembers an article that departs at `clock`, in Unix seconds."""
        self._lane.departed += 1
        number = self._lane.departed
        self._edit((number - 1) // PAGE_ARTICLES).append(departed, clock)
        self._added[departed.id] = number

    def drop(self, article_id: str) -> None:
        """Drops an article that came back, or that departs again."""
        number = self._number(article_id)
        assert number is not None, f"{article_id} has not departed"
        departed = self._get(number)
        assert departed is not None
        page, place = divmod(number - 1, PAGE_ARTICLES)
        self._edit(page).drop(place)
        if self._added.pop(article_id, None) is None:
            self._dropped[number] = departed

    def forget_page(self, number: int) -> Iterator[Departed]:
        """Forgets the oldest page; yields its articles."""
        yield from filter(None, self._state.departed.page(number).articles)
        self.pages[number] = None
        self._lane.departed = max(self._lane.departed, (number + 1) * PAGE_ARTICLES)

    def has_copies_of(self, article_id: str) -> bool:
        """Whether a departed article is a duplicate of that one. Raises OSError."""
        added = map(self._get, self._added.values())
        return any(d is not None and d.root == article_id for d in added) or (
            self._state.departed.has_copies_of(article_id, self._dropped)
        )

    def times(self, story_ids: Collection[str]) -> list[int]:
        """The event times of the departed articles of stories that were not withdrawn."""
        times = [m.event_at for i in story_ids for m in self._state.departed_members(i)]
        for departed in self._dropped.values():
            if departed.story_id in story_ids:
                times.remove(departed.event_at)
        added = filter(None, map(self._get, self._added.values()))
        return times + [d.event_at for d in added if d.story_id in story_ids]

    def _number(self, article_id: str) -> int | None:
        number = self._added.get(article_id)
        if number is None:
            found = self._state.departed.find(article_id)
            number = found[0] if found is not None else None
        return None if number in self._dropped else number

    def _get(self, number: int) -> Departed | None:
        page, place = divmod(number - 1, PAGE_ARTICLES)
        changed = self.pages.get(page)
        return changed.articles[place] if changed is not None else self._state.departed[number]

    def _edit(self, number: int) -> DepartedPage:
        page = self.pages.get(number)
        if page is None:
            page = self.pages[number] = self._state.departed.page(number).copy()
        return page
