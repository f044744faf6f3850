"""How many articles each provider has in a story, for stories of any size.

The counts of a small story are computed when they are needed. Those of a large one are kept and
changed with it, because a story of 100,000 articles is counted with each article that joins it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from newsloom.pipeline.lane.providers import ProviderNumbers

K = TypeVar("K")

SMALL_STORY = 4
"""The counts of a story of this size are not kept: counting its articles costs as little."""
MAX_KEPT = 4096


@dataclass(slots=True)
class ProviderCounts:
    """The articles of a story by provider number, and by domain. Do not change them."""

    providers: dict[int, int] = field(default_factory=dict)
    domains: dict[str, int] = field(default_factory=dict)


class StoryFigures:
    """The provider counts of stories, live and departed articles together."""

    def __init__(self, providers: ProviderNumbers) -> None:
        self._providers = providers.by_number
        self._kept: OrderedDict[str, ProviderCounts] = OrderedDict()

    def counts(self, story_id: str, members: Callable[[str], Iterable[int]]) -> ProviderCounts:
        """The counts of a story; `members` gives the provider number of each of its articles."""
        kept = self._kept.get(story_id)
        if kept is not None:
            self._kept.move_to_end(story_id)
            return kept
        counts, size = ProviderCounts(), 0
        by_provider, by_domain, providers = counts.providers, counts.domains, self._providers
        for provider in members(story_id):
            size += 1
            domain = providers[provider][1]
            by_provider[provider] = by_provider.get(provider, 0) + 1
            by_domain[domain] = by_domain.get(domain, 0) + 1
        if size > SMALL_STORY:
            self._kept[story_id] = counts
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return counts

    @property
    def is_empty(self) -> bool:
        """Whether no counts are kept."""
        return not self._kept

    def change(self, story_id: str, provider: int, step: int) -> None:
        """Adds a member to a story, or takes one from it; `step` is 1 or -1."""
        counts = self._kept.get(story_id)
        if counts is not None:
            _count(counts.providers, provider, step)
            _count(counts.domains, self._providers[provider][1], step)

    def forget(self, story_id: str) -> None:
        """Drops the counts of a story, which are computed again when they are needed."""
        self._kept.pop(story_id, None)


def _count(counts: dict[K, int], key: K, step: int) -> None:
    count = counts.get(key, 0) + step
    if count:
        counts[key] = count
    else:
        del counts[key]
