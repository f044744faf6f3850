"""Pages: the rows of departed articles, up to 128 articles each.

A page is a JSON object under the key `departed/<number>`. Entries are arrays, in order of
departure; null stands for an article that came back or departed again:

    {"last_at": 1773050400, "articles": [[id, version, event_at, story_id, name, domain,
                                          address, root, is_withdrawn], null, ...]}
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

PAGE_ARTICLES = 128
_PREFIX = "departed/"


class Departed(NamedTuple):
    """An article that left the window, or that was withdrawn. Times are in Unix seconds.

    `name` and `domain` are those of its provider. `address` is the article id that its `webUrl`
    would give, if it has an `originalUrl`, and `root` the article that it duplicates; else both are
    empty. A withdrawn article belongs to no story: its `story_id` is empty.
    """

    id: str
    version: int
    event_at: int
    story_id: str
    name: str = ""
    domain: str = ""
    address: str = ""
    root: str = ""
    is_withdrawn: bool = False


@dataclass(slots=True)
class DepartedPage:
    """A page by its number. `last_at` is the lane clock at the last departure in it."""

    number: int
    last_at: int = 0
    articles: list[Departed | None] = field(default_factory=list)
    _parts: list[bytes] | None = field(default=None, repr=False, compare=False)
    """The encoded entries, once they are needed."""

    def copy(self) -> "DepartedPage":
        """An equal page to change."""
        return DepartedPage(self.number, self.last_at, list(self.articles), list(self._encoded()))

    def append(self, departed: Departed, clock: int) -> None:
        """Adds an article at the end of a page that is not full."""
        self._encoded().append(orjson.dumps(tuple(departed)))
        self.articles.append(departed)
        self.last_at = clock

    def drop(self, place: int) -> None:
        """Empties an entry, given by its place in the page."""
        self._encoded()[place] = b"null"
        self.articles[place] = None

    def encode(self) -> bytes:
        """The page as a JSON object."""
        return b'{"last_at":%d,"articles":[%b]}' % (self.last_at, b",".join(self._encoded()))

    def _encoded(self) -> list[bytes]:
        if self._parts is None:
            self._parts = [orjson.dumps(entry and tuple(entry)) for entry in self.articles]
        return self._parts


def page_key(number: int) -> str:
    """The key of a page's row."""
    return f"{_PREFIX}{number}"


def is_page_key(key: str) -> bool:
    """Whether `key` is the key of a page's row."""
    return key.startswith(_PREFIX)


def page_number(key: str) -> int:
    """The number of the page whose row has that key."""
    return int(key.removeprefix(_PREFIX))


def decode_page(key: str, value: bytes) -> DepartedPage:
    """The page that `encode` wrote under `key`."""
    row = orjson.loads(value)
    articles = [None if entry is None else Departed(*entry) for entry in row["articles"]]
    return DepartedPage(page_number(key), row["last_at"], articles)
