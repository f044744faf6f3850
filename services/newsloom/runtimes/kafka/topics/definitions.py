"""The one definition of all topics: `newsloom topics`, the workers, `docs/topics.md` and
`schemas/asyncapi.yaml` take names and settings from here.

In: a prefix. Out: full names and the settings of each topic. It never talks to a broker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

DEFAULT_PREFIX = "news."
WINDOW_DAYS = 10
DAY_MS = 86_400_000
MIB = 1_048_576

Partitions = Literal["any", "lanes"]
Cleanup = Literal["delete", "compact", "compact,delete"]


@dataclass(frozen=True, slots=True)
class KafkaTopic:
    """What is fixed about a topic. `any` partitions: as many as needed; `lanes`: one a lane.

    `retention_days` is None where compaction alone bounds the topic; `max_bytes` bounds one
    record batch as sent; `schema` names a file in `schemas/json`, None where values are bytes or
    an inner form, which may change at any time; `headers` are said by name.
    """

    suffix: str
    purpose: str
    key: str
    written_by: str
    read_by: str
    partitions: Partitions
    cleanup: Cleanup
    retention_days: int | None
    max_bytes: int
    schema: str | None
    further_configs: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    is_inner: bool = False

    def configs(self) -> dict[str, str]:
        """The topic settings to create it with, by Kafka's names."""
        retention = (
            {"retention.ms": str(self.retention_days * DAY_MS)} if self.retention_days else {}
        )
        return {
            "cleanup.policy": self.cleanup,
            **retention,
            "max.message.bytes": str(self.max_bytes),
            **self.further_configs,
        }


# A tombstone stays this long after compaction, so that a subscriber who was away still meets it.
_TOMBSTONES = {"delete.retention.ms": str(7 * DAY_MS)}

ARTICLE_EVENTS = KafkaTopic(
    suffix="article-events.v1",
    purpose="What crawlers report: first sight, update or withdrawal of an article.",
    key="webUrl, so that the events of an article stay in order; "
    "a tombstone with the webUrl or article id withdraws it (the originalUrl where it had one)",
    written_by="crawlers, `newsloom produce`",
    read_by="enrich workers",
    partitions="any",
    cleanup="delete",
    retention_days=14,
    # Records of more than 1 MiB must get through, to be told of as dead letters.
    max_bytes=2 * MIB,
    schema="article-event",
    # The arrival time bounds the lane clock, so it is the broker's and not a crawler's.
    further_configs={"message.timestamp.type": "LogAppendTime"},
)
ENRICHED_ARTICLES = KafkaTopic(
    suffix="enriched-articles.v1",
    purpose="Articles with provider, topics and images, in the order of their lane.",
    key="article id",
    written_by="enrich workers",
    read_by="curate workers",
    partitions="lanes",
    cleanup="delete",
    retention_days=7,
    max_bytes=4 * MIB,
    schema=None,
    is_inner=True,
)
CURATED_ARTICLES = KafkaTopic(
    suffix="curated-articles.v1",
    purpose="The curated record of each article, anew whenever it changes. "
    "The highest revision wins; a tombstone withdraws the article.",
    key="article id",
    written_by="curate workers",
    read_by="subscribers",
    partitions="lanes",
    cleanup="compact,delete",
    retention_days=30,
    max_bytes=4 * MIB,
    schema="curated-article",
    further_configs=_TOMBSTONES,
)
STORIES = KafkaTopic(
    suffix="stories.v1",
    purpose="The record of each story, anew whenever its lead's record is, and when it is merged. "
    "The highest revision wins.",
    key="story id",
    written_by="curate workers",
    read_by="subscribers",
    partitions="lanes",
    cleanup="compact,delete",
    retention_days=30,
    max_bytes=4 * MIB,
    schema="story",
    further_configs=_TOMBSTONES,
)
LANE_STATE = KafkaTopic(
    suffix="lane-state.v1",
    purpose="The state of each lane, a row an article or story, from which a curate worker is "
    "restored.",
    key="row key",
    written_by="curate workers",
    read_by="curate workers",
    partitions="lanes",
    cleanup="compact",
    retention_days=None,
    max_bytes=4 * MIB,
    schema=None,
    is_inner=True,
    # Only closed segments are compacted: small ones keep a restore short.
    further_configs={"segment.bytes": str(64 * MIB)},
)
DEAD_LETTERS = KafkaTopic(
    suffix="dead-letters.v1",
    purpose="Inputs that cannot be curated: key, value and headers as they came, so that they can "
    "be replayed, and why in further headers.",
    key="the input's own",
    written_by="enrich and curate workers",
    read_by="operators, `newsloom dead-letters`",
    partitions="any",
    cleanup="delete",
    # Long enough for a person to look and replay; short, for they may hold what is private.
    retention_days=7,
    max_bytes=4 * MIB,
    schema=None,
    headers={
        "__streams.errors.exception": "The kind of failure.",
        "__streams.errors.message": "What is wrong, in words.",
        "__streams.errors.topic": "The topic it came from.",
        "__streams.errors.partition": "The partition it came from.",
        "__streams.errors.offset": "Its offset there.",
        "newsloom.reason": "Why, as one word of an open list: missing, not-json, bad-url, ...",
        "newsloom.stage": "Where: decode, normalise, enrich, curate.",
        "newsloom.field": "The field at fault, if one is.",
        "newsloom.source": "The name of the crawler, if it could be read.",
    },
)

TOPICS = (
    ARTICLE_EVENTS,
    ENRICHED_ARTICLES,
    CURATED_ARTICLES,
    STORIES,
    LANE_STATE,
    DEAD_LETTERS,
)


@dataclass(frozen=True, slots=True)
class KafkaTopics:
    """Full names of the topics under a prefix; iterating gives the definitions."""

    prefix: str = DEFAULT_PREFIX

    def __iter__(self) -> Iterator[KafkaTopic]:
        return iter(TOPICS)

    def name(self, topic: KafkaTopic) -> str:
        """The full name of a topic."""
        return self.prefix + topic.suffix

    @property
    def article_events(self) -> str:
        """Article events: the input."""
        return self.name(ARTICLE_EVENTS)

    @property
    def enriched_articles(self) -> str:
        """Enriched articles: from enrich to curate."""
        return self.name(ENRICHED_ARTICLES)

    @property
    def curated_articles(self) -> str:
        """Curated articles: the output."""
        return self.name(CURATED_ARTICLES)

    @property
    def stories(self) -> str:
        """Stories: the output."""
        return self.name(STORIES)

    @property
    def lane_state(self) -> str:
        """Rows of the lanes' states."""
        return self.name(LANE_STATE)

    @property
    def dead_letters(self) -> str:
        """Inputs that cannot be curated."""
        return self.name(DEAD_LETTERS)
