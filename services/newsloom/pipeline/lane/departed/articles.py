"""The departed articles of a lane: a few bytes each in memory, the rest in pages.

Articles are numbered in the order of departure, from 1 on. Number n is entry (n - 1) % 128 of page
(n - 1) // 128. Pages are forgotten in order, so the numbers in memory are contiguous. Columns are
kept in blocks of 128 pages:

    offset  0    4         12     16        20    24       28    32
            [key][event_at][story][provider][next][address][root]

`key`, `address` and `root` are the first bytes of ids; the page has the whole ids. `next` is the
number of the article of the same story that departed before it, 0 if there is none.
"""

from collections.abc import Callable, Collection, Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np

from newsloom.pipeline.lane.departed.hash_index import HashIndex
from newsloom.pipeline.lane.departed.pages import (
    PAGE_ARTICLES,
    Departed,
    DepartedPage,
    decode_page,
    page_key,
)
from newsloom.pipeline.lane.departed.stories import DepartedStories
from newsloom.pipeline.lane.providers import ProviderNumbers
from newsloom.pipeline.spill_store import SpillStore

_ENTRY = Struct("<IqIIIII")
_KEY = Struct("<I")
_NAMES = ("key", "event_at", "story", "provider", "next", "address", "root")
_COLUMNS = np.dtype(
    list(zip(_NAMES, ("<u4", "<i8", "<u4", "<u4", "<u4", "<u4", "<u4"), strict=True))
)
_BLOCK_ARTICLES = 128 * PAGE_ARTICLES


class DepartedMember(NamedTuple):
    """A departed article of a story: its event time in Unix seconds, its provider's number."""

    event_at: int
    provider: int


class _StoredPage(NamedTuple):
    last_at: int
    handle: int
    """In the spill store; 0 if the page is in memory."""


class DepartedArticles:
    """Departed articles by id, and their pages by number."""

    def __init__(
        self,
        spill_store: SpillStore | None,
        providers: ProviderNumbers,
        stories: DepartedStories,
        has_row: Callable[[str], bool],
        count: Callable[[str, int, int], None],
    ) -> None:
        """Without a spill store, all pages stay in memory. `has_row` says whether a story has a
        row; `count` is called with the story id, the provider's number and 1 or -1 for each article
        that is added to a story or taken from it.
        """
        self._spill_store = spill_store
        self._providers = providers
        self._stories = stories
        self._has_row = has_row
        self._count = count
        self._stored: dict[int, _StoredPage] = {}
        self._pages: dict[int, DepartedPage] = {}
        """The pages in memory: with a spill store, the last one only."""
        self._blocks: dict[int, bytearray] = {}
        self._index = HashIndex(self._key_of)
        self._oldest = self._last = 0
        """All pages have numbers from `_oldest` to `_last`."""
        self.count = 0
        """How many articles are remembered."""

    def find(self, article_id: str) -> tuple[int, Departed] | None:
        """The number of a departed article and what is known of it. Raises OSError."""
        for number in self._index.candidates(_key(article_id)):
            found = self[number]
            if found is not None and found.id == article_id:
                return number, found
        return None

    def __getitem__(self, number: int) -> Departed | None:
        """The article with that number; None if it came back. Raises OSError."""
        page, place = divmod(number - 1, PAGE_ARTICLES)
        return self.page(page).articles[place]

    def last_with_address(self, address: str) -> Departed | None:
        """The article with that `address` that departed last. Raises OSError."""
        for number in reversed(self._scan("address", _tag(address))):
            departed = self[number]
            if departed is not None and departed.address == address:
                return departed
        return None

    def has_copies_of(self, article_id: str, excluded: Collection[int] = ()) -> bool:
        """Whether a departed article is a duplicate of that one. Raises OSError.

        Those whose numbers are `excluded` do not count.
        """
        numbers = (n for n in self._scan("root", _tag(article_id)) if n not in excluded)
        found = map(self.__getitem__, numbers)
        return any(d is not None and d.root == article_id for d in found)

    def members(self, story: int) -> Iterator[DepartedMember]:
        """The departed articles of a story, by its number in DepartedStories."""
        number = self._stories.newest[story] if story else 0
        while number > self._oldest * PAGE_ARTICLES:
            _, event_at, of_story, provider, number, *_ = self._entry(number)
            if of_story == story:
                yield DepartedMember(event_at, provider)

    def page(self, number: int) -> DepartedPage:
        """A page, empty if there is none of that number. Do not change it. Raises OSError."""
        page = self._pages.get(number)
        if page is not None:
            return page
        stored = self._stored.get(number)
        if stored is None:
            return DepartedPage(number)
        assert self._spill_store is not None
        return decode_page(page_key(number), self._spill_store.read(stored.handle))

    def pages(self) -> Iterator[DepartedPage]:
        """All pages."""
        return map(self.page, list(self._stored))

    def oldest_page(self) -> tuple[int, int] | None:
        """The number of the page to be forgotten next, and the lane clock at its last departure."""
        while self._oldest < self._last and self._oldest not in self._stored:
            self._oldest += 1
        stored = self._stored.get(self._oldest)
        return None if stored is None else (self._oldest, stored.last_at)

    def reserve(self, pages: int) -> None:
        """Makes space for that many more pages at once."""
        self._index.reserve(pages * PAGE_ARTICLES)

    def put_page(self, page: DepartedPage, handle: int = 0) -> None:
        """Adds or replaces a page. With a `handle` it stays in the spill store. Raises OSError."""
        former = self.page(page.number).articles
        first = page.number * PAGE_ARTICLES + 1
        for place, departed in enumerate(page.articles):
            old = former[place] if place < len(former) else None
            if old is not departed and old != departed:
                if old is not None:
                    self._drop(first + place, old)
                if departed is not None:
                    self._add(first + place, departed)
        self._store(page, handle)

    def remove_page(self, number: int) -> None:
        """Forgets a page and its articles. It must be the oldest. Raises OSError."""
        first = number * PAGE_ARTICLES + 1
        for place, departed in enumerate(self.page(number).articles):
            if departed is not None:
                self._drop(first + place, departed)
        self._oldest = number + 1
        self._blocks.pop((first - 1) // _BLOCK_ARTICLES - 1, None)
        self._discard(number)

    def _store(self, page: DepartedPage, handle: int) -> None:
        """Keeps a page. With a spill store, only the last one stays in memory."""
        self._discard(page.number)
        store, is_last = self._spill_store, page.number >= self._last
        if store is not None and not handle and not is_last:
            handle = store.write(page.encode())
        self._last = max(self._last, page.number)
        if store is not None and is_last:
            for number, former in self._pages.items():
                spilled = store.write(former.encode())
                self._stored[number] = _StoredPage(former.last_at, spilled)
            self._pages.clear()
        self._stored[page.number] = _StoredPage(page.last_at, handle)
        if not handle:
            self._pages[page.number] = page

    def _discard(self, number: int) -> None:
        stored = self._stored.pop(number, None)
        self._pages.pop(number, None)
        if stored is not None and stored.handle and self._spill_store is not None:
            self._spill_store.discard(stored.handle)

    def _add(self, number: int, departed: Departed) -> None:
        key, provider, story, following = _key(departed.id), 0, 0, 0
        if departed.domain:
            provider = self._providers.acquire(departed.name, departed.domain)
        if departed.story_id and self._is_in_row(departed):
            story = self._stories.number(departed.story_id)
            following = self._stories.add_article(story, number)
            self._count(departed.story_id, provider, 1)
        packed = (key, departed.event_at, story, provider, following)
        block, start = self._place(number)
        tags = _tag(departed.address), _tag(departed.root)
        _ENTRY.pack_into(block, start, *packed, *tags)
        self._index.add(key, number)
        self.count += 1

    def _drop(self, number: int, departed: Departed) -> None:
        _, _, story, provider, following, *_ = self._entry(number)
        self._index.remove(_key(departed.id), number)
        block, start = self._place(number)
        _ENTRY.pack_into(block, start, 0, 0, 0, 0, following, 0, 0)
        if story:
            self._stories.take_article(story)
            self._count(departed.story_id, provider, -1)
        if provider:
            self._providers.release(provider)
        self.count -= 1

    def _is_in_row(self, departed: Departed) -> bool:
        """Whether the article is counted in a story's row. It is not if it was alone in its story:
        then the story has no row.
        """
        return departed.story_id != departed.id or self._has_row(departed.id)

    def _entry(self, number: int) -> tuple[int, ...]:
        return _ENTRY.unpack_from(*self._place(number))

    def _key_of(self, number: int) -> int:
        key: int = _KEY.unpack_from(*self._place(number))[0]
        return key

    def _place(self, number: int) -> tuple[bytearray, int]:
        block, place = divmod(number - 1, _BLOCK_ARTICLES)
        columns = self._blocks.get(block)
        if columns is None:
            columns = self._blocks[block] = bytearray(_BLOCK_ARTICLES * _ENTRY.size)
        return columns, place * _ENTRY.size

    def _scan(self, column: str, tag: int) -> list[int]:
        """The numbers of all articles with that value in a column."""
        found = []
        for block, columns in sorted(self._blocks.items()):
            (places,) = (np.frombuffer(columns, dtype=_COLUMNS)[column] == tag).nonzero()
            found += (places + block * _BLOCK_ARTICLES + 1).tolist()
        return found


def _key(article_id: str) -> int:
    return int(article_id[:8], 16)


def _tag(article_id: str) -> int:
    """The first bytes of an id, 0 if there is none."""
    return int(article_id[:8], 16) if article_id else 0
