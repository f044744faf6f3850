"""The curate worker: arrivals in; curated records, stories, state rows and dead letters out.

A lane is curated strictly in order, and its state stays in the process. Rows and the input
position are committed together with the records that follow from them.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from newsloom.adapters.failures import NewerFormError, OutageError
from newsloom.observability.definitions import RESTORE_PROGRESS, RESTORE_SECONDS
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.arrival import ArticleArrival, WithdrawalArrival
from newsloom.pipeline.build_records import Publication
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.pipeline.process import Enriched, Result
from newsloom.pipeline.spill_store import SpillStore
from newsloom.records.faults import Fault, Stage
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.kafka.clients.group_forms import is_marked
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing, dead_letter
from newsloom.runtimes.kafka.stages import record_logs
from newsloom.runtimes.kafka.stages.enriched_records import NewerForm, decode_arrival
from newsloom.runtimes.kafka.stages.lane_reader import (
    POSITION_KEY,
    LanePosition,
    encode_position,
    read_lane,
)
from newsloom.runtimes.kafka.stages.processor import (
    READ,
    WRITE,
    PartitionProcessor,
    require_safe,
)
from newsloom.runtimes.kafka.topics.definitions import (
    CURATED_ARTICLES,
    DEAD_LETTERS,
    ENRICHED_ARTICLES,
    LANE_STATE,
    STORIES,
    KafkaTopics,
)
from newsloom.runtimes.kafka.topics.differences import FoundTopic
from newsloom.runtimes.lane import FULL_TRANSACTION, Lane
from newsloom.runtimes.stops import StopError, StopReason

FULL_TRANSACTION_S = 5.0
"""A transaction whose work has taken so long is committed before the next step: with a slow
processor, or with inputs that take much work, many of them would look like one that hangs."""


class CurateProcessor:
    """Curates the lanes that are assigned to it."""

    def __init__(
        self,
        servers: str,
        topics: KafkaTopics,
        lanes: int,
        new_spill_store: Callable[[], SpillStore],
        policy: Policy,
        metrics: Metrics,
    ) -> None:
        self.group = topics.group("curate")
        self.former_group = topics.former_group("curate")
        self.input_topic = topics.enriched_articles
        self._servers = servers
        self.topics = topics
        self._lanes = lanes
        self._new_spill_store = new_spill_store
        self._policy = policy
        self._metrics = metrics
        self._bugs = BugLimit()
        self._letter_partitions = 1

    @property
    def access(self) -> Mapping[str, frozenset[str]]:
        """It reads enriched articles, and reads and writes its rows."""
        topics, outputs = self.topics, (CURATED_ARTICLES, STORIES, DEAD_LETTERS)
        written = dict.fromkeys(map(topics.name, outputs), WRITE)
        return {topics.enriched_articles: READ, topics.lane_state: READ | WRITE, **written}

    def check(self, found: Mapping[str, FoundTopic]) -> None:
        """Raises OutageError if a topic is missing, or would lose state."""
        used = (ENRICHED_ARTICLES, CURATED_ARTICLES, STORIES, LANE_STATE, DEAD_LETTERS)
        require_safe(self.topics, used, self._lanes, found)
        self._letter_partitions = found[self.topics.dead_letters].partitions

    async def open(
        self, partition: int, committed: int | None, parked: PartitionProcessor | None
    ) -> PartitionProcessor:
        """The lane as last committed: `parked` if no other worker continued it, else restored.

        A lane of form 1 is upgraded if `newsloom lanes upgrade` has marked it.
        """
        lane = await self._open(partition, committed, parked)
        if lane.form == FORMER_FORM and await is_marked(self._servers, self.topics, partition):
            lane.upgrade()
        return lane

    async def _open(
        self, partition: int, committed: int | None, parked: PartitionProcessor | None
    ) -> "CurateLane":
        report = self._restore_reporter(partition)
        report(0)
        if _is_current(parked, committed):
            report(1)
            return parked
        spill_store = self._new_spill_store()
        state, position = await read_lane(
            self._servers, self.topics.lane_state, partition, spill_store, report
        )
        self._require_own(partition, position.group)
        self._require_rows(committed or 0, position.next_offset)
        report(1)
        return CurateLane(
            self.topics,
            partition,
            partition % self._letter_partitions,
            Lane(partition, state, self._policy, self._metrics),
            LanePosition(position.next_offset, self.group),
            self._bugs,
        )

    def resume(self) -> None:
        """Begins to count bugs at 0."""
        self._bugs.reset()

    def _require_own(self, partition: int, group: str) -> None:
        """Raises OutageError if another group has written the rows: then two write the lane."""
        if group not in ("", self.group):
            raise OutageError(
                f"group {group} writes lane {partition} of {self.topics.lane_state}, and only one "
                f"group may: stop this worker, which is of group {self.group}. If the topic is a "
                "copy of another one, delete all topics of this prefix and replay the article "
                "events"
            )

    def _require_rows(self, committed: int, next_offset: int) -> None:
        """Raises StopError if the group's committed offset is ahead of the state rows."""
        if committed > next_offset:
            raise StopError(
                StopReason.ROWS_BEHIND,
                f"group {self.group} has the inputs before {committed}, but the rows in "
                f"{self.topics.lane_state} only know those before {next_offset}. If that topic "
                "was emptied, stop all curate workers and run `newsloom lanes rebuild`. If the "
                f"group's offset was moved, stop them and set it back to {next_offset}",
            )

    def _restore_reporter(self, partition: int) -> Callable[[float], None]:
        """A function that sets the metrics of a restore that starts now, given its progress."""
        began, lane = time.perf_counter(), str(partition)

        def report(ratio: float) -> None:
            self._metrics[RESTORE_PROGRESS].labels(lane).set(ratio)
            self._metrics[RESTORE_SECONDS].labels(lane).set(time.perf_counter() - began)

        return report


def _is_current(
    parked: PartitionProcessor | None, committed: int | None
) -> TypeGuard["CurateLane"]:
    """Whether no other worker has continued a parked lane.

    Pending work is committed without a new offset, so another worker may have done it.
    """
    if not isinstance(parked, CurateLane) or parked.is_pending:
        return False
    return parked.next_offset == committed


class CurateLane:
    """Curates one lane. Its records go to the partition of the same number."""

    stage = Stage.CURATE

    def __init__(
        self,
        topics: KafkaTopics,
        partition: int,
        letter_partition: int,
        lane: Lane,
        position: LanePosition,
        bugs: BugLimit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is in seconds from any start."""
        self.next_offset, self._group = position
        self._topics = topics
        self._partition = partition
        self._letter_partition = letter_partition
        self._lane = lane
        self._bugs = bugs
        self._clock = clock
        self._halted: StopError | None = None
        self._newer: NewerFormError | None = None
        self._uncommitted: dict[str, bytes | None] = {}
        """The lane's row after an upgrade, or with passed offsets, until it is committed."""

    @property
    def form(self) -> int:
        """The form in which the rows are written."""
        return self._lane.form

    @property
    def begun_to(self) -> int:
        """The next offset: no record begins before it is processed."""
        return self.next_offset

    def abandon(self) -> None:
        """Does nothing: no work has begun that is not processed."""

    def upgrade(self) -> None:
        """Writes the rows in the newest form, from the next transaction on."""
        self._uncommitted = self._lane.upgrade()

    def pass_over(self, offsets: int) -> None:
        """Accounts for offsets that nobody reads, in the next transaction."""
        self._uncommitted = self._lane.pass_over(offsets)

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """What the records make, then the rows; it stops when a transaction is full or takes long.

        It also stops before the record at which the limit on bugs is reached, and before one of a
        newer form; `halted` then says so. Call it again for the records from `next_offset` on,
        and while `is_pending`.
        """
        self._newer = None
        return self._transaction(self._steps(self._decode(records)))

    def _decode(self, records: Iterable[Incoming]) -> Iterator[tuple[Incoming, Enriched]]:
        for record in records:
            enriched = decode_arrival(record.value)
            if isinstance(enriched, NewerForm):
                self._newer = _newer(record, enriched.form)
                return
            yield record, enriched

    @property
    def is_pending(self) -> bool:
        """Whether work of the records before `next_offset` is left, or a row to commit."""
        return self._lane.is_pending or bool(self._uncommitted)

    @property
    def halted(self) -> StopError | NewerFormError | None:
        """The error of the limit on bugs, if a record reached it, or of one of a newer form."""
        return self._halted or self._newer

    def set_aside(self, record: Incoming, fault: Fault) -> list[Outgoing]:
        """The dead letter of a record that is not read, then the rows that count it."""
        return self._transaction(self._steps([(record, Enriched(fault))]))

    def _transaction(self, steps: Iterable[tuple[list[Outgoing], Result]]) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        rows, self._uncommitted = self._uncommitted, {}
        full_at = self._clock() + FULL_TRANSACTION_S
        for records, step in steps:
            outgoing += records
            rows.update(step.rows)
            if len(outgoing) + len(rows) >= FULL_TRANSACTION or self._clock() >= full_at:
                break
        return outgoing + self._rows(rows)

    def _steps(
        self, inputs: Iterable[tuple[Incoming, Enriched]]
    ) -> Iterator[tuple[list[Outgoing], Result]]:
        """The steps of the inputs, with the records to send. `next_offset` follows them."""
        for step in self._lane.continue_pending():
            if self._has_halted(step):
                return
            self._lane.count(step)
            self._report(step)
            yield self._records(step), step
        is_logged = record_logs.is_wanted()
        for record, enriched in inputs:
            began = time.perf_counter()
            for step in self._lane.curate(enriched):
                if self._has_halted(step):
                    return
                self._count(enriched, step)
                outgoing = self._records(step)
                self._report(step)
                if step.outcome is not None:
                    outgoing += self._letters(record, step)
                    self.next_offset = record.offset + 1
                    if is_logged:
                        record_logs.log_curated(record, step, time.perf_counter() - began)
                yield outgoing, step

    def note_commit(self) -> None:
        """Updates the metrics after a commit, the size of the lane included."""
        self._lane.note_commit()

    def _has_halted(self, step: Result) -> bool:
        """Whether the step reached the limit on bugs. Then it must not be committed."""
        if self._bugs.count(step.fault):
            self._halted = StopError(StopReason.HALTED, self._bugs.why)
        return self._halted is not None

    def _count(self, enriched: Enriched, step: Result) -> None:
        arrival = enriched.arrival
        if isinstance(arrival, ArticleArrival):
            return self._lane.count(step, arrived_at=arrival.arrived_at)
        is_input = arrival.is_counted if isinstance(arrival, WithdrawalArrival) else True
        return self._lane.count(step, is_input=is_input)

    def _report(self, step: Result) -> None:
        """Logs a bug in work that earlier records had left: there is no dead letter of it."""
        if step.fault is not None and step.outcome is None:
            place = f"{self._topics.enriched_articles}-{self._partition}@{self.next_offset}"
            record_logs.log_given_up(place, step.fault)

    def _records(self, step: Result) -> list[Outgoing]:
        outgoing = [self._publication(self._topics.curated_articles, r) for r in step.curated]
        return outgoing + [self._publication(self._topics.stories, r) for r in step.stories]

    def _letters(self, record: Incoming, step: Result) -> list[Outgoing]:
        if step.fault is None:
            return []
        topic, partition = self._topics.dead_letters, self._letter_partition
        return [dead_letter(topic, partition, record, step.fault, step.source)]

    def _publication(self, topic: str, publication: Publication) -> Outgoing:
        value = None if publication.is_withdrawal else publication.value
        return Outgoing(topic, self._partition, publication.id.encode(), value)

    def _rows(self, rows: Mapping[str, bytes | None]) -> list[Outgoing]:
        topic = self._topics.lane_state
        position = encode_position(LanePosition(self.next_offset, self._group))
        return [
            *(Outgoing(topic, self._partition, k.encode(), v) for k, v in rows.items()),
            Outgoing(topic, self._partition, POSITION_KEY, position),
        ]


def _newer(record: Incoming, form: int) -> NewerFormError:
    return NewerFormError(
        f"a newer release has written offset {record.offset} of {record.topic} partition "
        f"{record.partition} (form {form}, this release knows {FORMER_FORM} and {FORM}): "
        "update this worker"
    )
