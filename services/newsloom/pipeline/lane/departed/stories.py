"""The stories of departed articles: the members of each, and the rows of dormant stories.

A dormant story has no live article, but a departed one. A story whose only article ever is its
opener needs no row when it is dormant: the article's entry says all.
"""

from array import array
from collections.abc import Iterator

from newsloom.pipeline.lane.departed.hash_index import HashIndex
from newsloom.pipeline.lane.rows import (
    LiveArticle,
    LiveStory,
    decode_article,
    decode_story,
    encode_row,
)
from newsloom.pipeline.spill_store import SpillStore

_ID_BYTES = 16


class DepartedStories:
    """Stories by number, from 1 on. A number lasts as long as the story has an article or row here.

    Columns by number: `count`, the departed articles that were not withdrawn; `newest`, the number
    of the one that departed last.
    """

    def __init__(self, spill_store: SpillStore | None) -> None:
        """Without a spill store, all rows stay in memory."""
        self._spill_store = spill_store
        self.count = array("i", (0,))
        self.newest = array("I", (0,))
        self._handle = array("q", (0,))
        self._lead_handles: dict[int, int] = {}
        self._ids = bytearray(_ID_BYTES)
        self._keys = array("I", (0,))
        self._free: list[int] = []
        self._rows: dict[int, LiveStory] = {}
        self._leads: dict[int, LiveArticle] = {}
        self._index = HashIndex(self._keys.__getitem__)

    def find(self, story_id: str) -> int:
        """The number of a story, 0 if it has none."""
        for number in self._index.candidates(_key(story_id)):
            if self.id_of(number) == story_id:
                return number
        return 0

    def number(self, story_id: str) -> int:
        """The number of a story; a story without one gets one."""
        number = self.find(story_id)
        if not number:
            number = self._free.pop() if self._free else self._extend()
            start = number * _ID_BYTES
            self._ids[start : start + _ID_BYTES] = bytes.fromhex(story_id)
            self._keys[number] = _key(story_id)
            self._index.add(self._keys[number], number)
        return number

    def add_article(self, story: int, number: int) -> int:
        """Adds a departed article to a story; returns the number of the one before it."""
        before = self.newest[story]
        self.count[story] += 1
        self.newest[story] = number
        return before

    def take_article(self, story: int) -> None:
        """Removes a departed article from a story."""
        self.count[story] -= 1
        self._free_if_unused(story)

    def row(self, story_id: str) -> LiveStory | None:
        """The row of a dormant story. Do not change it. Raises OSError."""
        number = self.find(story_id)
        handle = self._handle[number]
        if not handle:
            return self._rows.get(number)
        assert self._spill_store is not None
        return decode_story(self._spill_store.read(handle))

    def has_row(self, story_id: str) -> bool:
        """Whether a story is dormant and has a row."""
        number = self.find(story_id)
        return bool(self._handle[number]) or number in self._rows

    def restore_row(self, story_id: str, handle: int) -> None:
        """Adds the row of a dormant story, which has none and stays in the spill store."""
        self._handle[self.number(story_id)] = handle

    def put_row(self, story: LiveStory) -> None:
        """Stores the row of a dormant story. Raises OSError."""
        number = self.number(story.id)
        self._discard(number)
        if self._spill_store is not None:
            self._handle[number] = self._spill_store.write(encode_row(story))
        else:
            self._rows[number] = story

    def remove_row(self, story_id: str) -> None:
        """Removes the row of a dormant story, if there is one."""
        number = self.find(story_id)
        if number:
            self._discard(number)
            self._free_if_unused(number)

    def lead(self, story_id: str) -> LiveArticle | None:
        """The row of the lead of a dormant story, if it is kept. Raises OSError."""
        number = self.find(story_id)
        handle = self._lead_handles.get(number)
        if handle is None:
            return self._leads.get(number)
        assert self._spill_store is not None
        return decode_article(self._spill_store.read(handle))

    def restore_lead(self, story_id: str, handle: int) -> None:
        """Adds the row of the lead of a dormant story, which has none, by its handle."""
        self._lead_handles[self.number(story_id)] = handle

    def put_lead(self, story_id: str, lead: LiveArticle) -> None:
        """Keeps the row of the lead of a dormant story. Raises OSError."""
        self.remove_lead(story_id)
        number = self.number(story_id)
        if self._spill_store is not None:
            self._lead_handles[number] = self._spill_store.write(encode_row(lead))
        else:
            self._leads[number] = lead

    def remove_lead(self, story_id: str) -> None:
        """Removes the row of the lead of a dormant story, if it is kept."""
        number = self.find(story_id)
        self._leads.pop(number, None)
        handle = self._lead_handles.pop(number, None)
        if handle is not None and self._spill_store is not None:
            self._spill_store.discard(handle)
        if number:
            self._free_if_unused(number)

    def ids_of_rows(self) -> Iterator[str]:
        """The ids of all dormant stories that have a row."""
        for number in range(1, len(self._handle)):
            if self._handle[number] or number in self._rows:
                yield self.id_of(number)

    def id_of(self, number: int) -> str:
        """The id of the story with that number."""
        return self._ids[number * _ID_BYTES : (number + 1) * _ID_BYTES].hex()

    def _extend(self) -> int:
        for column in (self.count, self.newest, self._handle, self._keys):
            column.append(0)
        self._ids += bytes(_ID_BYTES)
        return len(self.count) - 1

    def _discard(self, number: int) -> None:
        self._rows.pop(number, None)
        if self._handle[number] and self._spill_store is not None:
            self._spill_store.discard(self._handle[number])
        self._handle[number] = 0

    def _free_if_unused(self, number: int) -> None:
        has_lead = number in self._lead_handles or number in self._leads
        if not (self.count[number] or self._handle[number] or number in self._rows or has_lead):
            self._index.remove(self._keys[number], number)
            self.newest[number] = 0
            self._free.append(number)


def _key(story_id: str) -> int:
    return int(story_id[:8], 16)
