"""A test's view of a lane as a subscriber has it: the latest record of each article and story.

In: events in the short form of tests. Out: published records by name. It never reads the state of
the lane.
"""

from typing import Any

from newsloom.rules.addresses.urls import article_id, canonical_url
from tests.support.lanes import DAY_S, event, new_pipeline, take
from tests.support.pipeline import Pipeline, Taken

Record = dict[str, Any]


def ident(name: str) -> str:
    """The id of the article at `https://<name>`, and of a story that it opened."""
    return article_id(canonical_url(f"https://{name}"))


class Newsstand:
    """A lane and a subscriber, which keeps the latest record of each id."""

    def __init__(self, pipeline: Pipeline | None = None) -> None:
        self.pipeline = pipeline or new_pipeline()
        self.articles: dict[str, Record] = {}
        self.stories: dict[str, Record] = {}
        self.names: dict[str, str] = {}

    def report(self, name: str, title: str, at_s: int = 0, **fields: Any) -> Taken:
        """Reports an article at `https://<name>`, published `at_s` seconds after `START_S`."""
        return self.take(event(name, title, at_s, **fields))

    def withdraw(self, name: str) -> Taken:
        """Withdraws the article at `https://<name>`."""
        return self.take({"webUrl": f"https://{name}", "withdrawn": True})

    def take(self, record: Record, arrived_s: int = 400 * DAY_S) -> Taken:
        """Processes any record, checks that the lane is sound, and stores the published records."""
        url = record.get("webUrl", "")
        self.names[ident(url.removeprefix("https://"))] = url.removeprefix("https://")
        result = take(self.pipeline, record, arrived_s)
        assert result.fault is None or result.fault.reason != "internal-error", result.fault
        self.articles |= {record["id"]: dict(record) for record in result.curated}
        self.stories |= {record["id"]: dict(record) for record in result.stories}
        return result

    def article(self, name: str) -> Record:
        """The latest record of an article."""
        return self.articles[ident(name)]

    def story(self, name: str) -> Record:
        """The latest record of the story that an article opened."""
        return self.stories[ident(name)]

    def published_articles(self, result: Taken) -> list[str]:
        """The names of the published articles, in order of publication."""
        return [self.names[record["id"]] for record in result.curated]

    def published_stories(self, result: Taken) -> list[str]:
        """The names of the published stories, in order of publication."""
        return [self.names[record["id"]] for record in result.stories]

    def story_of(self, name: str) -> str:
        """The name of the story in an article's latest record."""
        return self.names[self.article(name)["storyId"]]

    def related(self, name: str) -> dict[str, str]:
        """The relations in an article's latest record, by name, in the order of the record."""
        return {self.names[i["id"]]: i["relation"] for i in self.article(name).get("related", [])}

    def duplicates(self, name: str) -> list[str]:
        """The names of the duplicates in an article's latest record."""
        return [self.names[copy["id"]] for copy in self.article(name).get("duplicates", [])]
