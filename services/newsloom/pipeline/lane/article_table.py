"""The register: the few facts by which a lane is searched, of every live article, by its number.

An article is numbered when it is placed, and anew with each new version, so that numbers rise with
time; they are kept in columns as a ring, where one stands at its number modulo the ring's size.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from newsloom.rules.scoring import LeadKey
from newsloom.rules.stories import RELATED_LIMIT

_ID_BYTES = 16
_TIME_CHARACTERS = 20
_FIRST_CAPACITY = 1024
_NOBODY = array("H", [0] * RELATED_LIMIT)
_TAGS = (1 << 16) - 1
"""By so many tags it is told who may name an article: of two million, a few hundred by chance."""


class ArticleTable:
    """Columns over live articles; `slot` says where in them a number stands.

    Each column is an array for single entries, read and written in place. Numbers of articles
    that are linked to are 0 where there is none. `event_at` and `leaves_at` are in seconds,
    `story` is a story's number, `handle` where the row lies on the shelf, 0 if it does not.
    `is_bound` is 1 for an article that duplicates another, or shows what others may show.
    `numbers`, `times` and `stories` are `number`, `event_at` and `story` again, for loops over
    whole columns.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._lowest = 0
        self._highest = 0
        self._lay_out(_FIRST_CAPACITY)

    def _lay_out(self, capacity: int) -> None:
        self._mask = capacity - 1
        self.number: array[int] = _column("q", capacity)
        self.event_at: array[int] = _column("q", capacity)
        self.leaves_at: array[int] = _column("q", capacity)
        self.sequence: array[int] = _column("q", capacity)
        self.handle: array[int] = _column("q", capacity)
        self.story: array[int] = _column("i", capacity)
        self.next: array[int] = _column("q", capacity)
        self.previous: array[int] = _column("q", capacity)
        self.quality: array[int] = _column("h", capacity)
        self.is_bound: array[int] = _column("b", capacity)
        self.numbers = np.frombuffer(self.number, dtype=np.int64)
        self.times = np.frombuffer(self.event_at, dtype=np.int64)
        self.stories = np.frombuffer(self.story, dtype=np.int32)
        self._ids = bytearray(capacity * _ID_BYTES)
        self._published = bytearray(capacity * _TIME_CHARACTERS)
        self._named: array[int] = _column("H", capacity * RELATED_LIMIT)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        """The ids of all live articles, in the order in which they were numbered."""
        return map(self.id_of, np.sort(self.numbers[self.numbers > 0]).tolist())

    def find(self, article_id: str) -> int | None:
        """The number of a live article."""
        return self._numbers.get(int(article_id, 16))

    def slot(self, number: int) -> int:
        """Where in the columns a number stands."""
        return number & self._mask

    def id_of(self, number: int) -> str:
        """The id of the live article with that number."""
        start = (number & self._mask) * _ID_BYTES
        return self._ids[start : start + _ID_BYTES].hex()

    def story_of(self, article_id: str) -> int:
        """The number of the story that a live article is in."""
        return self.story[self._numbers[int(article_id, 16)] & self._mask]

    def is_live(self, number: int) -> bool:
        """Whether the article with that number is live."""
        return self.number[number & self._mask] == number

    def rank(self, number: int) -> LeadKey:
        """What sorts an article among those of its story, as `lead_key` does."""
        slot = number & self._mask
        start = slot * _TIME_CHARACTERS
        published = self._published[start : start + _TIME_CHARACTERS].decode()
        return -self.quality[slot], published, self.id_of(number)

    def take(self, article_id: str, number: int, quality: int, published: str) -> int:
        """Takes in an article under a number of its own (above 0); its slot, yet to be filled."""
        if not self._numbers:
            self._lowest = self._highest = number
        if max(self._highest, number) - min(self._lowest, number) > self._mask:
            self._make_room(number)
        self._lowest, self._highest = min(self._lowest, number), max(self._highest, number)
        self._numbers[int(article_id, 16)] = number
        slot = number & self._mask
        self.number[slot] = number
        self.quality[slot] = quality
        start = slot * _ID_BYTES
        self._ids[start : start + _ID_BYTES] = bytes.fromhex(article_id)
        start = slot * _TIME_CHARACTERS
        self._published[start : start + _TIME_CHARACTERS] = published.encode()
        return slot

    def release(self, article_id: str) -> None:
        """Lets go of an article."""
        slot = self._numbers.pop(int(article_id, 16)) & self._mask
        self.number[slot] = self.handle[slot] = 0
        start = slot * RELATED_LIMIT
        self._named[start : start + RELATED_LIMIT] = _NOBODY

    def oldest(self, below: int) -> int | None:
        """The lowest number of a live article, if it is lower than `below`."""
        while self._lowest < below and self._lowest <= self._highest:
            if self.is_live(self._lowest):
                return self._lowest
            self._lowest += 1
        return None

    def set_named(self, number: int, article_ids: Sequence[str]) -> None:
        """Notes which articles the last publication of one named, at most RELATED_LIMIT."""
        tags = [_tag(article_id) for article_id in article_ids]
        tags += [0] * (RELATED_LIMIT - len(tags))
        start = (number & self._mask) * RELATED_LIMIT
        self._named[start : start + RELATED_LIMIT] = array("H", tags)

    def may_name(self, article_id: str) -> list[str]:
        """The ids of live articles that name another, and some that do not.

        Looks through all of them: for withdrawals, which are few.
        """
        tags = np.frombuffer(self._named, dtype=np.uint16)
        (places,) = (tags == _tag(article_id)).nonzero()
        numbers = self.numbers[places // RELATED_LIMIT]
        return [self.id_of(number) for number in numbers.tolist() if number]

    def _make_room(self, number: int) -> None:
        self.oldest(self._highest)
        capacity = self._mask + 1
        while max(self._highest, number) - min(self._lowest, number) >= capacity:
            capacity *= 2
        if capacity == self._mask + 1:
            return
        held = dict(vars(self))
        old = self.numbers
        (slots,) = old.nonzero()
        self._lay_out(capacity)
        new_slots = old[slots] & self._mask
        for name, column in vars(self).items():
            if isinstance(column, array | bytearray):
                _rows(column, capacity)[new_slots] = _rows(held[name], len(old))[slots]


def _tag(article_id: str) -> int:
    return 1 + int(article_id, 16) % _TAGS  # 0 stands for none


def _column(kind: str, length: int) -> "array[Any]":
    return array(kind, bytes(length * array(kind).itemsize))


def _rows(column: "array[Any] | bytearray", count: int) -> NDArray[np.uint8]:
    return np.frombuffer(column, dtype=np.uint8).reshape(count, -1)
