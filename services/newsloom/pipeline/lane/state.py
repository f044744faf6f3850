"""The state of one lane: its rows, and everything computed from them.

It decides nothing: rows are added and removed, and the computed parts are updated. These depend on
the set of rows only, not on the order in which the rows were added.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from newsloom.pipeline.lane.departed.articles import DepartedArticles, DepartedMember
from newsloom.pipeline.lane.departed.pages import DepartedPage, page_key
from newsloom.pipeline.lane.departed.stories import DepartedStories
from newsloom.pipeline.lane.live.copies import Copies
from newsloom.pipeline.lane.live.expiry import ExpiryQueue
from newsloom.pipeline.lane.live.live_articles import LiveArticles
from newsloom.pipeline.lane.live.live_stories import LiveStories
from newsloom.pipeline.lane.live.row_cache import MAX_IN_MEMORY
from newsloom.pipeline.lane.pending import PENDING_KEY, Pending
from newsloom.pipeline.lane.providers import ProviderNumbers
from newsloom.pipeline.lane.rows import (
    FORM,
    LANE_KEY,
    DormantLead,
    LaneRow,
    LiveArticle,
    LiveStory,
    Row,
    StoryAlias,
    article_key,
    decode_story,
    dormant_lead_key,
    encode_row,
    story_key,
)
from newsloom.pipeline.lane.search_index import SearchIndex
from newsloom.pipeline.lane.story_figures import ProviderCounts, StoryFigures
from newsloom.pipeline.lane.word_counts import WordCounts
from newsloom.pipeline.search.centroid_cache import CentroidCache
from newsloom.pipeline.spill_store import SpillStore
from newsloom.records.curated import Article
from newsloom.records.faults import Outcome
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
        self.providers = ProviderNumbers()
        self.articles = LiveArticles(spill_store, max_in_memory, self.providers)
        self.stories = LiveStories(spill_store, max_in_memory, self.articles.table)
        self.aliases: dict[str, StoryAlias] = {}
        self.dormant = DepartedStories(spill_store)
        self.departed = DepartedArticles(
            spill_store, self.providers, self.dormant, self.has_story, self._count
        )
        self.pending = Pending()
        # Computed from the rows:
        centroids = CentroidCache(spill_store, max_in_memory // 2)
        self.index = SearchIndex(self.articles, self.stories, centroids)
        self.words = WordCounts()
        self.copies = Copies()
        self.aliases_of: dict[str, set[str]] = {}
        self.articles_by_image: dict[str, set[str]] = {}
        self._figures = StoryFigures(self.providers)
        self._expiry = ExpiryQueue(self.articles.table)

    def upgrade(self) -> None:
        """Makes a lane of form 1 one of form 2: its next rows have that form."""
        self.lane = replace(self.lane, form=FORM)

    def pass_over(self, inputs: int) -> None:
        """Counts inputs that nobody reads, as `passed`."""
        outcomes = dict(self.lane.outcomes)
        passed = Outcome.PASSED.value
        outcomes[passed] = outcomes.get(passed, 0) + inputs
        self.lane = replace(self.lane, outcomes=outcomes)

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
        live = articles[article_id]
        self._leave_story(number, table.story[slot])
        self.index.remove(number)
        self.words.add(live, -1)
        self._update_links(live, None)
        articles.remove(article_id, number)

    def put_story(self, story: LiveStory | StoryAlias) -> None:
        """Stores a story's row in place of any other row under its id.

        Call it after its articles are put or removed: without a live article the story is dormant.
        """
        if isinstance(story, StoryAlias):
            self.remove_story(story.id)
            self.aliases[story.id] = story
            self.aliases_of.setdefault(story.merged_into, set()).add(story.id)
            self._figures.forget(self.resolve(story.id))
        elif self.stories.size_of(story.id):
            if story.id not in self.stories:
                self._remove_alias(story.id)
                self.dormant.remove_row(story.id)
            self.stories.put(story)
        else:
            self.remove_story(story.id)
            self.dormant.put_row(story)

    def restore_story(self, story_id: str, value: bytes, handle: int) -> None:
        """Adds an encoded row that stays in the spill store, once all articles are restored."""
        if self.stories.size_of(story_id):
            self.stories.put(decode_story(value), handle)
        else:
            self.dormant.restore_row(story_id, handle)

    def remove_story(self, story_id: str) -> None:
        """Removes a story's row, live, dormant or alias, if there is one."""
        self.stories.remove(story_id)
        self.dormant.remove_row(story_id)
        self._remove_alias(story_id)
        self._figures.forget(story_id)

    def story(self, story_id: str) -> LiveStory | StoryAlias | None:
        """The row of a story, live, dormant or alias. Do not change it. Raises OSError."""
        return (
            self.stories.get(story_id) or self.aliases.get(story_id) or self.dormant.row(story_id)
        )

    def has_story(self, story_id: str) -> bool:
        """Whether a story has a row, live, dormant or alias."""
        return (
            story_id in self.stories or story_id in self.aliases or self.dormant.has_row(story_id)
        )

    def resolve(self, story_id: str) -> str:
        """The id of the story that a story was merged into, at any depth; its own if it was not."""
        while (alias := self.aliases.get(story_id)) is not None:
            story_id = alias.merged_into
        return story_id

    def merged_into(self, story_id: str) -> list[str]:
        """The ids of a story and of all stories that were merged into it, at any depth."""
        ids = [story_id]
        for merged in ids:  # grows while it is read
            ids += self.aliases_of.get(merged, ())
        return ids

    def departed_count(self, story_id: str) -> int:
        """How many departed articles of a story are remembered and not withdrawn."""
        dormant = self.dormant
        return sum(dormant.count[dormant.find(i)] for i in self.merged_into(story_id))

    def departed_members(self, story_id: str) -> Iterator[DepartedMember]:
        """The articles that departed from a story, merged ones apart, and were not withdrawn."""
        return self.departed.members(self.dormant.find(story_id))

    def provider_counts(self, story_id: str) -> ProviderCounts:
        """The articles of a story by provider, live and departed. Do not change them."""
        return self._figures.counts(story_id, self._providers_in)

    def put_dormant_lead(self, story_id: str, lead: LiveArticle | None) -> None:
        """Keeps the row of the lead of a dormant story; None removes it. Raises OSError."""
        if lead is None:
            self.dormant.remove_lead(story_id)
        else:
            self.dormant.put_lead(story_id, lead)

    def put_page(self, page: DepartedPage, handle: int = 0) -> None:
        """Adds or replaces a page of departed articles. Call it after `put_story`."""
        self.departed.put_page(page, handle)

    def story_id(self, article_id: str) -> str:
        """The id of the story of a live article."""
        live = self.articles.in_memory(article_id)
        if live is not None:
            return live.story_id
        return self.stories.id_of(self.articles.table.story_of(article_id))

    def root_of(self, article_id: str) -> str | None:
        """The root of which an article is a duplicate; None if it is none, or not live."""
        number, table = self.articles.table.find(article_id), self.articles.table
        if number is None or not table.has_links[table.slot(number)]:
            return None  # the row need not be loaded
        return self.articles[article_id].duplicate_of

    def named_by(self, article_id: str, after: str = "") -> Iterator[str]:
        """The ids above `after` of the live articles whose last record named an article, sorted."""
        articles = self.articles
        for other_id in sorted(i for i in articles.table.may_reference(article_id) if i > after):
            if articles.may_name(other_id, article_id) and article_id in articles[other_id].related:
                yield other_id

    def due(self, clock: int, limit: int) -> list[str]:
        """The ids of the articles that leave at `clock` when one more article is placed.

        Of those that leave the window only the first `limit`.
        """
        table = self.articles.table
        due = self._expiry.due(clock, limit)
        oldest = table.oldest(self.lane.placed + 2 - self.cap)
        if oldest is not None and oldest not in due:
            due.append(oldest)
        return [table.id_of(number) for number in due]

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every row with its key, in no fixed order."""
        yield LANE_KEY, self.lane
        if self.pending.tasks:
            yield PENDING_KEY, self.pending
        for article_id, live in self.articles.items():
            yield article_key(article_id), live
        for story_id, story in self.stories.items():
            yield story_key(story_id), story
        for story_id, alias in self.aliases.items():
            yield story_key(story_id), alias
        for story_id in self.dormant.ids_of_rows():
            dormant, lead = self.dormant.row(story_id), self.dormant.lead(story_id)
            assert dormant is not None
            yield story_key(story_id), dormant
            if lead is not None:
                yield dormant_lead_key(story_id), DormantLead(story_id, lead)
        for page in self.departed.pages():
            yield page_key(page.number), page

    def _add(self, live: LiveArticle, handle: int) -> None:
        self.articles.add(live, handle)
        self.index.add(live)
        self.words.add(live)
        self._expiry.add(live.placed, live.leaves_at)

    def _join_story(self, live: LiveArticle) -> None:
        number = self.stories.number(live.story_id)
        self.index.add_to_story(number, live.vector)
        self.stories.join(number, live.placed)
        table = self.articles.table
        self._count(live.story_id, table.provider[table.slot(live.placed)], 1)

    def _leave_story(self, article: int, story: int) -> None:
        table = self.articles.table
        self._count(self.stories.id_of(story), table.provider[table.slot(article)], -1)
        self.index.take_from_story(story, article)
        self.stories.leave(article)

    def _count(self, story_id: str, provider: int, step: int) -> None:
        if not self._figures.is_empty:
            self._figures.change(self.resolve(story_id), provider, step)

    def _providers_in(self, story_id: str) -> Iterator[int]:
        """The provider number of each article of a story, live or departed."""
        provider_of, slot = self.articles.table.provider, self.articles.table.slot
        for merged in self.merged_into(story_id):
            number = self.stories.find(merged)
            if number is not None:
                for article in self.stories.articles(number):
                    yield provider_of[slot(article)]
            if self.departed.count:
                for member in self.departed_members(merged):
                    yield member.provider

    def _remove_alias(self, story_id: str) -> None:
        alias = self.aliases.pop(story_id, None)
        if alias is not None:
            _discard(self.aliases_of, alias.merged_into, story_id)

    def _update_links(self, former: LiveArticle | None, live: LiveArticle | None) -> None:
        """Updates `copies`, the references and `articles_by_image` for a changed row."""
        row = live or former
        assert row is not None
        article_id = row.article["id"]
        self._update_copies(former, live)
        old_keys, new_keys = image_keys(former), image_keys(live)
        _move(self.articles_by_image, article_id, old_keys, new_keys)
        if live is not None:
            table = self.articles.table
            if live.related != (former.related if former else []):
                table.set_references(live.placed, live.related)
            table.has_links[table.slot(live.placed)] = bool(new_keys or live.duplicate_of)

    def _update_copies(self, former: LiveArticle | None, live: LiveArticle | None) -> None:
        before, after = former and former.duplicate_of, live and live.duplicate_of
        if before != after:
            if former and before:
                self.copies.discard(before, former.sequence, former.article["id"])
            if live and after:
                self.copies.add(after, live.sequence, live.article["id"])


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
        state.words.canonical(),
        *(
            sorted((key, sorted(members)) for key, members in sets.items())
            for sets in (state.aliases_of, state.articles_by_image)
        ),
        sorted(state.copies.items()),
        sorted((story_id, sorted(state.stories.members(story_id))) for story_id in state.stories),
        sorted((story_id, state.stories.lead(story_id)) for story_id in state.stories),
        sorted((article_id, sorted(state.named_by(article_id))) for article_id in state.articles),
        state._expiry.canonical(),
        sorted(
            _canonical_story(state, story_id)
            for story_id in [*state.stories, *state.dormant.ids_of_rows()]
        ),
        sorted((key, encode_row(row).decode()) for key, row in state.rows()),
    ]
    return hashlib.sha256(orjson.dumps(computed)).hexdigest()


def _canonical_story(state: State, story_id: str) -> list[Any]:
    """What is counted of a story, to compare two states."""
    counts, merged = state.provider_counts(story_id), state.merged_into(story_id)
    providers = sorted(
        (state.providers.by_number[n], count) for n, count in counts.providers.items()
    )
    times = sorted(m.event_at for i in merged for m in state.departed_members(i))
    return [story_id, providers, sorted(counts.domains.items()), times]
