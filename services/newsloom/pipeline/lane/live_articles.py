"""The live articles of a lane: their rows by id, and the register to search them by."""

from array import array
from collections.abc import Iterator
from struct import Struct

from newsloom.pipeline.lane.article_table import ArticleTable
from newsloom.pipeline.lane.fragments import Fragments
from newsloom.pipeline.lane.row_cache import CachedRows, SpillStore
from newsloom.pipeline.lane.rows import LiveArticle, decode_article, decode_vector, encode_row
from newsloom.rules.scoring import LeadKey
from newsloom.rules.words.terms import Vector

# On the shelf, what others show stands before the row: to decode all of that takes longer.
_LENGTHS = Struct("<4I")
_UNCUT = bytes(_LENGTHS.size)
"""Stands for all of that before a row which nobody showed."""


class LiveArticles(CachedRows[LiveArticle]):
    """Rows of live articles by id."""

    def __init__(self, spill_store: SpillStore | None, max_in_memory: int) -> None:
        super().__init__(spill_store, max_in_memory)
        self.table = ArticleTable()

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def sequence(self, article_id: str) -> int:
        """The `sequence` of a live article's row."""
        live = self._in_memory.get(article_id)
        if live is not None:
            return live.sequence
        return self.table.sequence[self.table.slot(self._number(article_id))]

    def rank(self, article_id: str) -> LeadKey:
        """The `rank` of a live article's row."""
        live = self._in_memory.get(article_id)
        return live.rank if live is not None else self.table.rank(self._number(article_id))

    def fragments(self, article_id: str) -> Fragments:
        """How a live article is shown in the records of others."""
        live = self._in_memory.get(article_id)
        if live is not None:
            return live.fragments
        packed = self._packed_of(article_id)
        if packed.startswith(_UNCUT):
            return unpack_article(packed).fragments
        parts, start = [], _LENGTHS.size
        for length in _LENGTHS.unpack_from(packed):
            parts.append(packed[start : start + length])
            start += length
        return Fragments(*parts)

    def vector(self, article_id: str) -> Vector:
        """The vector of a live article."""
        live = self._in_memory.get(article_id)
        if live is not None:
            return live.vector
        return decode_vector(_row_in(self._packed_of(article_id)))

    def mentions(self, article_id: str, other_id: str) -> bool:
        """Whether an id stands in a live article's row, named as related or in its text."""
        live = self._in_memory.get(article_id)
        if live is not None:
            return other_id in live.related
        return other_id.encode() in _row_in(self._packed_of(article_id))

    def take(self, live: LiveArticle, handle: int = 0) -> None:
        """Takes in a new row, which may lie on the shelf under a handle and then stays there."""
        article, table = live.article, self.table
        slot = table.take(
            article["id"], live.placed, article["quality"], article["publishedDateTime"]
        )
        table.event_at[slot] = live.event_at
        table.leaves_at[slot] = live.leaves_at
        table.sequence[slot] = live.sequence
        if handle:
            table.handle[slot] = handle
        else:
            self._keep(article["id"], live)

    def put(self, live: LiveArticle) -> None:
        """Takes in a row in place of one that was placed with it."""
        self._forget(live.article["id"], self.table.slot(live.placed))
        self._keep(live.article["id"], live)

    def remove(self, article_id: str, number: int) -> None:
        """Lets go of a row."""
        self._forget(article_id, self.table.slot(number))
        self.table.release(article_id)

    def _number(self, article_id: str) -> int:
        number = self.table.find(article_id)
        assert number is not None, f"{article_id} is not live"
        return number

    @property
    def _handles(self) -> "array[int]":
        return self.table.handle

    def _slot_of(self, ident: str) -> int | None:
        number = self.table.find(ident)
        return None if number is None else self.table.slot(number)

    def _packed_of(self, article_id: str) -> bytes:
        packed = self._packed(article_id)
        assert packed is not None, f"{article_id} is not live"
        return packed

    def _pack(self, row: LiveArticle) -> bytes:
        if not row.has_fragments:  # nobody showed it, so nobody may
            return pack_encoded(encode_row(row))
        return _LENGTHS.pack(*map(len, row.fragments)) + b"".join([*row.fragments, encode_row(row)])

    def _unpack(self, packed: bytes) -> LiveArticle:
        return unpack_article(packed)


def pack_encoded(row: bytes) -> bytes:
    """An encoded row as it lies on the shelf before anybody showed it."""
    return _UNCUT + row


def unpack_article(packed: bytes) -> LiveArticle:
    """The row of what lies on the shelf."""
    return decode_article(_row_in(packed))


def _row_in(packed: bytes) -> bytes:
    return packed[_LENGTHS.size + sum(_LENGTHS.unpack_from(packed)) :]
