"""The live articles of a lane: their rows by id, and the register to search them by."""

from array import array
from collections.abc import Iterator

from newsloom.pipeline.curation.register import Register
from newsloom.pipeline.curation.rows import LiveArticle, article_key
from newsloom.pipeline.curation.shelf import MAX_IN_MEMORY, Shelf, ShelvedRows
from newsloom.rules.scoring import LeadKey


class LiveArticles(ShelvedRows[LiveArticle]):
    """Rows of live articles by id."""

    def __init__(self, shelf: Shelf | None, max_in_memory: int = MAX_IN_MEMORY) -> None:
        super().__init__(shelf, max_in_memory)
        self.register = Register()

    def __len__(self) -> int:
        return len(self.register)

    def __iter__(self) -> Iterator[str]:
        return iter(self.register)

    def sequence(self, article_id: str) -> int:
        """The `sequence` of a live article's row."""
        return self.register.sequence[self._slot(article_id)]

    def rank(self, article_id: str) -> LeadKey:
        """The `rank` of a live article's row."""
        return self.register.rank(self._number(article_id))

    def put(self, live: LiveArticle) -> None:
        """Takes in a row, new or in place of one that was placed with it."""
        register, article_id = self.register, live.article["id"]
        if register.find(article_id) is None:
            published = live.article["publishedDateTime"]
            quality = live.article["quality"]
            slot = register.take(article_id, live.placed, quality, published)
            register.event_at[slot] = live.event_at
            register.leaves_at[slot] = live.leaves_at
            register.sequence[slot] = live.sequence
        self._put(article_id, live)

    def remove(self, article_id: str) -> None:
        """Lets go of a row."""
        self._forget(article_id)
        self.register.release(article_id)

    def _number(self, article_id: str) -> int:
        number = self.register.find(article_id)
        assert number is not None, f"{article_id} is not live"
        return number

    def _slot(self, article_id: str) -> int:
        return self.register.slot(self._number(article_id))

    def _place(self, ident: str) -> "tuple[array[int], int] | None":
        number = self.register.find(ident)
        return None if number is None else (self.register.handle, self.register.slot(number))

    def _key(self, ident: str) -> str:
        return article_key(ident)
