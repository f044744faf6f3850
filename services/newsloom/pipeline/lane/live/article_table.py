"""The article table: the columns over the live articles of a lane, for fast searches.

An article gets a number when it is placed, and a new one with each version, so numbers rise with
time. The columns are rings of one capacity, a power of two. A number's slot is its last bits:

    number 5,121, capacity 4,096        slot = 5,121 & 4,095 = 1,025

    slot         1,024       1,025       1,026   ...
    number    [  5,120  ][   5,121  ][      0  ]         0: empty
    event_at  [  s      ][   s      ][         ]         one array a column
    _ids      [ 16 bytes][ 16 bytes ][ 16 bytes]
    _tags     [ 12 x u16][ 12 x u16 ][ 12 x u16]         see `set_references`

When the live numbers no longer fit, all columns are copied to columns of at least twice the size.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.search.compiled import Integers
from newsloom.rules.scoring import LeadKey
from newsloom.rules.stories import MAX_RELATED

Unsigned = NDArray[np.uint64]
_ID_BYTES = 16
_TIME_CHARACTERS = 20
_FIRST_CAPACITY = 1024
_NO_TAGS = array("H", [0] * MAX_RELATED)
_TAG_COUNT = (1 << 16) - 1
"""A tag is a 16-bit hash. Of two million articles, a few hundred match a tag by chance."""


class ArticleTable:
    """Columns over live articles; `slot` is the index of a number in every column.

    Read and write the columns in place: `event_at` and `leaves_at` in Unix seconds;
    `sequence`; `handle`, the row's handle in the spill store, 0 if it is not there; `story`, the
    number of the article's story; `next` and `previous`, the numbers of its neighbours in that
    story's list, 0 at either end; `quality`; `has_links`, 1 for an article that is a duplicate or
    has image fingerprints; `provider`, the number of its provider; `address`, the first bytes of
    its row's `address`, 0 if there is none.

    `numbers`, `times` and `stories` are `number`, `event_at` and `story` as
    NumPy arrays over the same memory, for compiled loops.
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
        self.has_links: array[int] = _column("b", capacity)
        self.provider: array[int] = _column("i", capacity)
        self.address: array[int] = _column("Q", capacity)
        self.numbers = np.frombuffer(self.number, dtype=np.int64)
        self.times = np.frombuffer(self.event_at, dtype=np.int64)
        self.stories = np.frombuffer(self.story, dtype=np.int32)
        self._ids = bytearray(capacity * _ID_BYTES)
        self._published = bytearray(capacity * _TIME_CHARACTERS)
        self._tags: array[int] = _column("H", capacity * MAX_RELATED)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        """The ids of all live articles, in the order of their numbers."""
        return map(self.id_of, np.sort(self.numbers[self.numbers > 0]).tolist())

    def find(self, article_id: str) -> int | None:
        """The number of an article, None if it is not live."""
        return self._numbers.get(int(article_id, 16))

    def slot(self, number: int) -> int:
        """The index of a number in the columns."""
        return number & self._mask

    def id_of(self, number: int) -> str:
        """The id of the live article with that number."""
        start = (number & self._mask) * _ID_BYTES
        return self._ids[start : start + _ID_BYTES].hex()

    def story_of(self, article_id: str) -> int:
        """The number of the story of a live article."""
        return self.story[self._numbers[int(article_id, 16)] & self._mask]

    def is_live(self, number: int) -> bool:
        """Whether the article with that number is live."""
        return self.number[number & self._mask] == number

    def rank(self, number: int) -> LeadKey:
        """The sort key of a live article among those of its story, as `lead_key` returns it."""
        slot = number & self._mask
        start = slot * _TIME_CHARACTERS
        published = self._published[start : start + _TIME_CHARACTERS].decode()
        return -self.quality[slot], published, self.id_of(number)

    def add(self, article_id: str, number: int, quality: int, published: str) -> int:
        """Adds an article under a new number above 0; returns its slot.

        `published` is a date-time of 20 characters. The caller fills the other columns.
        """
        if not self._numbers:
            self._lowest = self._highest = number
        if max(self._highest, number) - min(self._lowest, number) > self._mask:
            self._grow(number)
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

    def remove(self, article_id: str) -> None:
        """Removes a live article."""
        slot = self._numbers.pop(int(article_id, 16)) & self._mask
        self.number[slot] = self.handle[slot] = self.address[slot] = 0
        start = slot * MAX_RELATED
        self._tags[start : start + MAX_RELATED] = _NO_TAGS

    def oldest(self, below: int) -> int | None:
        """The lowest number of a live article, if it is lower than `below`."""
        while self._lowest < below and self._lowest <= self._highest:
            if self.is_live(self._lowest):
                return self._lowest
            self._lowest += 1
        return None

    def set_references(self, number: int, article_ids: Sequence[str]) -> None:
        """Stores which articles the last record of an article named, at most MAX_RELATED.

        Only a 16-bit hash of each id is stored, as a prefilter for `may_reference`.
        """
        tags = [_tag(article_id) for article_id in article_ids]
        tags += [0] * (MAX_RELATED - len(tags))
        start = (number & self._mask) * MAX_RELATED
        self._tags[start : start + MAX_RELATED] = array("H", tags)

    def may_reference(self, article_id: str) -> list[str]:
        """The ids of all live articles that name an article, and some false positives.

        Check the rows. It scans the whole column: call it for withdrawals only, which are few.
        """
        tags = np.frombuffer(self._tags, dtype=np.uint16)
        (places,) = (tags == _tag(article_id)).nonzero()
        numbers = self.numbers[places // MAX_RELATED]
        return [self.id_of(number) for number in numbers.tolist() if number]

    def with_address(self, address: str) -> list[str]:
        """The ids of the live articles whose row may have that `address`. Check the rows.

        It scans the whole column, as `may_reference` does.
        """
        keys = np.frombuffer(self.address, dtype=np.uint64)
        (slots,) = ((keys == address_key(address)) & (self.numbers > 0)).nonzero()
        return [self.id_of(number) for number in self.numbers[slots].tolist()]

    def may_reference_any(self, numbers: Sequence[int], article_ids: Iterable[str]) -> list[int]:
        """Those of the live `numbers` that name one of the articles, and some false positives."""
        is_named = np.zeros(_TAG_COUNT + 1, np.bool_)
        is_named[[_tag(article_id) for article_id in article_ids]] = True
        tags = np.frombuffer(self._tags, dtype=np.uint16).reshape(-1, MAX_RELATED)
        chosen = np.array(numbers, np.int64)
        named: list[int] = chosen[is_named[tags[chosen & self._mask]].any(axis=1)].tolist()
        return named

    def distances(self, numbers: Integers, article_id: str) -> tuple[Unsigned, Unsigned]:
        """The ids of live articles XOR an id, as their first and last 64 bits."""
        ids = np.frombuffer(self._ids, dtype=">u8").reshape(-1, 2)[numbers & self._mask]
        own = np.frombuffer(bytes.fromhex(article_id), dtype=">u8")
        return ids[:, 0] ^ own[0], ids[:, 1] ^ own[1]

    def _grow(self, number: int) -> None:
        """Copies the columns to larger ones if `number` does not fit with the live numbers."""
        self.oldest(self._highest)
        capacity = self._mask + 1
        while max(self._highest, number) - min(self._lowest, number) >= capacity:
            capacity *= 2
        if capacity > self._mask + 1:
            self._copy_columns(capacity)

    def _copy_columns(self, capacity: int) -> None:
        former = dict(vars(self))
        old_numbers = self.numbers
        (slots,) = old_numbers.nonzero()
        self._lay_out(capacity)
        new_slots = old_numbers[slots] & self._mask
        for name, column in vars(self).items():
            if isinstance(column, array | bytearray):
                entries = _entries(former[name], len(old_numbers))[slots]
                _entries(column, capacity)[new_slots] = entries


def address_key(address: str) -> int:
    """What the column `address` holds for a row's `address`."""
    return int(address[:16], 16) if address else 0


def _tag(article_id: str) -> int:
    return 1 + int(article_id, 16) % _TAG_COUNT  # 0 means no reference


def _column(kind: str, length: int) -> "array[Any]":
    return array(kind, bytes(length * array(kind).itemsize))


def _entries(column: "array[Any] | bytearray", count: int) -> NDArray[np.uint8]:
    """A column as a matrix of bytes, one row an entry."""
    return np.frombuffer(column, dtype=np.uint8).reshape(count, -1)
