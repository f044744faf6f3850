"""Comparison: how the results of two curations of the same inputs differ.

In: the results of curation A and of curation B. Out: the groups of stories that differ, and the
articles that lead a story, or are published, on one side only. Of an article's text it keeps only
the title.
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


class LatestArticle(NamedTuple):
    """An article as in its last curated record."""

    story_id: str
    title: str
    provider: str
    is_lead: bool
    is_published: bool
    is_duplicate: bool


@dataclass(slots=True)
class CuratedView:
    """What a subscriber would have after all publications of one curation.

    Call `take` with each result, in order, then read the attributes. `articles` maps article ids
    to articles that are not withdrawn.
    """

    articles: dict[str, LatestArticle] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    article_records: int = 0
    story_records: int = 0

    def take(self, result: Result) -> None:
        """Adds the result of one step."""
        if result.outcome is not None:
            self.outcomes[result.outcome] += 1
        self.article_records += len(result.curated)
        self.story_records += len(result.stories)
        for publication in result.curated:
            if publication.is_withdrawal:
                self.articles.pop(publication.id, None)
            else:
                record = orjson.loads(publication.value)
                self.articles[publication.id] = LatestArticle(
                    story_id=record["storyId"],
                    title=record["title"],
                    provider=record["provider"]["name"],
                    is_lead=record["heat"] != NOT_LEADING,
                    is_published=record["published"],
                    is_duplicate="duplicateOf" in record,
                )

    def stories(self) -> dict[str, list[str]]:
        """The article ids of each story, by story id, in the order of first publication."""
        stories: dict[str, list[str]] = defaultdict(list)
        for article_id, article in self.articles.items():
            stories[article.story_id].append(article_id)
        return dict(stories)

    def counts(self) -> dict[str, int]:
        """The counts that a comparison prints, by name."""
        articles = self.articles.values()
        return {
            "articles": len(articles),
            "duplicates": sum(article.is_duplicate for article in articles),
            "stories": len({article.story_id for article in articles}),
            "published leads": sum(article.is_published for article in articles),
            "article records": self.article_records,
            "story records": self.story_records,
            "dead letters": self.outcomes[Outcome.DEAD_LETTERED],
        }


class Regrouping(NamedTuple):
    """The stories of both sides that are connected by shared articles, as lists of article ids."""

    a: list[list[str]]
    b: list[list[str]]

    @property
    def size(self) -> int:
        """The number of distinct articles in all stories of the group."""
        return len({article_id for story in self.a + self.b for article_id in story})


class Differences(NamedTuple):
    """The differences between two curations.

    `regroupings` are the groups of stories that differ, those with most articles first, then in
    the order of first publication. `leads` and `published` hold article ids: first of the articles
    that lead, or are published, in A only, then of those in B only, each in the order of first
    publication.
    """

    regroupings: list[Regrouping]
    leads: tuple[list[str], list[str]]
    published: tuple[list[str], list[str]]


def compare_views(a: CuratedView, b: CuratedView) -> Differences:
    """The differences between two views of the same inputs."""
    regroupings = [group for group in _regroupings(a, b) if group.a != group.b]
    regroupings.sort(key=lambda group: -group.size)
    return Differences(
        regroupings, _only(a, b, attrgetter("is_lead")), _only(a, b, attrgetter("is_published"))
    )


def _regroupings(a: CuratedView, b: CuratedView) -> Iterator[Regrouping]:
    """Groups the stories of both sides that are connected by shared articles (a graph search).

    Yields a group for each story of A that is not in an earlier group. A story of B whose articles
    are all missing in A is in no group.
    """
    stories_a, stories_b = a.stories(), b.stories()
    seen: set[str] = set()
    for first in stories_a:
        if first not in seen:
            group_a, group_b = {first: None}, dict[str, None]()
            queue = [(first, True)]
            while queue:
                story_id, is_a = queue.pop()
                own, others, group = (stories_a, b, group_b) if is_a else (stories_b, a, group_a)
                for other_id in _stories_of(own[story_id], others):
                    if other_id not in group:
                        group[other_id] = None
                        queue.append((other_id, not is_a))
            seen.update(group_a)
            yield Regrouping(_sorted(stories_a, group_a), _sorted(stories_b, group_b))


def _stories_of(article_ids: list[str], view: CuratedView) -> list[str]:
    """The ids of the stories that have these articles in a view."""
    return [view.articles[i].story_id for i in article_ids if i in view.articles]


def _sorted(stories: Mapping[str, list[str]], chosen: Mapping[str, None]) -> list[list[str]]:
    return sorted((sorted(stories[i]) for i in chosen), key=lambda ids: (-len(ids), ids))


def _only(
    a: CuratedView, b: CuratedView, is_chosen: Callable[[LatestArticle], bool]
) -> tuple[list[str], list[str]]:
    """The ids of the articles that are chosen in A only, and of those chosen in B only."""
    in_a = {article_id: None for article_id, article in a.articles.items() if is_chosen(article)}
    in_b = {article_id: None for article_id, article in b.articles.items() if is_chosen(article)}
    return [i for i in in_a if i not in in_b], [i for i in in_b if i not in in_a]
