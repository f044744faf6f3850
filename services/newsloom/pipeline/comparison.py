"""Comparison: what subscribers would hold differently had a lane been curated in another way.

In: the results of two curations of the same inputs. Out: the groups of stories that differ, and
the articles that lead or are published in one only. It keeps no text but titles.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

import orjson

from newsloom.pipeline.process import Result
from newsloom.records.faults import Outcome
from newsloom.rules.scoring import NOT_LEADING


class HeldArticle(NamedTuple):
    """An article as it was last published."""

    story_id: str
    title: str
    provider: str
    is_lead: bool
    is_published: bool
    is_duplicate: bool


@dataclass(slots=True)
class CuratedView:
    """What one way of curating tells in all: take its results in order, then read."""

    articles: dict[str, HeldArticle] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    article_records: int = 0
    story_records: int = 0

    def take(self, result: Result) -> None:
        """Notes what became of one input."""
        self.outcomes[result.outcome] += 1
        self.article_records += len(result.curated)
        self.story_records += len(result.stories)
        for publication in result.curated:
            if publication.is_withdrawal:
                self.articles.pop(publication.id, None)
            else:
                record = orjson.loads(publication.value)
                self.articles[publication.id] = HeldArticle(
                    story_id=record["storyId"],
                    title=record["title"],
                    provider=record["provider"]["name"],
                    is_lead=record["heat"] != NOT_LEADING,
                    is_published=record["published"],
                    is_duplicate="duplicateOf" in record,
                )

    def stories(self) -> dict[str, list[str]]:
        """The articles of each story in the order in which they were first published."""
        found: dict[str, list[str]] = defaultdict(list)
        for article_id, held in self.articles.items():
            found[held.story_id].append(article_id)
        return dict(found)

    def counts(self) -> dict[str, int]:
        """How much it tells, by name."""
        held = self.articles.values()
        return {
            "articles": len(held),
            "duplicates": sum(each.is_duplicate for each in held),
            "stories": len({each.story_id for each in held}),
            "published leads": sum(each.is_published for each in held),
            "article records": self.article_records,
            "story records": self.story_records,
            "dead letters": self.outcomes[Outcome.DEAD_LETTERED],
        }


class Regrouping(NamedTuple):
    """Stories of the one way and of the other that hold the same articles in all."""

    a: list[list[str]]
    b: list[list[str]]

    @property
    def size(self) -> int:
        """How many articles are concerned."""
        return len({article_id for story in self.a + self.b for article_id in story})


class Differences(NamedTuple):
    """What differs, in order: the greatest first, then as first published.

    Leads and published ones are ids of articles that are so in one way only.
    """

    regroupings: list[Regrouping]
    leads: tuple[list[str], list[str]]
    published: tuple[list[str], list[str]]


def compare_views(a: CuratedView, b: CuratedView) -> Differences:
    """Where two ways of curating the same inputs differ."""
    regroupings = [each for each in _regroupings(a, b) if each.a != each.b]
    regroupings.sort(key=lambda each: -each.size)
    return Differences(
        regroupings,
        _only(a, b, attrgetter("is_lead")),
        _only(a, b, attrgetter("is_published")),
    )


def _regroupings(a: CuratedView, b: CuratedView) -> Iterator[Regrouping]:
    """The stories of both ways, those together that share articles, straight or through others."""
    stories_a, stories_b = a.stories(), b.stories()
    seen: set[str] = set()
    for first in stories_a:
        if first in seen:
            continue
        group_a, group_b = {first: None}, dict[str, None]()
        queue = [(first, True)]
        while queue:
            story_id, is_a = queue.pop()
            own, others, group = (stories_a, b, group_b) if is_a else (stories_b, a, group_a)
            for article_id in own[story_id]:
                held = others.articles.get(article_id)
                if held is not None and held.story_id not in group:
                    group[held.story_id] = None
                    queue.append((held.story_id, not is_a))
        seen.update(group_a)
        yield Regrouping(_sorted(stories_a, group_a), _sorted(stories_b, group_b))


def _sorted(stories: Mapping[str, list[str]], chosen: Mapping[str, None]) -> list[list[str]]:
    return sorted((sorted(stories[i]) for i in chosen), key=lambda ids: (-len(ids), ids))


def _only(
    a: CuratedView, b: CuratedView, is_so: Callable[[HeldArticle], bool]
) -> tuple[list[str], list[str]]:
    """The articles of which something is so in the one way alone, and in the other alone."""
    in_a = {article_id: None for article_id, held in a.articles.items() if is_so(held)}
    in_b = {article_id: None for article_id, held in b.articles.items() if is_so(held)}
    return [i for i in in_a if i not in in_b], [i for i in in_b if i not in in_a]
