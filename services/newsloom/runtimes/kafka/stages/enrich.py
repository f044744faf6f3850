"""The enrich worker: article events in; arrivals for their lanes, and dead letters, out.

Every input makes one record, in input order; a withdrawal makes one for each lane. Images are
checked far ahead of the first record that waits. Only the verdicts of images outlive a partition.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
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
from newsloom.runtimes.look_ahead import LookAhead, Sharing
from newsloom.runtimes.stops import StopError, StopReason


class _Checked(NamedTuple):
    """The image checks of a record, and how long they took."""

    checks: Sequence[ImageCheck]
    seconds: float


class _Begun(NamedTuple):
    """A record that has begun, and the check of its images; None if it needs none."""

    record: Incoming
    started: AwaitingImages | Enriched
    checking: asyncio.Task[_Checked] | None

    @property
    def is_ready(self) -> bool:
        """Whether nothing is awaited any more."""
        return self.checking is None or self.checking.done()


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
        self._sharing = Sharing()
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
        self._sharing.partitions.add(partition)
        return EnrichPartition(
            self.topics,
            self._lanes,
            partition,
            partition % self._letter_partitions,
            committed or 0,
            self._enricher,
            self._images,
            self._bugs,
            self._metrics,
            self._form,
            self._sharing,
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
        partition: int,
        letter_partition: int,
        next_offset: int,
        enricher: Enricher,
        images: Images | None,
        bugs: BugLimit,
        metrics: Metrics,
        form: int = FORM,
        sharing: Sharing | None = None,
    ) -> None:
        self.next_offset = next_offset
        self._partition = partition
        self._sharing = sharing or Sharing()
        self._ahead = LookAhead[_Begun](self._sharing)
        self._topics = topics
        self._lanes = lanes
        self._letter_partition = letter_partition
        self._enricher = enricher
        self._images = images
        self._bugs = bugs
        self._metrics = metrics
        self._form = form
        self._halted: StopError | None = None

    @property
    def begun_to(self) -> int:
        """The offset after the last record that has begun."""
        return self._ahead.last.record.offset + 1 if self._ahead else self.next_offset

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """The records that a batch makes, in input order, all with one version of the catalogue.

        Begins as many records as it may, and ends at the first one whose images are not checked.
        Stops before the record at which the limit on bugs is reached; `halted` then says so.
        """
        self._enricher.renew_catalogue()
        self._begin(records)
        outgoing: list[Outgoing] = []
        is_logged = record_logs.is_wanted()
        for record, enriched, seconds in self._ready():
            if self._bugs.count(enriched.arrival):
                self._halted = StopError(StopReason.HALTED, self._bugs.why)
                return outgoing
            outgoing += self._finish(record, enriched, seconds, is_logged)
            self.next_offset = record.offset + 1
        return outgoing

    def abandon(self) -> None:
        """Ends the checks of records that are not processed. Fetches of images go on."""
        while self._ahead:
            checking = self._ahead.pop_first().checking
            if checking is not None:
                checking.cancel()
        self._sharing.partitions.discard(self._partition)

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

    def _begin(self, records: Sequence[Incoming]) -> None:
        """Begins the records that have not begun, as long as the limits allow it."""
        begun_to = self.begun_to
        for record in records:
            if record.offset < begun_to:
                continue
            if self._ahead.is_full:
                return
            raw = RawInput(record.value, record.key, record.headers)
            started = self._enricher.start(raw, record.timestamp // 1000)
            checking = None
            if self._images is not None and isinstance(started, AwaitingImages):
                checking = asyncio.create_task(_check(self._images, started))
            self._ahead.append(_Begun(record, started, checking), len(record.value or b""))

    def _ready(self) -> Iterator[tuple[Incoming, Enriched, float]]:
        """Removes the first records while they are ready: each with its result, and the seconds
        that it waited for its images."""
        while self._ahead and self._ahead.first.is_ready:
            record, started, checking = self._ahead.pop_first()
            checked = checking.result() if checking is not None else _UNCHECKED
            if isinstance(started, AwaitingImages):
                started = self._enricher.finish(started, checked.checks)
            yield record, started, checked.seconds

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


async def _check(images: Images, article: AwaitingImages) -> _Checked:
    began = time.perf_counter()
    checks = await images.check(article.image_urls, article.page_url)
    return _Checked(checks, time.perf_counter() - began)
