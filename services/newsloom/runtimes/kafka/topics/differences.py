"""How the topics on a broker differ from their definitions, and which differences workers refuse.

In: the definitions, and what a broker says about topics and brokers. Out: differences, each with
its fix. `newsloom topics check` lists them, `newsloom topics create` mends those that can be mended
in place, and workers refuse those that would lose state. It never connects to a broker.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from newsloom.runtimes.kafka.topics.definitions import (
    ARTICLE_EVENTS,
    CURATED_ARTICLES,
    DAY_MS,
    STORIES,
    WINDOW_DAYS,
    KafkaTopic,
    KafkaTopics,
)

DEFAULT_PARTITIONS = 4
"""Partitions of a new topic of article events."""
MAX_REPLICATION = 3
MAX_AHEAD_MS = 3_600_000
"""How far ahead of its own clock a broker may let a record be, where producers set the time. A
record of next year would advance the clock of the lane for good. It is Kafka's default from 4.0."""

_AT_LEAST = {
    "delete.retention.ms", "max.message.bytes", "min.insync.replicas", "retention.bytes",
    "retention.ms",
}  # fmt: skip
"""Settings that may be greater than defined. -1 is no limit."""
_CREATE = "run `newsloom topics create`"
_MEND = f"{_CREATE}, which sets it"


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic on the broker: the partitions, the replicas of the one that has fewest, the settings.

    `configs` holds all settings, defaults included, and `own` the names of those that are set for
    this topic.
    """

    partitions: int
    replicas: int
    configs: Mapping[str, str]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundBrokers:
    """The brokers of a cluster: how many there are, and settings of one of them.

    `configs` is empty if the brokers do not show it. `transaction_replicas` are those of the
    transaction log, None if there has not been a transaction yet.
    """

    count: int
    configs: Mapping[str, str] = field(default_factory=dict)
    transaction_replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of partitions and replicas that are required.

    None accepts any number of article-events, and as many replicas as there are brokers, at most
    MAX_REPLICATION.
    """

    lanes: int = 1
    article_events: int | None = None
    replicas: int | None = None

    def of(self, topic: KafkaTopic) -> int | None:
        """The number of partitions that a topic must have; None for any number."""
        if topic.partitions == "lanes":
            return self.lanes
        return self.article_events if topic is ARTICLE_EVENTS else None

    def of_new(self, topic: KafkaTopic) -> int:
        """The number of partitions that a topic is created with."""
        return self.of(topic) or (DEFAULT_PARTITIONS if topic is ARTICLE_EVENTS else 1)

    def replicas_of(self, brokers: int) -> int:
        """The replicas that each partition must have."""
        return self.replicas or min(MAX_REPLICATION, brokers)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of a topic, or of the brokers, and how to mend it.

    `setting` and `partitions` are what mends it in place.
    """

    name: str
    what: str
    fix: str
    setting: tuple[str, str] | None = None
    partitions: int | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.what}: {self.fix}"

    @property
    def change(self) -> str | None:
        """What is changed to mend it in place; None if it cannot be mended so."""
        if self.setting is not None:
            return "=".join(self.setting)
        return None if self.partitions is None else f"{self.partitions} partitions"


def differences(
    topics: KafkaTopics, sizes: Sizes, found: Mapping[str, FoundTopic], brokers: FoundBrokers
) -> list[Difference]:
    """All differences between a broker and the definitions."""
    lines = []
    for topic in topics:
        name = topics.name(topic)
        if name not in found:
            lines.append(Difference(name, "missing", _CREATE))
            continue
        actual = found[name]
        lines += _in_partitions(topic, name, actual.partitions, sizes.of(topic))
        lines += _in_replicas(name, actual.replicas, sizes.replicas_of(brokers.count))
        wanted = topic.configs(actual.replicas)
        lines += [_in_setting(name, key, actual, wanted[key]) for key in _unmet(actual, wanted)]
        lines += _in_sync(name, actual)
    return [*lines, *_in_brokers(brokers)]


def unsafe_differences(
    topics: KafkaTopics, used: Collection[KafkaTopic], lanes: int, found: Mapping[str, FoundTopic]
) -> list[Difference]:
    """The differences with which a worker would lose state or stand, of the topics that it uses."""
    lines = []
    for topic in used:
        name, actual = topics.name(topic), found[topics.name(topic)]
        if topic.partitions == "lanes":
            lines += _in_partitions(topic, name, actual.partitions, lanes)
        wanted = _required(topic)
        lines += [_in_setting(name, key, actual, wanted[key]) for key in _unmet(actual, wanted)]
        lines += _in_sync(name, actual)
        if topic is ARTICLE_EVENTS and not _bounds_time(actual.configs):
            lines.append(_in_setting(name, "message.timestamp.type", actual, "LogAppendTime"))
    return lines


def _required(topic: KafkaTopic) -> dict[str, str]:
    """The settings without which a worker would lose state, or end again after each restart."""
    defined = topic.configs()
    required = {key: defined[key] for key in ("cleanup.policy", "unclean.leader.election.enable")}
    if topic is not ARTICLE_EVENTS:  # a record that is refused there is not lost by a worker
        required["max.message.bytes"] = defined["max.message.bytes"]
    if topic in (CURATED_ARTICLES, STORIES):
        # A record that is still right is published again only after this time.
        required |= {"retention.ms": str(WINDOW_DAYS * DAY_MS), "retention.bytes": "-1"}
    return required


def _bounds_time(configs: Mapping[str, str]) -> bool:
    """Whether no record can have a time far ahead of the broker's clock."""
    if configs["message.timestamp.type"] == "LogAppendTime":
        return True
    return 0 <= int(configs.get("message.timestamp.after.max.ms", -1)) <= MAX_AHEAD_MS


def _unmet(actual: FoundTopic, wanted: Mapping[str, str]) -> Iterator[str]:
    for key, value in wanted.items():
        if not _is_met(key, actual.configs.get(key, ""), value):
            yield key


def _is_met(key: str, value: str, wanted: str) -> bool:
    if key not in _AT_LEAST or not value:
        return sorted(value.split(",")) == sorted(wanted.split(","))
    is_unlimited = key.startswith("retention.") and int(value) == -1
    return is_unlimited or (int(wanted) != -1 and int(value) >= int(wanted))


def _in_setting(name: str, key: str, actual: FoundTopic, wanted: str) -> Difference:
    value = actual.configs.get(key) or "unset"
    return Difference(name, f"{key}: {value}, not {wanted}", _MEND, setting=(key, wanted))


def _in_sync(name: str, actual: FoundTopic) -> list[Difference]:
    """A topic that takes no record, because it wants more replicas in sync than there are."""
    key = "min.insync.replicas"
    if int(actual.configs.get(key, 1)) <= actual.replicas:
        return []
    return [_in_setting(name, key, actual, str(max(1, actual.replicas - 1)))]


def _in_partitions(
    topic: KafkaTopic, name: str, actual: int, wanted: int | None
) -> list[Difference]:
    if wanted is None or actual == wanted:
        return []
    what = f"partitions: {actual}, not {wanted}"
    if topic.partitions == "lanes":
        fix = (
            "lanes cannot change in place: set NEWSLOOM_KAFKA_LANES to the table they were made "
            "for, or work with topics of another NEWSLOOM_KAFKA_TOPIC_PREFIX and replay the "
            "article events"
        )
        return [Difference(name, what, fix)]
    if actual > wanted:
        fix = "partitions cannot become fewer: ask for as many as there are"
        return [Difference(name, what, fix)]
    fix = f"run `newsloom topics create --partitions {wanted}`, which adds them"
    return [Difference(name, what, fix, partitions=wanted)]


def _in_replicas(name: str, actual: int, wanted: int) -> list[Difference]:
    if actual >= wanted:
        return []
    fix = "add replicas with kafka-reassign-partitions.sh: docs/kafka.md#replicas"
    return [Difference(name, f"replicas: {actual}, not {wanted}", fix)]


def _in_brokers(brokers: FoundBrokers) -> list[Difference]:
    """What keeps the brokers from committing transactions, or from keeping them."""
    wanted = min(MAX_REPLICATION, brokers.count)
    if brokers.transaction_replicas is not None:
        reassign = _in_replicas("__transaction_state", brokers.transaction_replicas, wanted)
        if reassign:
            return reassign
    key = "transaction.state.log.replication.factor"
    factor = int(brokers.configs.get(key, wanted))
    if brokers.transaction_replicas is None and factor > brokers.count:
        many = f"there {'are' if brokers.count > 1 else 'is'} only {brokers.count}, so no worker"
        fix = f"set it to {brokers.count}, and transaction.state.log.min.isr to at most that"
        return [Difference("brokers", f"{key}: {factor}, and {many} can commit", fix)]
    return []
