"""A partition of an enrich worker: its catalogue, and the form of what it sends to the lanes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.pipeline.process import Enricher
from newsloom.records.image_check import ImageCheck
from newsloom.rules.lanes import LaneTable
from newsloom.rules.topics import TopicIndex
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.kafka.clients.messages import Headers, Outgoing
from newsloom.runtimes.kafka.stages.enrich import EnrichPartition, EnrichProcessor
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.look_ahead import MAX_BYTES, MAX_INPUTS, Sharing

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
    partition = EnrichPartition(topics, lanes, 0, 0, 0, enricher, None, BugLimit(), metrics)

    def batch(offset: int) -> list[str]:
        records = [Record(offset=offset), Record(offset=offset + 1)]
        messages = asyncio.run(partition.process(records))
        return [orjson.loads(m.value or b"")["article"]["catalogueVersion"] for m in messages]

    assert batch(0) == ["two", "two"]
    assert batch(2) == ["three", "three"]


class SlowImages:
    """Images whose checks end when a test says so, by the URL of the article's page."""

    def __init__(self) -> None:
        self.checked: dict[str, asyncio.Event] = {}
        self.ended: list[str] = []

    async def check(self, urls: Sequence[str], page_url: str) -> list[ImageCheck]:
        assert not urls
        try:
            await self.checked.setdefault(page_url, asyncio.Event()).wait()
        finally:
            self.ended.append(page_url)
        return []

    async def close(self) -> None:
        """Nothing is open."""


def _page(number: int) -> str:
    return f"https://tide.example/{number}"


def _records(count: int, filler: int = 0) -> list[Record]:
    event = orjson.loads(EVENT) | {"filler": "x" * filler}
    values = [orjson.dumps(event | {"webUrl": _page(number)}) for number in range(count)]
    return [Record(offset=number, value=value) for number, value in enumerate(values)]


def _open_partition(images: SlowImages, number: int, sharing: Sharing) -> EnrichPartition:
    enricher = Enricher(Catalogue({}, TopicIndex([]), "one"), "check")
    topics, lanes, metrics = KafkaTopics("news."), LaneTable({}), Metrics("enrich")
    sharing.partitions.add(number)
    bugs = BugLimit()
    return EnrichPartition(
        topics, lanes, number, 0, 0, enricher, images, bugs, metrics, FORM, sharing
    )


def _urls(messages: Sequence[Outgoing]) -> list[str]:
    return [orjson.loads(message.value or b"")["article"]["webUrl"] for message in messages]


async def _take_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_images_are_checked_ahead_of_the_slowest_and_the_order_is_kept() -> None:
    async def work() -> None:
        images, records = SlowImages(), _records(6)
        partition = _open_partition(images, 0, Sharing())
        assert await partition.process(records[:4]) == []
        await _take_turns()
        for number in (1, 2):
            images.checked[_page(number)].set()
        await _take_turns()
        assert await partition.process(records[:4]) == []
        assert (partition.next_offset, partition.begun_to) == (0, 4)
        images.checked[_page(0)].set()
        await _take_turns()
        assert _urls(await partition.process(records)) == [_page(0), _page(1), _page(2)]
        assert (partition.next_offset, partition.begun_to) == (3, 6)
        await _take_turns()
        for number in (3, 4, 5):
            images.checked[_page(number)].set()
        await _take_turns()
        assert _urls(await partition.process(records[3:])) == [_page(3), _page(4), _page(5)]

    asyncio.run(work())


def test_what_has_begun_is_bounded_and_shared_between_partitions() -> None:
    async def work() -> None:
        images, sharing = SlowImages(), Sharing()
        records = _records(MAX_INPUTS + 10)
        one, two = (_open_partition(images, number, sharing) for number in (0, 1))
        await one.process(records)
        await two.process(records)
        assert (one.begun_to, two.begun_to) == (MAX_INPUTS // 2, MAX_INPUTS // 2)
        await _take_turns()
        two.abandon()
        await _take_turns()
        assert len(images.ended) == MAX_INPUTS // 2
        await one.process(records)
        assert one.begun_to == MAX_INPUTS

    asyncio.run(work())


def test_large_records_fill_the_window_sooner() -> None:
    async def work() -> None:
        partition = _open_partition(SlowImages(), 0, Sharing())
        await partition.process(_records(40, filler=MAX_BYTES // 20))
        assert partition.begun_to == 20

    asyncio.run(work())


def _sent(form: int, value: dict[str, object]) -> list[tuple[int, dict[str, object]]]:
    """The lane and the value of each record that is sent for an event."""
    enricher = Enricher(Catalogue({}, TopicIndex([]), "one"), "off")
    topics, lanes, metrics = KafkaTopics("news."), LaneTable({"de": 1}), Metrics("enrich")
    partition = EnrichPartition(topics, lanes, 0, 0, 0, enricher, None, BugLimit(), metrics, form)
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
