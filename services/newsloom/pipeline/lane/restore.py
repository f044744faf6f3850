"""Restore: the rows of a lane in, its state out. A worker or a run does this when it starts."""

from collections.abc import Iterable

from newsloom.pipeline.lane.departed.pages import (
    DepartedPage,
    decode_page,
    is_page_key,
    page_key,
    page_number,
)
from newsloom.pipeline.lane.live.live_articles import pack_encoded, unpack_article
from newsloom.pipeline.lane.pending import Pending
from newsloom.pipeline.lane.rows import (
    DormantLead,
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    decode_row,
    id_in_key,
    is_alias,
    is_article_key,
    is_dormant_lead_key,
    is_story_key,
)
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.spill_store import SpillStore


class Restoration:
    """Builds a state from rows, in any order, each key once.

    A reader that finds superseded rows, or more rows than fit in memory, first writes them to the
    spill store (`spill`, `discard`). Then it adds the latest row of each key (`add_spilled`).
    """

    def __init__(self, spill_store: SpillStore | None = None) -> None:
        self._spill_store = spill_store
        self._state = State(spill_store)
        self._stories: list[LiveStory] = []
        self._spilled_stories: list[tuple[str, int]] = []
        self._pages: dict[int, DepartedPage | int] = {}
        """Pages by number, or their handles. Stories are added after all articles, because a story
        without a live one is dormant, and pages after all stories."""

    def spill(self, key: str, value: bytes) -> int:
        """Writes an encoded row to the spill store; returns its handle. Raises OSError."""
        assert self._spill_store is not None, "there is no spill store"
        return self._spill_store.write(pack_encoded(value) if is_article_key(key) else value)

    def discard(self, handle: int) -> None:
        """Deletes a spilled row that was superseded."""
        assert self._spill_store is not None, "there is no spill store"
        self._spill_store.discard(handle)

    def add_spilled(self, key: str, handle: int) -> None:
        """Adds a spilled row; it stays in the spill store, unless it is small. Raises OSError."""
        assert self._spill_store is not None, "there is no spill store"
        if is_page_key(key):
            self._pages[page_number(key)] = handle
        elif is_story_key(key):
            self._spilled_stories.append((key, handle))
        elif is_article_key(key):
            article = unpack_article(self._spill_store.read(handle))
            self._state.restore_article(article, handle)
        elif is_dormant_lead_key(key):
            self._state.dormant.restore_lead(id_in_key(key), handle)
        else:
            self._add_small(key, handle)

    def _add_small(self, key: str, handle: int) -> None:
        assert self._spill_store is not None, "there is no spill store"
        self.add(decode_row(key, self._spill_store.read(handle)))
        self._spill_store.discard(handle)

    def _add_spilled_story(self, key: str, handle: int) -> None:
        assert self._spill_store is not None, "there is no spill store"
        value = self._spill_store.read(handle)
        if is_alias(value):
            self._add_small(key, handle)
        else:
            self._state.restore_story(id_in_key(key), value, handle)

    def add(self, row: Row) -> None:
        """Adds a row of any kind."""
        state = self._state
        if isinstance(row, LiveArticle):
            state.restore_article(row)
        elif isinstance(row, LiveStory):
            self._stories.append(row)
        elif isinstance(row, StoryAlias):
            state.put_story(row)
        elif isinstance(row, DormantLead):
            state.put_dormant_lead(row.story_id, row.live)
        elif isinstance(row, DepartedPage):
            self._pages[row.number] = row
        elif isinstance(row, Pending):
            state.pending = row
        else:
            state.lane = row

    def finish(self) -> State:
        """The state, once all rows are added. Raises OSError."""
        for story in self._stories:
            self._state.put_story(story)
        for key, handle in self._spilled_stories:
            self._add_spilled_story(key, handle)
        self._spilled_stories.clear()
        self._state.departed.reserve(len(self._pages))
        for number, page in sorted(self._pages.items()):
            if isinstance(page, DepartedPage):
                self._state.put_page(page)
            else:
                assert self._spill_store is not None
                packed = self._spill_store.read(page)
                self._state.put_page(decode_page(page_key(number), packed), page)
        self._state.index.finish_restore()
        return self._state


def restore(rows: Iterable[Row], spill_store: SpillStore | None = None) -> State:
    """The state that a set of rows makes, in any order."""
    restoration = Restoration(spill_store)
    for row in rows:
        restoration.add(row)
    return restoration.finish()
