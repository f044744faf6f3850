"""The providers of one story with the changes of one changeset.

It holds the counts of the state unchanged, because those of a large story are too many to copy for
each article that joins it.
"""

from collections.abc import Collection, Mapping, Sequence

from newsloom.pipeline.lane.providers import Provider
from newsloom.pipeline.lane.story_figures import ProviderCounts

Providers = dict[str, tuple[str, int]]
"""Domain to (name, article count)."""


class StoryTotals:
    """The articles of a story by provider. `earlier` holds those that are no longer remembered."""

    def __init__(self, known: ProviderCounts, providers: Sequence[Provider]) -> None:
        """`known` are the counts of the state; `providers` are its providers by number."""
        self._known = [known]
        self._providers = providers
        self._changed: dict[Provider, int] = {}
        self._count: int | None = None

    def add(self, provider: Provider, step: int) -> None:
        """Adds an article, or takes one with -1."""
        self._count = None
        self._changed[provider] = self._changed.get(provider, 0) + step

    def absorb(self, merged: "StoryTotals") -> None:
        """Adds the articles of a story that is merged into this one."""
        self._count = None
        self._known += merged._known
        for provider, step in merged._changed.items():
            self.add(provider, step)

    @property
    def is_counted(self) -> bool:
        """Whether `count` was called since the last change. It then needs no `earlier`."""
        return self._count is not None

    def count(self, earlier: Collection[str]) -> int:
        """The number of providers with other domains.

        `earlier` changes only together with the articles.
        """
        if self._count is None:
            self._count = self._find_count(earlier)
        return self._count

    def _find_count(self, earlier: Collection[str]) -> int:
        changed: dict[str, int] = {}
        for (_, domain), step in self._changed.items():
            changed[domain] = changed.get(domain, 0) + step
        known = [counts.domains for counts in self._known]
        count = len(known[0]) if len(known) == 1 else len(set().union(*known))
        for domain in {*changed, *earlier} if earlier else changed:
            before = sum([domains.get(domain, 0) for domains in known])
            after = before + changed.get(domain, 0) + (domain in earlier)
            count += (after > 0) - (before > 0)
        return count

    def by_domain(self, earlier: Mapping[str, tuple[str, int]]) -> Providers:
        """The providers. A domain with several names has that of most articles, ties by name."""
        names = dict(self._changed)
        for counts in self._known:
            for number, count in counts.providers.items():
                provider = self._providers[number]
                names[provider] = names.get(provider, 0) + count
        totals: Providers = {}
        most: dict[str, int] = {}
        for (name, domain), count in names.items():
            if count > 0:
                former, total = totals.get(domain, (name, 0))
                best = (-count, name) <= (-most.get(domain, 0), former)
                totals[domain] = (name if best else former, total + count)
                most[domain] = max(count, most.get(domain, 0))
        for domain, (name, count) in earlier.items():
            former, total = totals.get(domain, (name, 0))
            totals[domain] = (former, total + count)
        return totals
