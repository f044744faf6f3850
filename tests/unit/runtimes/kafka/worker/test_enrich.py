"""A partition of an enrich worker renews its catalogue before each batch, and only then."""

import asyncio
from dataclasses import dataclass

import orjson

from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.process import Enricher
from newsloom.rules.lanes import LaneTable
from newsloom.rules.topics import TopicIndex
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.kafka.clients.messages import Headers
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.kafka.worker.enrich import EnrichPartition

EVENT = orjson.dumps(
    {
        "webUrl": "https://tide.example/1",
        "title": "Ferry back in service",
        "publishedDateTime": "2026-03-02T10:00:00Z",
    }
)


@dataclass
class Record:
    topic: str = "news.article-events.v1"
    partition: int = 0
    offset: int = 0
    timestamp: int = 1_772_445_600_000
    key: bytes | None = None
    value: bytes | None = EVENT
    headers: Headers = ()


def test_the_catalogue_version_can_change_only_between_batches() -> None:
    versions = iter(("two", "three"))
    enricher = Enricher(
        Catalogue({}, TopicIndex([]), "one"),
        "off",
        find_catalogue=lambda: Catalogue({}, TopicIndex([]), next(versions)),
    )
    topics, lanes, metrics = KafkaTopics("news."), LaneTable({}), Metrics("enrich")
    partition = EnrichPartition(topics, lanes, 0, 0, enricher, None, BugLimit(), metrics)

    def batch() -> list[str]:
        messages = asyncio.run(partition.process([Record(), Record(offset=1)]))
        return [orjson.loads(m.value or b"")["article"]["catalogueVersion"] for m in messages]

    assert batch() == ["two", "two"]
    assert batch() == ["three", "three"]
