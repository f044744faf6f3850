"""Makes the state of a lane of its rows again, when a worker begins."""

from collections.abc import Iterable

from newsloom.pipeline.lane.live_articles import pack_encoded, unpack_article
from newsloom.pipeline.lane.row_cache import SpillStore
from newsloom.pipeline.lane.rows import (
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    decode_row,
    is_article_key,
)
from newsloom.pipeline.lane.state import State


class Restoration:
    """Makes a state of its rows, which may come in any order, each once.

    Rows that may yet be superseded, or are too many for memory, can be laid on the shelf first
    (`lay`, `discard`), and are taken from there (`take`), where they stay.
    """

    def __init__(self, spill_store: SpillStore | None = None) -> None:
        self._spill_store = spill_store
        self._state = State(spill_store)

    def lay(self, key: str, value: bytes) -> int:
        """Lays down a row, by its key and as it is encoded; its handle. Raises OSError."""
        assert self._spill_store is not None, "there is no shelf"
        return self._spill_store.write(pack_encoded(value) if is_article_key(key) else value)

    def discard(self, handle: int) -> None:
        """Lets go of a row that was laid down."""
        assert self._spill_store is not None, "there is no shelf"
        self._spill_store.discard(handle)

    def take(self, key: str, handle: int) -> None:
        """Puts a row that was laid down. Raises OSError."""
        assert self._spill_store is not None, "there is no shelf"
        packed = self._spill_store.read(handle)
        row = unpack_article(packed) if is_article_key(key) else decode_row(key, packed)
        self.put(row, handle)
        if not isinstance(row, LiveArticle | LiveStory):
            self._spill_store.discard(handle)

    def put(self, row: Row, handle: int = 0) -> None:
        """Puts a row of any kind; an article or a story may lie on the shelf under a handle."""
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
        """The state, once all rows are put."""
        self._state.index.settle()
        return self._state


def restore(rows: Iterable[Row], spill_store: SpillStore | None = None) -> State:
    """The state that a set of rows makes, in whatever order they come."""
    restoration = Restoration(spill_store)
    for row in rows:
        restoration.put(row)
    return restoration.finish()
