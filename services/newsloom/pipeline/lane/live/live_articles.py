"""The live articles of a lane: their rows by id, and the table to search them by.

A row in the spill store is packed together with the fragments of its article, so that other
records can be built without decoding the row:

    [4 lengths][related][reference][title][topics][encoded row]

The lengths are 0 for a row whose fragments are not built yet.
"""

from array import array
from collections.abc import Iterator
from struct import Struct

from newsloom.pipeline.lane.fragments import Fragments
from newsloom.pipeline.lane.live.article_table import ArticleTable, address_key
from newsloom.pipeline.lane.live.row_cache import CachedRows
from newsloom.pipeline.lane.providers import ProviderNumbers
from newsloom.pipeline.lane.rows import LiveArticle, decode_article, decode_vector, encode_row
from newsloom.pipeline.spill_store import SpillStore
from newsloom.rules.scoring import LeadKey
from newsloom.rules.words.terms import Vector

_LENGTHS = Struct("<4I")
_NO_FRAGMENTS = bytes(_LENGTHS.size)


class LiveArticles(CachedRows[LiveArticle]):
    """Rows of live articles by id."""

    def __init__(
        self, spill_store: SpillStore | None, max_in_memory: int, providers: ProviderNumbers
    ) -> None:
        super().__init__(spill_store, max_in_memory)
        self._providers = providers
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

    def event_at(self, article_id: str) -> int:
        """The `event_at` of a live article's row."""
        return self.table.event_at[self.table.slot(self._number(article_id))]

    def leaves_at(self, article_id: str) -> int:
        """The `leaves_at` of a live article's row."""
        return self.table.leaves_at[self.table.slot(self._number(article_id))]

    def rank(self, article_id: str) -> LeadKey:
        """The `rank` of a live article's row."""
        live = self._in_memory.get(article_id)
        return live.rank if live is not None else self.table.rank(self._number(article_id))

    def fragments(self, article_id: str) -> Fragments:
        """The fragments of a live article. Raises OSError."""
        live = self._in_memory.get(article_id)
        if live is not None:
            return live.fragments
        packed = self._load_packed(article_id)
        if packed.startswith(_NO_FRAGMENTS):
            return unpack_article(packed).fragments
        parts, start = [], _LENGTHS.size
        for length in _LENGTHS.unpack_from(packed):
            parts.append(packed[start : start + length])
            start += length
        return Fragments(*parts)

    def vector(self, article_id: str) -> Vector:
        """The vector of a live article. Raises OSError."""
        live = self._in_memory.get(article_id)
        if live is not None:
            return live.vector
        return decode_vector(_row_in(self._load_packed(article_id)))

    def may_name(self, article_id: str, other_id: str) -> bool:
        """Whether a row names another article. Raises OSError.

        For a row in the spill store, any occurrence of the id counts.
        """
        live = self._in_memory.get(article_id)
        if live is not None:
            return other_id in live.related
        return other_id.encode() in _row_in(self._load_packed(article_id))

    def add(self, live: LiveArticle, handle: int = 0) -> None:
        """Adds a row under its number. With a `handle` it stays in the spill store."""
        article, table = live.article, self.table
        published = article["publishedDateTime"]
        slot = table.add(article["id"], live.placed, article["quality"], published)
        table.event_at[slot] = live.event_at
        table.leaves_at[slot] = live.leaves_at
        table.sequence[slot] = live.sequence
        provider = article["provider"]
        table.provider[slot] = self._providers.acquire(provider["name"], provider["domain"])
        table.address[slot] = address_key(live.address)
        if handle:
            table.handle[slot] = handle
        else:
            self._cache(article["id"], live)

    def put(self, live: LiveArticle) -> None:
        """Replaces a row that has the same number."""
        self._discard(live.article["id"], self.table.slot(live.placed))
        self._cache(live.article["id"], live)

    def remove(self, article_id: str, number: int) -> None:
        """Removes the row with that id and number."""
        self._providers.release(self.table.provider[self.table.slot(number)])
        self._discard(article_id, self.table.slot(number))
        self.table.remove(article_id)

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

    def _load_packed(self, article_id: str) -> bytes:
        packed = self._load(article_id)
        assert packed is not None, f"{article_id} is not live"
        return packed

    def _pack(self, row: LiveArticle) -> bytes:
        if not row.has_fragments:
            return pack_encoded(encode_row(row))
        parts = [*row.fragments, encode_row(row)]
        return _LENGTHS.pack(*map(len, row.fragments)) + b"".join(parts)

    def _unpack(self, packed: bytes) -> LiveArticle:
        return unpack_article(packed)


def pack_encoded(row: bytes) -> bytes:
    """An encoded row, packed for the spill store without fragments."""
    return _NO_FRAGMENTS + row


def unpack_article(packed: bytes) -> LiveArticle:
    """The row of a packed article."""
    return decode_article(_row_in(packed))


def _row_in(packed: bytes) -> bytes:
    return packed[_LENGTHS.size + sum(_LENGTHS.unpack_from(packed)) :]
