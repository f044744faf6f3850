"""The live stories of a lane: their rows by id, and columns by number for fast access.

The live articles of a story form a doubly linked list through the columns `next` and `previous` of
the article table, the highest sequence first.
"""

from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any

from newsloom.pipeline.lane.live.article_table import ArticleTable
from newsloom.pipeline.lane.live.row_cache import CachedRows
from newsloom.pipeline.lane.rows import LiveStory, decode_story, encode_row
from newsloom.pipeline.spill_store import SpillStore
from newsloom.rules.scoring import LeadKey

_ID_BYTES = 16


class LiveStories(CachedRows[LiveStory]):
    """Rows of live stories by id, and the live articles of each.

    A story has a number as long as it has a row or a live article. Columns by number: `first_at`
    and `last_at` in Unix seconds, as in the row; `size`, the number of live articles; `square`, the
    squared length of the centroid, which the search index maintains (0: not computed).
    """

    def __init__(
        self, spill_store: SpillStore | None, max_in_memory: int, table: ArticleTable
    ) -> None:
        super().__init__(spill_store, max_in_memory)
        self._table = table
        self._numbers: dict[int, int] = {}
        self._free: list[int] = []
        self._ids = bytearray()
        self._rows = 0
        self._last_joined = 0
        self.first_at: array[int] = array("q")
        self.last_at: array[int] = array("q")
        self.square: array[int] = array("q")
        self.size: array[int] = array("i")
        self._newest: array[int] = array("q")
        self._lead: array[int] = array("q")
        self._has_row: array[int] = array("b")
        self._handle: array[int] = array("q")

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return (self.id_of(n) for n in list(self._numbers.values()) if self._has_row[n])

    def find(self, story_id: str) -> int | None:
        """The number of a story that has a row or an article."""
        return self._numbers.get(int(story_id, 16))

    def number(self, story_id: str) -> int:
        """The number of a story; a story without one gets one."""
        key = int(story_id, 16)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._free.pop() if self._free else self._extend()
            self._ids[number * _ID_BYTES : (number + 1) * _ID_BYTES] = bytes.fromhex(story_id)
        return number

    def id_of(self, number: int) -> str:
        """The id of the story with that number."""
        return self._ids[number * _ID_BYTES : (number + 1) * _ID_BYTES].hex()

    def numbers(self) -> Iterator[int]:
        """The numbers of all stories that have a live article."""
        return (number for number in self._numbers.values() if self.size[number])

    def put(self, story: LiveStory, handle: int = 0) -> None:
        """Adds or replaces a row. With a `handle` a new row stays in the spill store."""
        number = self.number(story.id)
        self.first_at[number], self.last_at[number] = story.first_at, story.last_at
        if self._has_row[number]:
            self._discard(story.id, number)
        else:
            self._rows += 1
            self._has_row[number] = 1
        if handle:
            self._handles[number] = handle
        else:
            self._cache(story.id, story)

    def remove(self, story_id: str) -> None:
        """Removes a row, if there is one."""
        number = self.find(story_id)
        if number is not None and self._has_row[number]:
            self._discard(story_id, number)
            self._has_row[number] = 0
            self._rows -= 1
            self._free_if_empty(number)

    def join(self, number: int, article: int) -> None:
        """Adds an article, by its number, to a story. It leads the story if it ranks first."""
        table = self._table
        slot, before, after = table.slot(article), 0, self._newest[number]
        if after and table.sequence[table.slot(after)] > table.sequence[slot]:
            before = self._start(number, slot)
            after = table.next[table.slot(before)] if before else after
        while after and table.sequence[table.slot(after)] > table.sequence[slot]:
            before, after = after, table.next[table.slot(after)]
        table.story[slot] = number
        self._link(number, before, article)
        self._link(number, article, after)
        lead = self._lead[number]
        if (lead and table.rank(article) < table.rank(lead)) or not self.size[number]:
            self._lead[number] = article
        self.size[number] += 1
        self._last_joined = article

    def _start(self, number: int, slot: int) -> int:
        """The article that joined last, if it precedes that slot in the same story; else 0.

        The articles of a merged story join newest first, so each finds its place near the former.
        """
        table, last = self._table, self._last_joined
        last_slot = table.slot(last)
        is_before = table.sequence[last_slot] > table.sequence[slot]
        return last if last and table.story[last_slot] == number and is_before else 0

    def leave(self, article: int) -> None:
        """Removes an article, by its number, from its story."""
        table = self._table
        slot = table.slot(article)
        number = table.story[slot]
        self._link(number, table.previous[slot], table.next[slot])
        self.size[number] -= 1
        if self._last_joined == article:
            self._last_joined = 0
        if self._lead[number] == article:
            # The next lead is computed when it is needed: few stories that lose theirs need one.
            self._lead[number] = 0
        self._free_if_empty(number)

    def _link(self, number: int, before: int, after: int) -> None:
        """Makes one article of a story follow another in its list; 0 stands for either end."""
        table = self._table
        if before:
            table.next[table.slot(before)] = after
        else:
            self._newest[number] = after
        if after:
            table.previous[table.slot(after)] = before

    def articles(self, number: int) -> Iterator[int]:
        """The numbers of a story's live articles, the highest sequence first."""
        next_of, slot, article = self._table.next, self._table.slot, self._newest[number]
        while article:
            yield article
            article = next_of[slot(article)]

    def articles_after(self, story_id: str, number: int, count: int) -> list[int]:
        """The numbers of at most `count` live articles of a story, the highest sequence first.

        They follow the article with that `number` in the story; with 0 they are the first ones.
        """
        story = self.find(story_id)
        if story is None:
            return []
        next_of, slot = self._table.next, self._table.slot
        article = next_of[slot(number)] if number else self._newest[story]
        numbers: list[int] = []
        while article and len(numbers) < count:
            numbers.append(article)
            article = next_of[slot(article)]
        return numbers

    def size_of(self, story_id: str) -> int:
        """The number of live articles of a story."""
        number = self.find(story_id)
        return 0 if number is None else self.size[number]

    def members(self, story_id: str) -> Iterator[str]:
        """The ids of the live articles of a story, the highest sequence first."""
        number = self.find(story_id)
        return map(self._table.id_of, () if number is None else self.articles(number))

    def latest(self, story_id: str, count: int) -> list[str]:
        """The ids of the `count` live articles with the highest sequences, in rising order."""
        return list(islice(self.members(story_id), count))[::-1]

    def lead(self, story_id: str) -> LeadKey | None:
        """The rank of the article that leads a story; None if it has no live article."""
        number = self.find(story_id)
        if number is None or not self.size[number]:
            return None
        if not self._lead[number]:
            self._lead[number] = min(self.articles(number), key=self._table.rank)
        return self._table.rank(self._lead[number])

    def led_by(self, story_id: str) -> str:
        """The id of the article that leads a live story."""
        lead = self.lead(story_id)
        assert lead is not None, f"story {story_id} has no live article"
        return lead[2]

    def _extend(self) -> int:
        columns: list[array[Any]] = [self.first_at, self.last_at, self.square, self.size]
        for column in (*columns, self._newest, self._lead, self._has_row, self._handle):
            column.append(0)
        self._ids += bytes(_ID_BYTES)
        return len(self.size) - 1

    def _free_if_empty(self, number: int) -> None:
        if not self.size[number] and not self._has_row[number]:
            del self._numbers[int(self.id_of(number), 16)]
            self._free.append(number)

    @property
    def _handles(self) -> "array[int]":
        return self._handle

    def _slot_of(self, ident: str) -> int | None:
        number = self.find(ident)
        return number if number is not None and self._has_row[number] else None

    def _pack(self, row: LiveStory) -> bytes:
        return encode_row(row)

    def _unpack(self, packed: bytes) -> LiveStory:
        return decode_story(packed)
