"""What `newsloom topics check` says about topics and brokers, and what a worker refuses."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from newsloom.runtimes.kafka.topics.definitions import (
    ARTICLE_EVENTS,
    CURATED_ARTICLES,
    DAY_MS,
    DEAD_LETTERS,
    ENRICHED_ARTICLES,
    LANE_STATE,
    STORIES,
    TOPICS,
    KafkaTopic,
    KafkaTopics,
)
from newsloom.runtimes.kafka.topics.differences import (
    FoundBrokers,
    FoundTopic,
    Sizes,
    differences,
    unsafe_differences,
)

NAMES, BROKERS = KafkaTopics(), FoundBrokers(3, transaction_replicas=3)
REQUEST = "run `newsloom topics create`, which sets it"


def _found(
    topic: KafkaTopic | None = None, configs: Mapping[str, str] | None = None, replicas: int = 3
) -> dict[str, FoundTopic]:
    """Topics as they are created on three brokers, one of them with other settings."""
    found = {NAMES.name(t): FoundTopic(1, replicas, t.configs(replicas)) for t in TOPICS}
    if topic is not None:
        one = found[NAMES.name(topic)]
        found[NAMES.name(topic)] = replace(one, configs={**one.configs, **(configs or {})})
    return found


def test_topics_as_they_are_created_have_no_difference() -> None:
    assert differences(NAMES, Sizes(), _found(), BROKERS) == []
    assert unsafe_differences(NAMES, TOPICS, 1, _found()) == []


# A topic, a setting and its value; the difference; whether a worker refuses it.
SETTINGS = [
    (LANE_STATE, "cleanup.policy", "delete", "delete, not compact", True),
    (LANE_STATE, "cleanup.policy", "compact,delete", "compact,delete, not compact", True),
    (CURATED_ARTICLES, "cleanup.policy", "delete,compact", "", False),
    (CURATED_ARTICLES, "cleanup.policy", "delete", "delete, not compact,delete", True),
    (ARTICLE_EVENTS, "cleanup.policy", "compact", "compact, not delete", True),
    (DEAD_LETTERS, "cleanup.policy", "compact", "compact, not delete", True),
    (STORIES, "retention.ms", str(40 * DAY_MS), "", False),
    (STORIES, "retention.ms", "-1", "", False),
    (STORIES, "retention.ms", str(20 * DAY_MS), "1728000000, not 2592000000", False),
    (STORIES, "retention.ms", str(9 * DAY_MS), "777600000, not 864000000", True),
    (STORIES, "retention.bytes", "1000000", "1000000, not -1", True),
    (ENRICHED_ARTICLES, "retention.ms", "1000", "1000, not 604800000", False),
    (ENRICHED_ARTICLES, "max.message.bytes", "1048588", "1048588, not 4194304", True),
    (ENRICHED_ARTICLES, "max.message.bytes", "8388608", "", False),
    (ARTICLE_EVENTS, "max.message.bytes", "1048588", "1048588, not 2097152", False),
    (ARTICLE_EVENTS, "message.timestamp.type", "CreateTime", "CreateTime, not LogAppend", True),
    (LANE_STATE, "unclean.leader.election.enable", "true", "true, not false", True),
    (LANE_STATE, "segment.bytes", "1073741824", "1073741824, not 67108864", False),
    (LANE_STATE, "min.insync.replicas", "1", "1, not 2", False),
    (LANE_STATE, "min.insync.replicas", "3", "", False),
    (LANE_STATE, "min.insync.replicas", "4", "4, not 2", True),
]


@pytest.mark.parametrize(("topic", "key", "value", "what", "is_unsafe"), SETTINGS)
def test_a_setting_that_differs(
    topic: KafkaTopic, key: str, value: str, what: str, is_unsafe: bool
) -> None:
    found = _found(topic, {key: value})
    refused = [str(d) for d in unsafe_differences(NAMES, TOPICS, 1, found)]
    line = f"{NAMES.name(topic)}: {key}: {what}"
    assert len(refused) == is_unsafe
    assert all(one.startswith(line) and one.endswith(REQUEST) for one in refused)
    lines = [str(d) for d in differences(NAMES, Sizes(), found, BROKERS)]
    assert len(lines) == bool(what)
    assert all(one.startswith(f"{NAMES.name(topic)}: {key}: {value}, not") for one in lines)


def test_times_of_producers_are_accepted_if_the_broker_bounds_them() -> None:
    kind, limit = "message.timestamp.type", "message.timestamp.after.max.ms"
    for limit_ms, count in (("3600000", 0), ("9223372036854775807", 1), ("-1", 1)):
        found = _found(ARTICLE_EVENTS, {kind: "CreateTime", limit: limit_ms})
        assert len(unsafe_differences(NAMES, [ARTICLE_EVENTS], 1, found)) == count
        assert len(differences(NAMES, Sizes(), found, BROKERS)) == 1


def test_a_topic_of_one_replica_on_three_brokers_differs() -> None:
    found = _found(replicas=1)
    lines = [str(d) for d in differences(NAMES, Sizes(), found, BROKERS)]
    assert len(lines) == len(TOPICS)
    assert lines[0].startswith("news.article-events.v1: replicas: 1, not 3: add replicas with ")
    assert differences(NAMES, Sizes(replicas=1), found, BROKERS) == []
    assert differences(NAMES, Sizes(), found, FoundBrokers(1)) == []
    assert unsafe_differences(NAMES, TOPICS, 1, found) == []


def test_partitions_are_added_and_lanes_are_not() -> None:
    def lines(sizes: Sizes) -> dict[str, int | None]:
        found = differences(NAMES, sizes, _found(), BROKERS)
        return {str(d).split(": ", 1)[1]: d.partitions for d in found}

    adds = "partitions: 1, not 8: run `newsloom topics create --partitions 8`, which adds them"
    assert lines(Sizes(article_events=8)) == {adds: 8}
    (lane,) = lines(Sizes(lanes=2))
    assert lane.startswith("partitions: 1, not 2: lanes cannot change in place: ")
    assert len(unsafe_differences(NAMES, TOPICS, 2, _found())) == 4
    assert unsafe_differences(NAMES, [ARTICLE_EVENTS], 2, _found()) == []


FACTOR = "transaction.state.log.replication.factor"


@pytest.mark.parametrize(
    ("brokers", "said"),
    [
        (FoundBrokers(1), ""),
        (FoundBrokers(3, {FACTOR: "3"}), ""),
        (FoundBrokers(1, {FACTOR: "3"}), f"brokers: {FACTOR}: 3, and there is only 1, so no "),
        (FoundBrokers(2, {FACTOR: "3"}), f"brokers: {FACTOR}: 3, and there are only 2, so no "),
        (FoundBrokers(1, {FACTOR: "3"}, 1), ""),
        (FoundBrokers(3, {FACTOR: "3"}, 1), "__transaction_state: replicas: 1, not 3: add "),
    ],
)
def test_the_log_of_transactions_needs_its_replicas(brokers: FoundBrokers, said: str) -> None:
    found = differences(NAMES, Sizes(replicas=1), _found(replicas=1), brokers)
    assert len(found) == bool(said)
    assert all(str(one).startswith(said) and one.change is None for one in found)
