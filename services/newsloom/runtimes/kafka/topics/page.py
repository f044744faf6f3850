"""The page about the topics, `docs/topics.md`, made from their definition.

In: definitions. Out: Markdown, the same for the same code. Nothing is read or written here.
"""

from newsloom.records.curated import SCHEMA_VERSION
from newsloom.runtimes.kafka.topics.definitions import KafkaTopic, KafkaTopics

_HEAD = """\
<!-- Made by `newsloom schemas export`; change runtimes/kafka/topics/definitions.py instead. -->
# Topics

`newsloom topics create` makes them, `newsloom topics check` names whatever differs on a broker, and
the mend. `NEWSLOOM_KAFKA_TOPIC_PREFIX` changes the prefix `{prefix}` of all. Replication is three,
or one for each broker where there are fewer. Subscribers read with
`isolation.level=read_committed`; `schemas/asyncapi.yaml` is the same contract for programs,
`examples/subscriber.py` one that reads.

| topic | partitions | cleanup | kept | largest batch |
|---|---|---|---|---|
"""


def topics_page() -> str:
    """The whole page: a table of settings, then a part for each topic."""
    topics = KafkaTopics()
    rows = "".join(_row(topics, topic) for topic in topics)
    return _HEAD.format(prefix=topics.prefix) + rows + "".join(_part(topics, t) for t in topics)


def _row(topics: KafkaTopics, topic: KafkaTopic) -> str:
    partitions = "one a lane" if topic.partitions == "lanes" else "any number"
    kept = "the latest of each key" if "compact" in topic.cleanup else "all"
    if topic.retention_days:
        kept += f", {topic.retention_days} days"
    size = f"{topic.max_bytes // 1_048_576} MiB"
    return f"| `{topics.name(topic)}` | {partitions} | `{topic.cleanup}` | {kept} | {size} |\n"


def _part(topics: KafkaTopics, topic: KafkaTopic) -> str:
    settings = ", ".join(f"`{key}={value}`" for key, value in topic.configs().items())
    lines = [
        f"- **Key**: {topic.key}",
        f"- **Value**: {_value(topic)}",
        f"- **Written by**: {topic.written_by}",
        f"- **Read by**: {topic.read_by}",
        f"- **Settings**: {settings}",
    ]
    lines += [f"- **Header** `{name}`: {said}" for name, said in topic.headers.items()]
    return f"\n## {topics.name(topic)}\n{topic.purpose}\n\n" + "\n".join(lines) + "\n"


def _value(topic: KafkaTopic) -> str:
    if topic.schema is not None:
        path = f"schemas/json/{topic.schema}.v{SCHEMA_VERSION}.schema.json"
        return f"JSON, [{topic.schema}](../{path})"
    return (
        "an inner form that may change at any time" if topic.is_inner else "the input's own bytes"
    )
