"""The enrich stage: article events in, arrivals for their lane and dead letters out.

In input order, every input makes one record; a withdrawal one for each lane. It remembers nothing
but, for a while, what became of images; those of many records are looked at at once.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aiokafka import TopicPartition

from newsloom.observability.metrics import Metrics
from newsloom.pipeline.arrival import Arrival, WithdrawalArrival
from newsloom.pipeline.decode import parse_record
from newsloom.pipeline.process import AwaitingImages, Enriched, Enricher
from newsloom.records.faults import Fault, Reason
from newsloom.records.image_check import ImageCheck
from newsloom.rules.addresses.urls import article_id, canonical_url, url_fault
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.kafka.clients.admin import FoundTopic
from newsloom.runtimes.kafka.clients.messages import Headers, Incoming, Outgoing, dead_letter
from newsloom.runtimes.kafka.topics.definitions import DEAD_LETTERS, ENRICHED_ARTICLES, KafkaTopics
from newsloom.runtimes.kafka.worker import record_logs
from newsloom.runtimes.kafka.worker.enriched_records import encode_arrival
from newsloom.runtimes.kafka.worker.processor import (
    BugCounter,
    PartitionProcessor,
    require_lanes,
    require_room,
    require_topics,
)
from newsloom.runtimes.kafka.worker.restore import committed_offset

RECORDS_AT_ONCE = 400
"""At worst, each so many take as long as a record may: a batch of 1,000 stays within its time."""

_ARTICLE_ID = re.compile(r"[0-9a-f]{32}")
_CLOUD_EVENT_FIELDS = {"ce_source": "source", "ce_id": "eventId"}


class Images(Protocol):
    """Whoever looks at images."""

    async def check(self, urls: Sequence[str], page_url: str) -> list[ImageCheck]:
        """What became of the images of an article, or of those on its page, before long."""


class _Checked(NamedTuple):
    """What became of the images of a record, and how long it took."""

    checks: Sequence[ImageCheck]
    seconds: float


_UNCHECKED = _Checked((), 0.0)


class EnrichProcessor:
    """Enriches any partition of the article events."""

    def __init__(
        self,
        servers: str,
        topics: KafkaTopics,
        lanes: LaneTable,
        group: str,
        enricher: Enricher,
        metrics: Metrics,
        make_images: Callable[[], Images] | None = None,
    ) -> None:
        self.group = group
        self.input_topic = topics.article_events
        self._servers = servers
        self.topics = topics
        self._lanes = lanes
        self._enricher = enricher
        self._metrics = metrics
        self._make_images = make_images
        self._images: Images | None = None
        self._bugs = BugCounter()
        self._letter_partitions = 1

    def check(self, found: Mapping[str, FoundTopic]) -> None:
        """Raises OutageError if a topic is missing, or has not one partition for each lane."""
        topics = self.topics
        require_topics(found, topics.article_events, topics.enriched_articles, topics.dead_letters)
        require_lanes(found, self._lanes.count, topics.enriched_articles)
        require_room(found, topics, ENRICHED_ARTICLES, DEAD_LETTERS)
        self._letter_partitions = found[topics.dead_letters].partitions

    async def open(self, partition: int, parked: PartitionProcessor | None) -> PartitionProcessor:
        """A lane that begins at Kafka's committed offset, which is all there is to know."""
        if self._images is None and self._make_images is not None:
            self._images = self._make_images()
        source = TopicPartition(self.input_topic, partition)
        committed = await committed_offset(self._servers, self.group, source)
        return EnrichPartition(
            self.topics,
            self._lanes,
            partition % self._letter_partitions,
            committed or 0,
            self._enricher,
            self._images,
            self._bugs,
            self._metrics,
        )


class EnrichPartition:
    """Enriches one partition."""

    def __init__(
        self,
        topics: KafkaTopics,
        lanes: LaneTable,
        letter_partition: int,
        next_offset: int,
        enricher: Enricher,
        images: Images | None,
        bugs: BugCounter,
        metrics: Metrics,
    ) -> None:
        self.next_offset = next_offset
        self._topics = topics
        self._lanes = lanes
        self._letter_partition = letter_partition
        self._enricher = enricher
        self._images = images
        self._bugs = bugs
        self._metrics = metrics

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """What each of `records` makes, in their order, all by one version of the catalogue."""
        self._enricher.renew_catalogue()
        started = [self._begin(record) for record in records]
        made: list[Outgoing] = []
        is_logged = record_logs.is_wanted()
        for record, each, checked in zip(records, started, await self._check(started), strict=True):
            enriched = each
            if isinstance(enriched, AwaitingImages):
                enriched = self._enricher.finish(enriched, checked.checks)
            self._metrics.count_enriched(enriched)
            if is_logged:
                record_logs.log_enriched(record, enriched, checked.seconds)
            made += self._outgoing(record, enriched)
        self.next_offset = records[-1].offset + 1
        return made

    def note_commit(self) -> None:
        """Tells of the last batch, and of the catalogue it was made by."""
        self._metrics.commit()
        self._metrics.name_catalogue(self._enricher.catalogue.version)

    def _begin(self, record: Incoming) -> AwaitingImages | Enriched:
        if record.value is None:
            return Enriched(_withdrawal(record.key))
        parsed = _with_cloud_event(parse_record(record.value), record.headers)
        return self._enricher.begin(parsed, record.timestamp // 1000)

    async def _check(self, started: Sequence[AwaitingImages | Enriched]) -> Sequence[_Checked]:
        """What becomes of the images of each, many at once."""
        images, room = self._images, asyncio.Semaphore(RECORDS_AT_ONCE)
        if images is None:
            return [_UNCHECKED] * len(started)

        async def check(one: AwaitingImages | Enriched) -> _Checked:
            if isinstance(one, Enriched):
                return _UNCHECKED
            async with room:
                before = time.perf_counter()
                checks = await images.check(one.image_urls, one.page_url)
                return _Checked(checks, time.perf_counter() - before)

        return await asyncio.gather(*map(check, started))

    def _outgoing(self, record: Incoming, enriched: Enriched) -> list[Outgoing]:
        if isinstance(enriched.arrival, Fault):
            self._bugs.note(enriched.arrival)
            topic, partition = self._topics.dead_letters, self._letter_partition
            return [dead_letter(topic, partition, record, enriched.arrival, enriched.source)]
        if isinstance(enriched.arrival, WithdrawalArrival):
            # Nobody here knows which lane has the article; the first counts that it was asked for.
            return [
                self._to_lane(lane, enriched.arrival._replace(is_counted=lane == 0))
                for lane in range(self._lanes.count)
            ]
        lane = self._lanes.lane_of(enriched.arrival.article["locale"])
        return [self._to_lane(lane, enriched.arrival)]

    def _to_lane(self, lane: int, arrival: Arrival) -> Outgoing:
        key, value = encode_arrival(arrival)
        return Outgoing(self._topics.enriched_articles, lane, key, value)


def _with_cloud_event(parsed: dict[str, Any] | Fault, headers: Headers) -> dict[str, Any] | Fault:
    """What the event does not say of itself, as the headers of CloudEvents (binary mode) say it."""
    if isinstance(parsed, dict):
        for name, value in headers:
            field = _CLOUD_EVENT_FIELDS.get(name)
            if field is not None and parsed.get(field) is None and value is not None:
                parsed[field] = value.decode("utf-8", "replace")
    return parsed


def _withdrawal(key: bytes | None) -> WithdrawalArrival | Fault:
    """What a tombstone withdraws: the article whose id or webUrl is its key."""
    if not key:
        return Fault(Reason.MISSING, "webUrl", "a tombstone without a key withdraws nothing")
    try:
        text = key.decode()
    except UnicodeDecodeError as error:
        return Fault(Reason.NOT_UTF8, "webUrl", f"byte {error.start} of the key is not UTF-8")
    if _ARTICLE_ID.fullmatch(text):
        return WithdrawalArrival(text)
    if url_fault(text):
        words = "the key of a tombstone is neither an article id nor a webUrl"
        return Fault(Reason.BAD_URL, "webUrl", words)
    return WithdrawalArrival(article_id(canonical_url(text)))
