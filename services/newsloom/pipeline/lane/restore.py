"""Restore: the rows of a lane in, its state out. A worker or a run does this when it starts."""

from collections.abc import Iterable

from newsloom.pipeline.lane.live_articles import pack_encoded, unpack_article
from newsloom.pipeline.lane.rows import (
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    decode_row,
    is_article_key,
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

    def spill(self, key: str, value: bytes) -> int:
        """Writes an encoded row to the spill store; returns its handle. Raises OSError."""
        assert self._spill_store is not None, "there is no spill store"
        return self._spill_store.write(pack_encoded(value) if is_article_key(key) else value)

    def discard(self, handle: int) -> None:
        """Deletes a spilled row that was superseded."""
        assert self._spill_store is not None, "there is no spill store"
        self._spill_store.discard(handle)

    def add_spilled(self, key: str, handle: int) -> None:
        """Adds a spilled row. Articles and stories stay in the spill store. Raises OSError."""
        assert self._spill_store is not None, "there is no spill store"
        packed = self._spill_store.read(handle)
        row = unpack_article(packed) if is_article_key(key) else decode_row(key, packed)
        self.add(row, handle)
        if not isinstance(row, LiveArticle | LiveStory):
            self._spill_store.discard(handle)

    def add(self, row: Row, handle: int = 0) -> None:
        """Adds a row of any kind. `handle` is that of an article or story in the spill store."""
        state = self._state
        if isinstance(row, LiveArticle):
            state.restore_article(row, handle)
        elif isinstance(row, LiveStory):
            state.stories.put(row, handle)
        elif isinstance(row, StoryAlias):
            state.put_story(row)
        else:
            state.lane = row

    def finish(self) -> State:
        """The state, once all rows are added."""
        self._state.index.finish_restore()
        return self._state


def restore(rows: Iterable[Row], spill_store: SpillStore | None = None) -> State:
    """The state that a set of rows makes, in any order."""
    restoration = Restoration(spill_store)
    for row in rows:
        restoration.add(row)
    return restoration.finish()
