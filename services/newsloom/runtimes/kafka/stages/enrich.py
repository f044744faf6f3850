"""The enrich worker: article events in; arrivals for their lanes, and dead letters, out.

Every input makes one record, in input order; a withdrawal makes one for each lane. The images of
many records are checked at once. Only the verdicts of images are kept between batches.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from newsloom.observability.metrics import Metrics
from newsloom.pipeline.arrival import Arrival, WithdrawalArrival, moved_away
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.pipeline.process import AwaitingImages, Enriched, Enricher
from newsloom.records.faults import Fault, Stage
from newsloom.records.image_check import ImageCheck
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.images import Images
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing, dead_letter
from newsloom.runtimes.kafka.stages import record_logs
from newsloom.runtimes.kafka.stages.enriched_records import encode_arrival
from newsloom.runtimes.kafka.stages.processor import (
    READ,
    WRITE,
    PartitionProcessor,
    require_safe,
)
from newsloom.runtimes.kafka.topics.definitions import (
    ARTICLE_EVENTS,
    DEAD_LETTERS,
    ENRICHED_ARTICLES,
    KafkaTopics,
)
from newsloom.runtimes.kafka.topics.differences import FoundTopic
from newsloom.runtimes.stops import StopError, StopReason

RECORDS_AT_ONCE = 400
"""The number of records whose images are checked at once. Each such group takes at most as long as
one record may take, so a batch of 1,000 records stays within its time limit."""


class _Checked(NamedTuple):
    """The image checks of a record, and how long they took."""

    checks: Sequence[ImageCheck]
    seconds: float


_UNCHECKED = _Checked((), 0.0)


async def _newest_form() -> int:
    return FORM


class EnrichProcessor:
    """Enriches any partition of the article events."""

    def __init__(
        self,
        topics: KafkaTopics,
        lanes: LaneTable,
        enricher: Enricher,
        metrics: Metrics,
        make_images: Callable[[], Images] | None = None,
        find_form: Callable[[], Awaitable[int]] = _newest_form,
    ) -> None:
        """`make_images` is called on the event loop of the worker; None for no image checks.

        `find_form` returns the newest form that all lanes read.
        """
        self.group = topics.group("enrich")
        self.former_group = topics.former_group("enrich")
        self.input_topic = topics.article_events
        self.topics = topics
        self._lanes = lanes
        self._enricher = enricher
        self._metrics = metrics
        self._make_images = make_images
        self._images: Images | None = None
        self._find_form = find_form
        self._form = FORMER_FORM
        self._finding_form = asyncio.Lock()
        self._bugs = BugLimit()
        self._letter_partitions = 1

    @property
    def access(self) -> Mapping[str, frozenset[str]]:
        """It reads article events, and writes enriched articles and dead letters."""
        topics = self.topics
        written = dict.fromkeys((topics.enriched_articles, topics.dead_letters), WRITE)
        return {topics.article_events: READ, **written}

    def check(self, found: Mapping[str, FoundTopic]) -> None:
        """Raises OutageError if a topic is missing, or would lose state."""
        used = (ARTICLE_EVENTS, ENRICHED_ARTICLES, DEAD_LETTERS)
        require_safe(self.topics, used, self._lanes.count, found)
        self._letter_partitions = found[self.topics.dead_letters].partitions

    async def open(
        self, partition: int, committed: int | None, _parked: PartitionProcessor | None
    ) -> PartitionProcessor:
        """The processor of a partition from the committed offset on, which is its only state."""
        if self._images is None and self._make_images is not None:
            self._images = self._make_images()
        async with self._finding_form:
            if self._form < FORM:  # it never falls
                self._form = min(FORM, await self._find_form())
        return EnrichPartition(
            self.topics,
            self._lanes,
            partition % self._letter_partitions,
            committed or 0,
            self._enricher,
            self._images,
            self._bugs,
            self._metrics,
            self._form,
        )

    def resume(self) -> None:
        """Begins to count bugs at 0."""
        self._bugs.reset()


class EnrichPartition:
    """Enriches one partition, and writes records of one form."""

    stage = Stage.ENRICH
    form = 0

    def __init__(
        self,
        topics: KafkaTopics,
        lanes: LaneTable,
        letter_partition: int,
        next_offset: int,
        enricher: Enricher,
        images: Images | None,
        bugs: BugLimit,
        metrics: Metrics,
        form: int = FORM,
    ) -> None:
        self.next_offset = next_offset
        self._topics = topics
        self._lanes = lanes
        self._letter_partition = letter_partition
        self._enricher = enricher
        self._images = images
        self._bugs = bugs
        self._metrics = metrics
        self._form = form
        self._halted: StopError | None = None

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """The records that a batch makes, in input order, all with one version of the catalogue.

        Stops before the record at which the limit on bugs is reached; `halted` then says so.
        """
        if not records:
            return []
        self._enricher.renew_catalogue()
        started = [self._start(record) for record in records]
        outgoing: list[Outgoing] = []
        is_logged = record_logs.is_wanted()
        checks = await self._check(started)
        for record, enriched, checked in zip(records, started, checks, strict=True):
            if isinstance(enriched, AwaitingImages):
                enriched = self._enricher.finish(enriched, checked.checks)
            if self._bugs.count(enriched.arrival):
                self._halted = StopError(StopReason.HALTED, self._bugs.why)
                self.next_offset = record.offset
                return outgoing
            outgoing += self._finish(record, enriched, checked.seconds, is_logged)
        self.next_offset = records[-1].offset + 1
        return outgoing

    @property
    def is_pending(self) -> bool:
        """Never: each record is done at once."""
        return False

    def pass_over(self, offsets: int) -> None:
        """Accounts for offsets that nobody reads. There are no rows that count them."""
        self._metrics.count_passed(offsets)

    @property
    def halted(self) -> StopError | None:
        """The error of the limit on bugs, if a record of this partition reached it."""
        return self._halted

    def set_aside(self, record: Incoming, fault: Fault) -> list[Outgoing]:
        """The dead letter of a record that is not read."""
        self.next_offset = record.offset + 1
        return self._finish(record, Enriched(fault), 0.0, record_logs.is_wanted())

    def _finish(
        self, record: Incoming, enriched: Enriched, images_s: float, is_logged: bool
    ) -> list[Outgoing]:
        """Counts and logs an input; the records that it makes."""
        self._metrics.count_enriched(enriched)
        if is_logged:
            record_logs.log_enriched(record, enriched, images_s)
        return self._outgoing(record, enriched)

    def note_commit(self) -> None:
        """Updates the metrics after a commit, the catalogue's version included."""
        self._metrics.commit()
        self._metrics.set_catalogue_version(self._enricher.catalogue.version)

    def _start(self, record: Incoming) -> AwaitingImages | Enriched:
        raw = RawInput(record.value, record.key, record.headers)
        return self._enricher.start(raw, record.timestamp // 1000)

    async def _check(self, started: Sequence[AwaitingImages | Enriched]) -> Sequence[_Checked]:
        """The image checks of each record, RECORDS_AT_ONCE records at a time."""
        images, slots = self._images, asyncio.Semaphore(RECORDS_AT_ONCE)
        if images is None:
            return [_UNCHECKED] * len(started)

        async def check(article: AwaitingImages | Enriched) -> _Checked:
            if isinstance(article, Enriched):
                return _UNCHECKED
            async with slots:
                began = time.perf_counter()
                checks = await images.check(article.image_urls, article.page_url)
                return _Checked(checks, time.perf_counter() - began)

        return await asyncio.gather(*map(check, started))

    def _outgoing(self, record: Incoming, enriched: Enriched) -> list[Outgoing]:
        if isinstance(enriched.arrival, Fault):
            topic, partition = self._topics.dead_letters, self._letter_partition
            return [dead_letter(topic, partition, record, enriched.arrival, enriched.source)]
        if isinstance(enriched.arrival, WithdrawalArrival):
            return self._withdrawals(enriched.arrival)
        own_lane = self._lanes.lane_of(enriched.arrival.article["locale"])
        move = moved_away(enriched.arrival)
        others = (lane for lane in range(self._lanes.count) if lane != own_lane)
        moves = [self._to_lane(lane, move) for lane in others] if self._form > FORMER_FORM else []
        return [*moves, self._to_lane(own_lane, enriched.arrival)]

    def _withdrawals(self, arrival: WithdrawalArrival) -> list[Outgoing]:
        """A withdrawal for each lane, because the lane of the article is not known here.

        Lane 0 counts the input. In form 1 a withdrawal has one id, so two make two records.
        """
        ids = arrival.article_ids
        parts = [ids] if self._form > FORMER_FORM else [(article_id,) for article_id in ids]
        return [
            self._to_lane(lane, WithdrawalArrival(part, is_counted=lane == 0 and part is parts[0]))
            for part in parts
            for lane in range(self._lanes.count)
        ]

    def _to_lane(self, lane: int, arrival: Arrival) -> Outgoing:
        key, value = encode_arrival(arrival, self._form)
        return Outgoing(self._topics.enriched_articles, lane, key, value)
