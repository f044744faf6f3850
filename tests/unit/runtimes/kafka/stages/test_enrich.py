"""A partition of an enrich worker: its catalogue, and the form of what it sends to the lanes."""

import asyncio
from dataclasses import dataclass

import orjson

from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.pipeline.process import Enricher
from newsloom.rules.lanes import LaneTable
from newsloom.rules.topics import TopicIndex
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.kafka.clients.messages import Headers
from newsloom.runtimes.kafka.stages.enrich import EnrichPartition, EnrichProcessor
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

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


def _sent(form: int, value: dict[str, object]) -> list[tuple[int, dict[str, object]]]:
    """The lane and the value of each record that is sent for an event."""
    enricher = Enricher(Catalogue({}, TopicIndex([]), "one"), "off")
    topics, lanes, metrics = KafkaTopics("news."), LaneTable({"de": 1}), Metrics("enrich")
    partition = EnrichPartition(topics, lanes, 0, 0, enricher, None, BugLimit(), metrics, form)
    messages = asyncio.run(partition.process([Record(value=orjson.dumps(value))]))
    return [(message.partition, orjson.loads(message.value or b"")) for message in messages]


def test_records_of_form_1_are_those_that_the_former_release_reads() -> None:
    sent = _sent(FORMER_FORM, orjson.loads(EVENT))
    assert [lane for lane, _ in sent] == [0], "an article goes to its lane only"
    both = {"webUrl": "https://a.example/1", "originalUrl": "https://b.example/1"}
    sent = _sent(FORMER_FORM, {**both, "withdrawn": True})
    assert [lane for lane, _ in sent] == [0, 1, 0, 1]
    assert [set(fields) for _, fields in sent] == [{"withdrawn", "isCounted"}] * 4
    assert [fields["isCounted"] for _, fields in sent] == [True, False, False, False]
    ids = [fields["withdrawn"] for _, fields in sent]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_records_of_the_newest_form_say_so() -> None:
    sent = _sent(FORM, orjson.loads(EVENT))
    assert [lane for lane, _ in sent] == [1, 0], "the other lane hears of it"
    assert [fields["form"] for _, fields in sent] == [FORM] * 2


def test_a_worker_asks_for_the_form_until_it_is_the_newest() -> None:
    answers = iter([FORMER_FORM, FORM, FORM + 1])

    async def find_form() -> int:
        return next(answers)

    enricher = Enricher(Catalogue({}, TopicIndex([]), "one"), "off")
    arguments = KafkaTopics("news."), LaneTable({}), enricher, Metrics("enrich")
    processor = EnrichProcessor(*arguments, None, find_form)

    async def form() -> int:
        partition = await processor.open(0, 0, None)
        (sent,) = await partition.process([Record()])
        return int(orjson.loads(sent.value or b"").get("form", FORMER_FORM))

    assert [asyncio.run(form()) for _ in range(3)] == [FORMER_FORM, FORM, FORM]
    assert next(answers) == FORM + 1, "it asks no more"
