"""The definitions of all Kafka topics, in one place.

`newsloom topics`, the workers, `docs/topics.md` and `schemas/asyncapi.yaml` take names and settings
from here. In: a prefix. Out: full names and the settings of each topic. It never connects to a
broker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

DEFAULT_PREFIX = "news."
WINDOW_DAYS = 10
DAY_MS = 86_400_000
MIB = 1_048_576

Stage = Literal["enrich", "curate"]
Partitions = Literal["any", "lanes"]
Cleanup = Literal["delete", "compact", "compact,delete"]


@dataclass(frozen=True, slots=True)
class KafkaTopic:
    """The fixed properties of a Kafka topic.

    `partitions` is `any` for any number, or `lanes` for one per lane. `retention_days` is None
    where only compaction bounds the topic. `max_bytes` bounds one record batch as sent. `schema`
    names a file in `schemas/json`; it is None where values are plain bytes, or an internal form
    that may change at any time (`is_internal`). `headers` maps each header's name to its meaning.
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
    is_internal: bool = False

    def configs(self, replicas: int | None = None) -> dict[str, str]:
        """The settings of the topic, under Kafka's names.

        With `replicas` for each partition also the one that depends on them: all but one must have
        a record before it counts as written.
        """
        configs: dict[str, str] = {"cleanup.policy": self.cleanup}
        if self.retention_days:
            configs["retention.ms"] = str(self.retention_days * DAY_MS)
        configs |= {"max.message.bytes": str(self.max_bytes)} | self.further_configs | _NO_LOSS
        return configs | ({"min.insync.replicas": str(max(1, replicas - 1))} if replicas else {})


# A replica that lags must not become the leader: it lacks records that were committed.
_NO_LOSS = {"unclean.leader.election.enable": "false"}
# Kafka keeps a tombstone this long after compaction, so that a subscriber that was away reads it.
# A limit in bytes would delete records that are still right.
_PUBLISHED = {"delete.retention.ms": str(7 * DAY_MS), "retention.bytes": "-1"}

ARTICLE_EVENTS = KafkaTopic(
    suffix="article-events.v1",
    purpose="Article events from crawlers: first sight, update or withdrawal of an article.",
    key="webUrl, so that the events of an article stay in order. A tombstone withdraws the article "
    "that its key names: the originalUrl, the webUrl or the article id",
    written_by="crawlers, `newsloom produce`",
    read_by="enrich workers",
    partitions="any",
    cleanup="delete",
    retention_days=14,
    # Records of more than 1 MiB must reach the enrich workers, which make dead letters of them.
    max_bytes=2 * MIB,
    schema="article-event",
    # The arrival time bounds the lane clock, so the broker must set it, not a crawler.
    further_configs={"message.timestamp.type": "LogAppendTime"},
)
ENRICHED_ARTICLES = KafkaTopic(
    suffix="enriched-articles.v1",
    purpose="Articles with provider, topics and images, and withdrawals, in the order of their "
    "lane. Each lane also gets the id and the version of the articles of the others.",
    key="article id",
    written_by="enrich workers",
    read_by="curate workers",
    partitions="lanes",
    cleanup="delete",
    retention_days=7,
    max_bytes=4 * MIB,
    schema=None,
    is_internal=True,
)
CURATED_ARTICLES = KafkaTopic(
    suffix="curated-articles.v1",
    purpose="The curated record of each article, published again whenever it changes. "
    "The highest revision wins. A tombstone withdraws the article.",
    key="article id",
    written_by="curate workers",
    read_by="subscribers",
    partitions="lanes",
    cleanup="compact,delete",
    retention_days=30,
    max_bytes=4 * MIB,
    schema="curated-article",
    further_configs=_PUBLISHED,
)
STORIES = KafkaTopic(
    suffix="stories.v1",
    purpose="The record of each story, published again when its lead's record is, when an article "
    "of it is withdrawn or joins another story, and when the story is merged. The highest revision "
    "wins. A tombstone withdraws the story.",
    key="story id",
    written_by="curate workers",
    read_by="subscribers",
    partitions="lanes",
    cleanup="compact,delete",
    retention_days=30,
    max_bytes=4 * MIB,
    schema="story",
    further_configs=_PUBLISHED,
)
LANE_STATE = KafkaTopic(
    suffix="lane-state.v1",
    purpose="The state of each lane as rows: articles, stories, story aliases, departed articles, "
    "pending work and the lane itself. A curate worker restores the lane from them.",
    key="row key",
    written_by="curate workers",
    read_by="curate workers",
    partitions="lanes",
    cleanup="compact",
    retention_days=None,
    max_bytes=4 * MIB,
    schema=None,
    is_internal=True,
    # Kafka compacts only closed segments; small segments keep a restore short.
    further_configs={"segment.bytes": str(64 * MIB)},
)
DEAD_LETTERS = KafkaTopic(
    suffix="dead-letters.v1",
    purpose="Inputs that cannot be curated: key, value and headers unchanged, so that they can "
    "be replayed. Additional headers state the reason. An input that does not fit into a record of "
    "this topic is cut: its value to what fits, at least 1 MiB, its key to 1 MiB, and the headers "
    "that do not fit are left out.",
    key="the input's own key",
    written_by="enrich and curate workers",
    read_by="operators, `newsloom tail dead-letters`",
    partitions="any",
    cleanup="delete",
    # Long enough for a person to examine and replay them. Short, as they may hold private data.
    retention_days=7,
    max_bytes=4 * MIB,
    schema=None,
    headers={
        "__streams.errors.exception": "The kind of failure.",
        "__streams.errors.message": "What is wrong, as a message.",
        "__streams.errors.topic": "The topic of the input.",
        "__streams.errors.partition": "The partition of the input.",
        "__streams.errors.offset": "The offset of the input in that partition.",
        "newsloom.reason": "The reason, one word of an open list: missing, not-json, bad-url, ...",
        "newsloom.stage": "The stage that failed: decode, normalise, enrich or curate.",
        "newsloom.field": "The field at fault, if it is one.",
        "newsloom.source": "The name of the crawler, if it could be read.",
        "newsloom.truncated": "`true` if the input was cut. It cannot be replayed then.",
        "newsloom.size": "The size in bytes of the whole value, if the input was cut.",
        "newsloom.sha256": "The SHA-256 of the whole value in hexadecimal, if the input was cut.",
    },
)

TOPICS = (ARTICLE_EVENTS, ENRICHED_ARTICLES, CURATED_ARTICLES, STORIES, LANE_STATE, DEAD_LETTERS)


@dataclass(frozen=True, slots=True)
class KafkaTopics:
    """The full names of the topics under a prefix. Iterating yields the definitions."""

    prefix: str = DEFAULT_PREFIX

    def __iter__(self) -> Iterator[KafkaTopic]:
        return iter(TOPICS)

    def name(self, topic: KafkaTopic) -> str:
        """The full name of a topic."""
        return self.prefix + topic.suffix

    def group(self, stage: Stage) -> str:
        """The consumer group of a stage. It also begins the transactional ids of its workers.

        It follows from the topics, so that no two groups of workers write the same topics.
        """
        return self.prefix + stage

    def former_group(self, stage: Stage) -> str:
        """The consumer group of a stage in the former release, where its setting was the default.

        There all installations had the same groups, whatever their topics were called.
        """
        return f"newsloom.{stage}"

    @property
    def article_events(self) -> str:
        """The full name of the input topic, article events."""
        return self.name(ARTICLE_EVENTS)

    @property
    def enriched_articles(self) -> str:
        """The full name of the topic from enrich to curate, enriched articles."""
        return self.name(ENRICHED_ARTICLES)

    @property
    def curated_articles(self) -> str:
        """The full name of the output topic for curated articles."""
        return self.name(CURATED_ARTICLES)

    @property
    def stories(self) -> str:
        """The full name of the output topic for stories."""
        return self.name(STORIES)

    @property
    def lane_state(self) -> str:
        """The full name of the topic for the rows of the lanes."""
        return self.name(LANE_STATE)

    @property
    def dead_letters(self) -> str:
        """The full name of the topic for inputs that cannot be curated."""
        return self.name(DEAD_LETTERS)
