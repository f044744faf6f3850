"""The state of one lane: its rows, and all that is computed from them.

Nothing here decides. Rows are put and removed; the computed parts follow, and depend on the set
of rows alone, never on the order in which they came.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator

import orjson

from newsloom.pipeline.curation.index import MatterIndex
from newsloom.pipeline.curation.rows import (
    LANE_KEY,
    Lane,
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    article_key,
    encode_row,
    story_key,
)
from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.scoring import LeadKey


class State:
    """One lane. Read freely; change only by the four `put_*` and `remove_*` methods."""

    def __init__(self) -> None:
        self.lane = Lane()
        self.articles: dict[str, LiveArticle] = {}
        self.stories: dict[str, LiveStory] = {}
        self.aliases: dict[str, StoryAlias] = {}
        # Computed from the rows:
        self.index = MatterIndex()
        self.members: dict[str, set[str]] = {}
        self.leads: dict[str, LeadKey] = {}
        self.copies: dict[str, set[str]] = {}
        self.named_by: dict[str, set[str]] = {}
        self.aliases_of: dict[str, set[str]] = {}
        self.shown_by: dict[str, set[str]] = {}
        self._leaving: list[tuple[int, str]] = []

    def put_article(self, live: LiveArticle) -> None:
        """Takes in an article's row, new or changed."""
        article_id = live.article["id"]
        held = self.articles.get(article_id)
        self.articles[article_id] = live
        if held is None or held.article is not live.article:
            if held is not None:
                self.index.remove(article_id, held.vector, held.story_id)
                self._leave_story(held)
            self.index.add(article_id, live.vector, live.story_id, live.event_at)
            self._join_story(live)
        elif held.story_id != live.story_id:
            self.index.move(article_id, live.vector, held.story_id, live.story_id)
            self._leave_story(held)
            self._join_story(live)
        self._relink(article_id, held, live)
        if live.image_checks or (held is not None and held.image_checks):
            self._relink_images(article_id, held, live)
        if held is None or held.leaves_at != live.leaves_at:
            heapq.heappush(self._leaving, (live.leaves_at, article_id))

    def remove_article(self, article_id: str) -> None:
        """Lets go of an article's row."""
        held = self.articles.pop(article_id)
        self.index.remove(article_id, held.vector, held.story_id)
        self._leave_story(held)
        self._relink(article_id, held, None)
        self._relink_images(article_id, held, None)

    def put_story(self, story: LiveStory | StoryAlias) -> None:
        """Takes in a story's row, live or alias, in place of any other under its id."""
        self.remove_story(story.id)
        if isinstance(story, LiveStory):
            self.stories[story.id] = story
        else:
            self.aliases[story.id] = story
            self.aliases_of.setdefault(story.merged_into, set()).add(story.id)

    def remove_story(self, story_id: str) -> None:
        """Lets go of a story's row, if there is one."""
        self.stories.pop(story_id, None)
        alias = self.aliases.pop(story_id, None)
        if alias is not None:
            _discard(self.aliases_of, alias.merged_into, story_id)

    def put(self, row: Row) -> None:
        """Takes in a row of any kind."""
        if isinstance(row, Lane):
            self.lane = row
        elif isinstance(row, LiveArticle):
            self.put_article(row)
        else:
            self.put_story(row)

    def due(self, clock: int) -> list[str]:
        """Articles whose time in the window is over at `clock`, soonest first."""
        over: dict[str, None] = {}
        skipped = []
        while self._leaving and self._leaving[0][0] <= clock:
            leaves_at, article_id = entry = heapq.heappop(self._leaving)
            live = self.articles.get(article_id)
            if live is not None and live.leaves_at == leaves_at:
                over[article_id] = None
                skipped.append(entry)
        for entry in skipped:  # the caller decides; the article is still held
            heapq.heappush(self._leaving, entry)
        return list(over)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every row with its key, in no telling order."""
        yield LANE_KEY, self.lane
        for article_id, live in self.articles.items():
            yield article_key(article_id), live
        for story_id, story in self.stories.items():
            yield story_key(story_id), story
        for story_id, alias in self.aliases.items():
            yield story_key(story_id), alias

    def encode_rows(
        self, article_ids: Iterable[str], story_ids: Iterable[str]
    ) -> dict[str, bytes | None]:
        """The lane's row and those of the given articles and stories; None for a row that is gone.

        Keys come in the order given, so that the same changes are written in the same order.
        """
        rows: dict[str, bytes | None] = {LANE_KEY: encode_row(self.lane)}
        for article_id in article_ids:
            live = self.articles.get(article_id)
            rows[article_key(article_id)] = encode_row(live) if live is not None else None
        for story_id in story_ids:
            story = self.stories.get(story_id) or self.aliases.get(story_id)
            rows[story_key(story_id)] = encode_row(story) if story is not None else None
        return rows

    def _join_story(self, live: LiveArticle) -> None:
        self.members.setdefault(live.story_id, set()).add(live.article["id"])
        lead = self.leads.get(live.story_id)
        if lead is None or live.rank < lead:
            self.leads[live.story_id] = live.rank

    def _leave_story(self, held: LiveArticle) -> None:
        members = self.members[held.story_id]
        members.discard(held.article["id"])
        if not members:
            del self.members[held.story_id], self.leads[held.story_id]
        elif self.leads[held.story_id] == held.rank:
            self.leads[held.story_id] = min(self.articles[m].rank for m in members)

    def _relink(self, article_id: str, held: LiveArticle | None, live: LiveArticle | None) -> None:
        """Brings up to date who duplicates whom, and who names whom."""
        old_root = held.duplicate_of if held else None
        new_root = live.duplicate_of if live else None
        if old_root != new_root:
            if old_root is not None:
                _discard(self.copies, old_root, article_id)
            if new_root is not None:
                self.copies.setdefault(new_root, set()).add(article_id)
        old_named = held.related if held else []
        new_named = live.related if live else []
        if old_named != new_named:
            for other_id in set(old_named).difference(new_named):
                _discard(self.named_by, other_id, article_id)
            for other_id in set(new_named).difference(old_named):
                self.named_by.setdefault(other_id, set()).add(article_id)

    def _relink_images(
        self, article_id: str, held: LiveArticle | None, live: LiveArticle | None
    ) -> None:
        """Brings up to date which articles of a provider came with the same bytes."""
        old, new = picture_keys(held), picture_keys(live)
        for key in old - new:
            _discard(self.shown_by, key, article_id)
        for key in new - old:
            self.shown_by.setdefault(key, set()).add(article_id)


def picture_key(article: Article, check: ImageCheck) -> str | None:
    """What articles of one provider with the same bytes have in common."""
    fingerprint = check.get("fingerprint")
    return f"{article['provider']['domain']} {fingerprint}" if fingerprint else None


def picture_keys(live: LiveArticle | None) -> set[str]:
    """The keys of all images that were good to look at, wherever else they were seen."""
    if live is None:
        return set()
    keys = {picture_key(live.article, check) for check in live.image_checks}
    return {key for key in keys if key is not None}


def _discard(sets: dict[str, set[str]], key: str, member: str) -> None:
    members = sets[key]
    members.discard(member)
    if not members:
        del sets[key]


def restore(rows: Iterable[Row]) -> State:
    """The state that a set of rows makes, in whatever order they come."""
    state = State()
    for row in rows:
        state.put(row)
    return state


def fingerprint(state: State) -> str:
    """A digest of all that decides what the state does next, rows and computed parts alike."""
    computed = [
        state.index.canonical(),
        *(
            sorted((key, sorted(members)) for key, members in sets.items())
            for sets in (
                state.members,
                state.copies,
                state.named_by,
                state.aliases_of,
                state.shown_by,
            )
        ),
        sorted(state.leads.items()),
        sorted({e for e in state._leaving if _is_current(state, e)}),
        sorted((key, encode_row(row).decode()) for key, row in state.rows()),
    ]
    return hashlib.sha256(orjson.dumps(computed)).hexdigest()


def _is_current(state: State, entry: tuple[int, str]) -> bool:
    live = state.articles.get(entry[1])
    return live is not None and live.leaves_at == entry[0]
