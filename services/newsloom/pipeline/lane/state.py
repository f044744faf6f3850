"""The state of one lane: its rows, and everything computed from them.

It decides nothing: rows are added and removed, and the computed parts are updated. These depend on
the set of rows only, not on the order in which the rows were added.
"""

import hashlib
from collections.abc import Iterator

import orjson

from newsloom.pipeline.lane.expiry import ExpiryQueue
from newsloom.pipeline.lane.live_articles import LiveArticles
from newsloom.pipeline.lane.live_stories import LiveStories
from newsloom.pipeline.lane.row_cache import MAX_IN_MEMORY
from newsloom.pipeline.lane.rows import (
    LANE_KEY,
    LaneRow,
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    article_key,
    encode_row,
    story_key,
)
from newsloom.pipeline.lane.search_index import SearchIndex
from newsloom.pipeline.search.centroid_cache import CentroidCache
from newsloom.pipeline.spill_store import SpillStore
from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.stories import LANE_CAP


class State:
    """One lane. Read it freely; change it only by the `put_*` and `remove_*` methods."""

    def __init__(
        self,
        spill_store: SpillStore | None = None,
        cap: int = LANE_CAP,
        max_in_memory: int = MAX_IN_MEMORY,
    ) -> None:
        """At most `max_in_memory` rows of a kind, and half as many centroids, stay in memory; the
        others are in the `spill_store`. Without one, all rows stay in memory. When more than `cap`
        articles were placed, the oldest leaves with each new one.
        """
        self.cap = cap
        self.lane = LaneRow()
        self.articles = LiveArticles(spill_store, max_in_memory)
        self.stories = LiveStories(spill_store, max_in_memory, self.articles.table)
        self.aliases: dict[str, StoryAlias] = {}
        # Computed from the rows:
        centroids = CentroidCache(spill_store, max_in_memory // 2)
        self.index = SearchIndex(self.articles, self.stories, centroids)
        self.copies: dict[str, set[str]] = {}
        self.aliases_of: dict[str, set[str]] = {}
        self.articles_by_image: dict[str, set[str]] = {}
        self._expiry = ExpiryQueue(self.articles.table)

    def put_article(self, live: LiveArticle) -> None:
        """Adds an article's row, or replaces it. Raises OSError."""
        former = self.articles.get(live.article["id"])
        if former is None or former.placed != live.placed:
            if former is not None:
                self.remove_article(live.article["id"])
            self._add(live, 0)
            self._join_story(live)
            former = None
        else:
            self.articles.put(live)
            if former.story_id != live.story_id:
                story = self.stories.number(former.story_id)
                self._leave_story(former.placed, story)
                self._join_story(live)
        self._update_links(former, live)

    def restore_article(self, live: LiveArticle, handle: int = 0) -> None:
        """Adds the row of an article that is not live. With a `handle` it stays in the spill store.

        Call `index.finish_restore` after the last row.
        """
        self._add(live, handle)
        self.stories.join(self.stories.number(live.story_id), live.placed)
        self._update_links(None, live)

    def remove_article(self, article_id: str) -> None:
        """Removes an article's row, if there is one. Raises OSError."""
        articles, table = self.articles, self.articles.table
        number = table.find(article_id)
        if number is None:
            return
        slot = table.slot(number)
        self._leave_story(number, table.story[slot])
        self.index.remove(number)
        if table.has_links[slot]:  # else the row need not be loaded
            self._update_links(articles[article_id], None)
        articles.remove(article_id, number)

    def put_story(self, story: LiveStory | StoryAlias) -> None:
        """Stores a story's row, live or alias, in place of any other row under its id."""
        if isinstance(story, LiveStory):
            self._remove_alias(story.id)
            self.stories.put(story)
        else:
            self.remove_story(story.id)
            self.aliases[story.id] = story
            self.aliases_of.setdefault(story.merged_into, set()).add(story.id)

    def remove_story(self, story_id: str) -> None:
        """Removes a story's row, live or alias, if there is one."""
        self.stories.remove(story_id)
        self._remove_alias(story_id)

    def story_id(self, article_id: str) -> str:
        """The id of the story of a live article."""
        live = self.articles.in_memory(article_id)
        if live is not None:
            return live.story_id
        return self.stories.id_of(self.articles.table.story_of(article_id))

    def named_by(self, article_id: str) -> list[str]:
        """The ids of the live articles whose last record named an article, in no fixed order."""
        articles = self.articles
        possible = articles.table.may_reference(article_id)
        candidates = [i for i in possible if articles.may_name(i, article_id)]
        return [i for i in candidates if article_id in articles[i].related]

    def due(self, clock: int) -> list[str]:
        """The ids of the articles that leave at `clock` when one more article is placed."""
        table = self.articles.table
        due = self._expiry.due(clock)
        oldest = table.oldest(self.lane.placed + 2 - self.cap)
        if oldest is not None and oldest not in due:
            due.append(oldest)
        return [table.id_of(number) for number in due]

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every row with its key, in no fixed order."""
        yield LANE_KEY, self.lane
        for article_id, live in self.articles.items():
            yield article_key(article_id), live
        for story_id, story in self.stories.items():
            yield story_key(story_id), story
        for story_id, alias in self.aliases.items():
            yield story_key(story_id), alias

    def _add(self, live: LiveArticle, handle: int) -> None:
        self.articles.add(live, handle)
        self.index.add(live)
        self._expiry.add(live.placed, live.leaves_at)

    def _join_story(self, live: LiveArticle) -> None:
        number = self.stories.number(live.story_id)
        self.index.add_to_story(number, live.vector)
        self.stories.join(number, live.placed)

    def _leave_story(self, article: int, story: int) -> None:
        self.index.take_from_story(story, article)
        self.stories.leave(article)

    def _remove_alias(self, story_id: str) -> None:
        alias = self.aliases.pop(story_id, None)
        if alias is not None:
            _discard(self.aliases_of, alias.merged_into, story_id)

    def _update_links(self, former: LiveArticle | None, live: LiveArticle | None) -> None:
        """Updates `copies`, the references and `articles_by_image` for a changed row."""
        row = live or former
        assert row is not None
        article_id, old_roots, new_roots = row.article["id"], _roots(former), _roots(live)
        _move(self.copies, article_id, old_roots, new_roots)
        old_keys, new_keys = image_keys(former), image_keys(live)
        _move(self.articles_by_image, article_id, old_keys, new_keys)
        if live is not None:
            table = self.articles.table
            if live.related != (former.related if former else []):
                table.set_references(live.placed, live.related)
            table.has_links[table.slot(live.placed)] = bool(new_keys or new_roots)


def image_key(article: Article, check: ImageCheck) -> str | None:
    """The key shared by articles of one provider that have an image with the same bytes."""
    state_digest = check.get("fingerprint")
    return f"{article['provider']['domain']} {state_digest}" if state_digest else None


def image_keys(live: LiveArticle | None) -> set[str]:
    """The keys of an article's images that have a fingerprint."""
    if live is None or not live.image_checks:
        return set()
    keys = {image_key(live.article, check) for check in live.image_checks}
    return {key for key in keys if key is not None}


def _roots(live: LiveArticle | None) -> set[str]:
    return set() if live is None or live.duplicate_of is None else {live.duplicate_of}


def _move(sets: dict[str, set[str]], member: str, old: set[str], new: set[str]) -> None:
    """Moves a member from the sets under the `old` keys to those under the `new` keys."""
    for key in old - new:
        _discard(sets, key, member)
    for key in new - old:
        sets.setdefault(key, set()).add(member)


def _discard(sets: dict[str, set[str]], key: str, member: str) -> None:
    members = sets[key]
    members.discard(member)
    if not members:
        del sets[key]


def state_digest(state: State) -> str:
    """A digest of the whole state: rows and computed parts."""
    computed = [
        state.index.canonical(),
        *(
            sorted((key, sorted(members)) for key, members in sets.items())
            for sets in (state.copies, state.aliases_of, state.articles_by_image)
        ),
        sorted((story_id, sorted(state.stories.members(story_id))) for story_id in state.stories),
        sorted((story_id, state.stories.lead(story_id)) for story_id in state.stories),
        sorted((article_id, sorted(state.named_by(article_id))) for article_id in state.articles),
        state._expiry.canonical(),
        sorted((key, encode_row(row).decode()) for key, row in state.rows()),
    ]
    return hashlib.sha256(orjson.dumps(computed)).hexdigest()
