"""The curate stage: arrivals in; curated records, stories, state rows and dead letters out.

Strictly in order within a lane, whose state it keeps. What is committed is the state: rows and
the input position leave with the records that follow from them.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from aiokafka import TopicPartition

from newsloom.adapters.failures import OutageError
from newsloom.observability.definitions import RESTORE_PROGRESS, RESTORE_SECONDS
from newsloom.observability.lane_metrics import LaneMetrics
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.arrival import Arrival, ArticleArrival, WithdrawalArrival
from newsloom.pipeline.build_records import Publication
from newsloom.pipeline.lane.row_cache import SpillStore
from newsloom.pipeline.policy import Policy
from newsloom.pipeline.process import Curator, Result
from newsloom.records.faults import Fault
from newsloom.runtimes.kafka.clients.admin import FoundTopic
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing, dead_letter
from newsloom.runtimes.kafka.topics.definitions import (
    CURATED_ARTICLES,
    DEAD_LETTERS,
    LANE_STATE,
    STORIES,
    KafkaTopics,
)
from newsloom.runtimes.kafka.worker import record_logs
from newsloom.runtimes.kafka.worker.enriched_records import decode_arrival
from newsloom.runtimes.kafka.worker.processor import (
    BugCounter,
    PartitionProcessor,
    require_lanes,
    require_room,
    require_topics,
)
from newsloom.runtimes.kafka.worker.restore import (
    POSITION_KEY,
    committed_offset,
    encode_position,
    read_lane,
)


class CurateProcessor:
    """Curates the lanes that are assigned to it."""

    def __init__(
        self,
        servers: str,
        topics: KafkaTopics,
        lanes: int,
        group: str,
        new_spill_store: Callable[[], SpillStore],
        policy: Policy,
        metrics: Metrics,
    ) -> None:
        self.group = group
        self.input_topic = topics.enriched_articles
        self._servers = servers
        self.topics = topics
        self._lanes = lanes
        self._new_spill_store = new_spill_store
        self._policy = policy
        self._metrics = metrics
        self._bugs = BugCounter()
        self._letter_partitions = 1

    def check(self, found: Mapping[str, FoundTopic]) -> None:
        """Raises OutageError unless all topics are there, with one partition for each lane."""
        topics = self.topics
        of_lanes = (
            topics.enriched_articles,
            topics.curated_articles,
            topics.stories,
            topics.lane_state,
        )
        require_topics(found, *of_lanes, topics.dead_letters)
        require_lanes(found, self._lanes, *of_lanes)
        require_room(found, topics, CURATED_ARTICLES, STORIES, LANE_STATE, DEAD_LETTERS)
        self._letter_partitions = found[topics.dead_letters].partitions

    async def open(self, partition: int, parked: PartitionProcessor | None) -> PartitionProcessor:
        """The lane as last committed: the parked one if nobody went on with it, else restored."""
        tell = self._restore_teller(partition)
        tell(0)
        source = TopicPartition(self.input_topic, partition)
        committed = await committed_offset(self._servers, self.group, source)
        if isinstance(parked, CurateLane) and committed == parked.next_offset:
            tell(1)
            return parked
        rows_topic = self.topics.lane_state
        spill_store = self._new_spill_store()
        state, next_offset = await read_lane(
            self._servers, rows_topic, partition, spill_store, tell
        )
        if committed is not None and committed > next_offset:
            raise OutageError(
                f"group {self.group} stands at offset {committed:,} of {self.input_topic} "
                f"partition {partition}, but {rows_topic} only knows the inputs before "
                f"{next_offset:,}: somebody moved the group's offset, or emptied that topic. Set "
                "the offset back to that, or to the beginning to curate all anew"
            )
        letters = partition % self._letter_partitions
        told = LaneMetrics(self._metrics, partition, state)
        tell(1)
        curator = Curator(state, self._policy)
        return CurateLane(self.topics, partition, letters, curator, next_offset, self._bugs, told)

    def _restore_teller(self, partition: int) -> Callable[[float], None]:
        """What tells, in metrics, how far a restore that begins now has come."""
        began, lane = time.perf_counter(), str(partition)

        def tell(ratio: float) -> None:
            self._metrics[RESTORE_PROGRESS].labels(lane).set(ratio)
            self._metrics[RESTORE_SECONDS].labels(lane).set(time.perf_counter() - began)

        return tell


class CurateLane:
    """Curates one lane; what it sends to the topics of lanes goes to the partition of its own."""

    def __init__(
        self,
        topics: KafkaTopics,
        partition: int,
        letter_partition: int,
        curator: Curator,
        next_offset: int,
        bugs: BugCounter,
        metrics: LaneMetrics,
    ) -> None:
        self.next_offset = next_offset
        self._topics = topics
        self._partition = partition
        self._letter_partition = letter_partition
        self._curator = curator
        self._bugs = bugs
        self._metrics = metrics

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """The records of a batch in the order of its inputs, then the rows as they stand then."""
        made: list[Outgoing] = []
        rows: dict[str, bytes | None] = {}
        is_logged = record_logs.is_wanted()
        for record in records:
            began = time.perf_counter()
            enriched = decode_arrival(record.value)
            result = self._curator.curate(enriched)
            self._count(enriched.arrival, result)
            if is_logged:
                record_logs.log_curated(record, result, time.perf_counter() - began)
            made += [self._outgoing(self._topics.curated_articles, r) for r in result.curated]
            made += [self._outgoing(self._topics.stories, r) for r in result.stories]
            if result.fault is not None:
                self._bugs.note(result.fault)
                topic, partition = self._topics.dead_letters, self._letter_partition
                made.append(dead_letter(topic, partition, record, result.fault, result.source))
            rows.update(result.rows)
        self.next_offset = records[-1].offset + 1
        return made + self._rows(rows)

    def note_commit(self) -> None:
        """Tells of the last batch, and how the lane stands."""
        self._metrics.commit()

    def _count(self, arrival: Arrival | Fault, result: Result) -> None:
        if isinstance(arrival, ArticleArrival):
            self._metrics.count(result, arrived_at=arrival.arrived_at)
        else:
            is_elsewhere = isinstance(arrival, WithdrawalArrival) and not arrival.is_counted
            self._metrics.count(result, is_input=not is_elsewhere)

    def _outgoing(self, topic: str, record: Publication) -> Outgoing:
        value = None if record.is_withdrawal else record.value
        return Outgoing(topic, self._partition, record.id.encode(), value)

    def _rows(self, rows: Mapping[str, bytes | None]) -> list[Outgoing]:
        topic = self._topics.lane_state
        position = encode_position(self.next_offset)
        return [
            *(Outgoing(topic, self._partition, k.encode(), v) for k, v in rows.items()),
            Outgoing(topic, self._partition, POSITION_KEY, position),
        ]
