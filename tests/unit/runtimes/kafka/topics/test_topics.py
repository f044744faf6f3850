"""The definitions of the Kafka topics, the files generated from them, and topic names."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from newsloom.adapters.failures import OutageError
from newsloom.commands.kafka.tail import Since, tail
from newsloom.commands.schemas import DOCUMENTS, schemas
from newsloom.records.schemas import READERS
from newsloom.runtimes.kafka.clients.tail import resolve_topic
from newsloom.runtimes.kafka.topics.asyncapi import asyncapi_text
from newsloom.runtimes.kafka.topics.definitions import (
    ARTICLE_EVENTS,
    CURATED_ARTICLES,
    DAY_MS,
    DEAD_LETTERS,
    ENRICHED_ARTICLES,
    LANE_STATE,
    STORIES,
    TOPICS,
    WINDOW_DAYS,
    KafkaTopic,
    KafkaTopics,
)
from newsloom.runtimes.kafka.topics.differences import Sizes
from newsloom.runtimes.kafka.topics.page import topics_page

SCHEMAS = Path(__file__).parents[5] / "schemas"
MAX_EVENT_BYTES = 1_048_576
"""A larger event becomes a dead letter, so the topic must accept larger records."""


def test_topic_names_have_the_prefix_and_are_in_pipeline_order() -> None:
    topics = KafkaTopics("mine.")
    assert [topics.name(topic) for topic in topics] == [
        topics.article_events,
        topics.enriched_articles,
        topics.curated_articles,
        topics.stories,
        topics.lane_state,
        topics.dead_letters,
    ]
    assert topics.stories == "mine.stories.v1"
    assert KafkaTopics().article_events == "news.article-events.v1"


def test_groups_are_named_after_the_topics() -> None:
    assert KafkaTopics().group("enrich") == "news.enrich"
    assert KafkaTopics("staging.").group("curate") == "staging.curate"
    assert KafkaTopics("staging.").former_group("curate") == "newsloom.curate"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.suffix)
def test_a_definition_is_complete(topic: KafkaTopic) -> None:
    assert all((topic.purpose, topic.key, topic.written_by, topic.read_by))
    assert topic.schema is None or topic.schema in READERS
    assert ("delete" in topic.cleanup) == (topic.retention_days is not None)
    assert topic.configs()["cleanup.policy"] == topic.cleanup


@pytest.mark.parametrize("topic", [CURATED_ARTICLES, STORIES], ids=lambda topic: topic.suffix)
def test_published_records_are_retained_longer_than_the_window(topic: KafkaTopic) -> None:
    assert topic.cleanup == "compact,delete"
    assert int(topic.configs()["retention.ms"]) > WINDOW_DAYS * DAY_MS


def test_rows_are_never_deleted_by_age() -> None:
    assert LANE_STATE.cleanup == "compact"
    assert "retention.ms" not in LANE_STATE.configs()


def test_each_topic_accepts_the_records_derived_from_the_one_before() -> None:
    assert ARTICLE_EVENTS.max_bytes > MAX_EVENT_BYTES
    assert DEAD_LETTERS.max_bytes > ARTICLE_EVENTS.max_bytes
    assert DEAD_LETTERS.max_bytes >= ENRICHED_ARTICLES.max_bytes


def test_only_topics_of_the_curate_stage_are_partitioned_by_lane() -> None:
    assert [t for t in TOPICS if t.partitions == "lanes"] == [
        ENRICHED_ARTICLES,
        CURATED_ARTICLES,
        STORIES,
        LANE_STATE,
    ]
    sizes = Sizes(article_events=8, lanes=3)
    assert [sizes.of(topic) for topic in TOPICS] == [8, 3, 3, 3, 3, None]


# name: (what a person types, the existing topics, the topic or words of the error)
NAMES: dict[str, tuple[str, list[str], str]] = {
    "in full": ("news.stories.v1", ["news.stories.v1"], "news.stories.v1"),
    "its suffix": ("stories.v1", ["news.stories.v1"], "news.stories.v1"),
    "without version": ("dead-letters", ["news.dead-letters.v1"], "news.dead-letters.v1"),
    "its beginning": ("curated", ["news.curated-articles.v1"], "news.curated-articles.v1"),
    "a topic of another system": ("other", ["other"], "other"),
    "missing": ("curated", [], "no topic news.curated-articles.v1: run `newsloom topics create`"),
    "unknown": ("storms", ["news.stories.v1"], "no topic storms: name one of article-events, "),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_topic_is_found_by_a_typed_name(name: str) -> None:
    typed, there, expected = NAMES[name]
    try:
        found = resolve_topic(typed, KafkaTopics(), there)
    except OutageError as error:
        found = str(error)
    assert expected in found
    assert (expected == found) == (expected in there)


@pytest.mark.parametrize("since", ["yesterday", "2026-03-02T10:00:00", "5 m", "m", "-5m"])
def test_an_invalid_time_is_refused(since: str) -> None:
    assert CliRunner().invoke(tail, ["--since", since]).exit_code == 2


def test_a_time_or_a_duration_is_accepted() -> None:
    assert Since().convert("1970-01-01T01:00:01+01:00", None, None) == 1000
    now_ms = datetime.now(UTC).timestamp() * 1000
    assert now_ms - Since().convert("2h", None, None) == pytest.approx(7_200_000, abs=5_000)
    assert CliRunner().invoke(tail, ["--since", "5m", "--from-offset", "1"]).exit_code == 2


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in _references(value)]
    return [found for item in part for found in _references(item)] if isinstance(part, list) else []


def test_the_asyncapi_document_is_consistent() -> None:
    document = yaml.safe_load(asyncapi_text())
    assert document["asyncapi"] == "3.0.0"
    assert set(document) == {
        "asyncapi",
        "info",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    }
    for reference in _references(document):
        if reference.startswith("./"):
            assert (SCHEMAS / reference).is_file(), reference
            continue
        part = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        assert all(m["$ref"].startswith(f"{channel}/messages/") for m in operation["messages"])


def test_the_asyncapi_document_has_the_public_topics_with_their_settings() -> None:
    document = yaml.safe_load(asyncapi_text())
    public = [topic for topic in TOPICS if not topic.is_internal]
    channels = list(document["channels"].values())
    assert [c["address"] for c in channels] == [KafkaTopics().name(topic) for topic in public]
    for channel, topic in zip(channels, public, strict=True):
        configs = channel["bindings"]["kafka"]["topicConfiguration"]
        assert ",".join(configs.pop("cleanup.policy")) == topic.cleanup
        assert {
            key: str(value) for key, value in configs.items()
        }.items() <= topic.configs().items()
    received = [n for n, o in document["operations"].items() if o["action"] == "receive"]
    assert received == ["receiveArticleEvents"]


def test_the_page_has_every_topic_and_setting() -> None:
    page = topics_page()
    for topic in TOPICS:
        assert f"## {KafkaTopics().name(topic)}\n" in page
        assert all(f"`{key}={value}`" in page for key, value in topic.configs().items())


def test_outdated_files_are_reported_and_export_writes_them(tmp_path: Path) -> None:
    for folder in ("docs", "schemas"):
        (tmp_path / folder).mkdir()
    (tmp_path / "schemas" / "asyncapi.yaml").write_text("asyncapi: 2.6.0\n")
    options = ["--folder", str(SCHEMAS / "json"), "--root", str(tmp_path)]
    checked = CliRunner().invoke(schemas, ["check", *options])
    assert checked.exit_code == 1
    assert checked.output.splitlines() == [
        f"{tmp_path / path}: missing or out of date: run `newsloom schemas export`"
        for path in DOCUMENTS
    ]
    exported = CliRunner().invoke(schemas, ["export", *options])
    assert exported.output.splitlines() == [f"wrote {tmp_path / path}" for path in DOCUMENTS]
    assert CliRunner().invoke(schemas, ["check", *options]).exit_code == 0
    for path in DOCUMENTS:
        assert (tmp_path / path).read_bytes() == (SCHEMAS.parent / path).read_bytes()
