"""The stories of a lane with the changes of one changeset: their rows, members and leads.

Reads look in the changes first and in the state second. The state is never written here.
"""

from collections.abc import Mapping

from newsloom.pipeline.curation.changes.changed_articles import ChangedArticles
from newsloom.pipeline.curation.changes.changed_departed import ChangedDeparted
from newsloom.pipeline.curation.changes.story_totals import Providers, StoryTotals
from newsloom.pipeline.lane.providers import Provider
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.lane.story_figures import ProviderCounts
from newsloom.rules.scoring import LeadKey

MAX_EARLIER = 100
"""The most domains in a story's row: as many as its record shows."""


class ChangedStories:
    """Stories by id. `changed` holds the changed rows; None marks a removed row."""

    def __init__(self, state: State, articles: ChangedArticles) -> None:
        self.changed: dict[str, LiveStory | StoryAlias | None] = {}
        self._state = state
        self._articles = articles
        self._joined: dict[str, set[str]] = {}
        self._left: dict[str, set[str]] = {}
        self._leads: dict[str, LeadKey | None] = {}
        self._totals: dict[str, StoryTotals] = {}
        self._merged: dict[str, list[str]] = {}
        self._departed: dict[str, int] = {}
        self._to_measure: dict[str, None] = {}

    def row(self, story_id: str) -> LiveStory | StoryAlias | None:
        """The row under that id: a live or dormant story, an alias, or None."""
        if story_id in self.changed:
            return self.changed[story_id]
        return self._state.story(story_id)

    def resolve(self, story_id: str) -> LiveStory | None:
        """The story of that id, or the one that it was merged into, at any depth."""
        seen = set()
        while story_id not in seen:
            seen.add(story_id)
            row = self.row(story_id)
            if not isinstance(row, StoryAlias):
                return row
            story_id = row.merged_into
        return None

    def current_id(self, story_id: str) -> str:
        """The id of the story that a story was merged into, at any depth, or its own id.

        While the articles of a merged story move, some of them still have its id.
        """
        changed, aliases = self.changed, self._state.aliases
        while True:
            row = changed[story_id] if story_id in changed else aliases.get(story_id)
            if not isinstance(row, StoryAlias):
                return story_id
            story_id = row.merged_into

    def edit(self, story_id: str) -> LiveStory:
        """The row of a story. The caller may change it."""
        row = self.row(story_id)
        assert isinstance(row, LiveStory), f"{story_id} is not the id of a story"
        if story_id not in self.changed:
            row = self.changed[story_id] = row.copy()
            if row.all_providers is not None:
                row.take_over(self._state.provider_counts(story_id).domains)
        return row

    def put(self, row: LiveStory | StoryAlias) -> None:
        """Stores the row of a new story or of an alias."""
        self.changed[row.id] = row
        if isinstance(row, StoryAlias):
            self._merged.setdefault(row.merged_into, []).append(row.id)
            self._totals_of(row.merged_into).absorb(self._totals_of(row.id))
        else:
            # In the state, a story of that id may have articles that left it in this changeset.
            self._totals[row.id] = StoryTotals(ProviderCounts(), self._state.providers.by_number)

    def count(self, story_id: str, provider: Provider, event_at: int, step: int) -> None:
        """Adds an article to the figures of a story, or takes it from them; `step` is 1 or -1.

        `provider` is the article's, `event_at` its event time in Unix seconds.
        """
        story = self.edit(story_id)
        story.article_count += step
        self._totals_of(story_id).add(provider, step)
        if step > 0:
            story.first_at = min(story.first_at, event_at)
            story.last_at = max(story.last_at, event_at)
        elif event_at in (story.first_at, story.last_at):
            self._to_measure[story_id] = None

    def provider_count(self, story_id: str) -> int:
        """How many providers cover a story: those with other domains."""
        totals = self._totals.get(story_id)
        if totals is not None and totals.is_counted:
            return totals.count(())
        story = self.resolve(story_id)
        if story is None:
            return 1
        if story.all_providers is not None:
            return len(story.all_providers)
        return self._totals_of(story.id).count(story.earlier)

    def providers(self, story_id: str) -> Providers:
        """The providers of a story."""
        return self._totals_of(story_id).by_domain(self.edit(story_id).earlier)

    def _totals_of(self, story_id: str) -> StoryTotals:
        totals = self._totals.get(story_id)
        if totals is None:
            known = self._state.provider_counts(story_id)
            totals = self._totals[story_id] = StoryTotals(known, self._state.providers.by_number)
        return totals

    def depart(self, story_id: str, step: int = 1) -> None:
        """Counts a departed article of a story: one more, or with -1 one that is dropped."""
        self._departed[story_id] = self._departed.get(story_id, 0) + step

    def forget(self, story_id: str, provider: Provider) -> None:
        """Counts a departed article that is no longer remembered among the story's earlier ones."""
        self._totals_of(story_id).add(provider, -1)
        name, domain = provider
        self.add_earlier(story_id, {domain: (name, 1)})

    def add_earlier(self, story_id: str, counts: Mapping[str, tuple[str, int]]) -> None:
        """Adds articles that are no longer remembered: domain to (name, article count).

        A story keeps the 100 domains with the most articles, ties by domain.
        """
        story = self.edit(story_id)
        for domain, (name, count) in counts.items():
            story.earlier[domain] = (name, story.earlier.get(domain, ("", 0))[1] + count)
        if len(story.earlier) > MAX_EARLIER:
            kept = sorted(story.earlier.items(), key=lambda item: (-item[1][1], item[0]))
            story.earlier = dict(kept[:MAX_EARLIER])

    def has_members(self, story_id: str) -> bool:
        """Whether a story has an article, live or departed, that was not withdrawn."""
        if not self.is_empty(story_id):
            return True
        changed = sum(self._departed.get(i, 0) for i in self._merged_into(story_id))
        return self._state.departed_count(story_id) + changed > 0

    def has_merged(self, story_id: str) -> bool:
        """Whether a story was merged into this one."""
        return len(self._merged_into(story_id)) > 1

    def measure(self, departed: ChangedDeparted) -> None:
        """Computes the times of stories that lost their first or their last article."""
        for story_id in self._to_measure:
            story = self.changed.get(story_id)
            if isinstance(story, LiveStory):
                times = [self._articles.event_at(i) for i in self.members(story_id)]
                times += departed.times(self._merged_into(story_id))
                if times:
                    story.first_at = story.first_at if story.earlier else min(times)
                    story.last_at = max(times)

    def _merged_into(self, story_id: str) -> list[str]:
        ids = self._state.merged_into(story_id)
        for merged in ids:  # grows while it is read
            ids += [i for i in self._merged.get(merged, ()) if i not in ids]
        return ids

    def return_to_form_1(self) -> None:
        """Gives the changed rows form 1, once all articles are counted."""
        for story_id, row in self.changed.items():
            if isinstance(row, LiveStory):
                row.return_to_form_1(self.providers(story_id))

    def remove(self, story_id: str) -> None:
        """Removes the row of a story without articles, or of an alias."""
        self.changed[story_id] = None

    def aliases_of(self, story_id: str) -> list[str]:
        """The unchanged aliases of stories that were merged into a story, sorted."""
        aliases = self._state.aliases_of.get(story_id, ())
        return sorted(alias_id for alias_id in aliases if alias_id not in self.changed)

    def size(self, story_id: str) -> int:
        """The number of live articles of a story."""
        left, joined = self._left.get(story_id, ()), self._joined.get(story_id, ())
        return self._state.stories.size_of(story_id) + len(joined) - len(left)

    def members(self, story_id: str) -> set[str]:
        """The ids of the live articles of a story."""
        before = set(self._state.stories.members(story_id))
        return (before - self._left.get(story_id, set())) | self._joined.get(story_id, set())

    def is_empty(self, story_id: str) -> bool:
        """Whether a story has no live article."""
        return self.size(story_id) == 0

    def latest_members(self, story_id: str, count: int) -> list[str]:
        """The ids of the `count` live articles with the highest sequences, in rising order."""
        left = self._left.get(story_id, set())
        latest = self._state.stories.latest(story_id, count + len(left))
        members = [article_id for article_id in latest if article_id not in left]
        joined = self._joined.get(story_id)
        if joined:
            members = sorted([*members, *joined], key=self._articles.sequence)
        return members[-count:] if count else []

    def lead(self, story_id: str) -> LeadKey | None:
        """The rank of the article that leads a story; None if the story has no live article."""
        if story_id not in self._leads:
            self._leads[story_id] = self._find_lead(story_id)
        return self._leads[story_id]

    def _find_lead(self, story_id: str) -> LeadKey | None:
        rank, lead = self._articles.rank, self._state.stories.lead(story_id)
        if lead is None or lead[2] in self._left.get(story_id, ()):
            return min(map(rank, self.members(story_id)), default=None)
        return min([lead, *map(rank, self._joined.get(story_id, ()))])

    def join(self, live: LiveArticle) -> None:
        """Adds an article to the members of its story."""
        self._joined.setdefault(live.story_id, set()).add(live.article["id"])
        self._leads.pop(live.story_id, None)

    def leave(self, article_id: str, story_id: str) -> None:
        """Removes an article from the members of a story."""
        joined = self._joined.get(story_id)
        if joined and article_id in joined:
            joined.remove(article_id)
        else:
            self._left.setdefault(story_id, set()).add(article_id)
        self._leads.pop(story_id, None)
