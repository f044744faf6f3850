"""The interfaces of a worker's processing: a processor, and a partition processor per partition.

In: the records of an input partition, batch by batch. Out: the records to send. A processor neither
commits nor decides which partitions it gets.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from newsloom.adapters.failures import NewerFormError, OutageError
from newsloom.records.faults import Fault, Stage
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing
from newsloom.runtimes.kafka.topics.definitions import KafkaTopic, KafkaTopics
from newsloom.runtimes.kafka.topics.differences import FoundTopic, unsafe_differences
from newsloom.runtimes.stops import StopError


class PartitionProcessor(Protocol):
    """The work on one input partition, in the order of its offsets."""

    next_offset: int
    """The first input offset that is not processed. Records before it are skipped. The owner of
    the partition may set it between two batches."""
    stage: Stage
    """The stage that a record is in which ends the process."""

    @property
    def begun_to(self) -> int:
        """The first input offset whose work has not begun. What has begun and is not processed
        must be passed to `process` again, before what has not begun."""

    @property
    def form(self) -> int:
        """The form of its lane's rows, which is committed beside the offset; 0 without a lane."""

    @property
    def halted(self) -> StopError | NewerFormError | None:
        """Why the last call of `process` stopped before its last record; None if it did not."""

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """What the records make, until a transaction is full: `next_offset` says how far it came.

        It may come less far than `begun_to`. The caller commits it, or ends the process. Without
        records it is what `is_pending`, and the rows that say how far it came.
        """

    def abandon(self) -> None:
        """Ends the work that has begun and is not processed."""

    def pass_over(self, offsets: int) -> None:
        """Accounts for offsets that nobody reads; what that makes is in the next transaction."""

    @property
    def is_pending(self) -> bool:
        """Whether work of the records before `next_offset` is left for further transactions."""

    def set_aside(self, record: Incoming, fault: Fault) -> list[Outgoing]:
        """The records for an input that becomes a dead letter without being read."""

    def note_commit(self) -> None:
        """Updates the metrics after a commit, or after a restore."""


class Processor(Protocol):
    """What one kind of worker does: enrich or curate."""

    group: str
    former_group: str
    """The name that the group had in the former release."""
    input_topic: str
    topics: KafkaTopics

    @property
    def access(self) -> Mapping[str, frozenset[str]]:
        """The operations that it does on each topic, as Kafka's access lists name them."""

    def check(self, found: Mapping[str, FoundTopic]) -> None:
        """Raises OutageError if the topics found on the broker are not as needed."""

    async def open(
        self, partition: int, committed: int | None, parked: PartitionProcessor | None
    ) -> PartitionProcessor:
        """The processor of a partition at its last commit. Fence the former owner first.

        `committed` is the offset that the group had reached, None if there is none. `parked` is the
        processor that this process had for the partition before a rebalance. Raises StopError or
        NewerFormError if the partition cannot be processed.
        """

    def resume(self) -> None:
        """Begins to count bugs at 0: an operator has resumed a halted partition."""


READ = frozenset({"Read", "DescribeConfigs"})
WRITE = frozenset({"Write", "DescribeConfigs"})
"""The operations on a topic that is read or written, and checked at the start."""


def require_safe(
    topics: KafkaTopics, used: Collection[KafkaTopic], lanes: int, found: Mapping[str, FoundTopic]
) -> None:
    """Raises OutageError if a topic is missing, or differs so that a worker would lose state."""
    missing = [topics.name(topic) for topic in used if topics.name(topic) not in found]
    if missing:
        raise OutageError(f"there is no topic {', '.join(missing)}: run `newsloom topics create`")
    unsafe = unsafe_differences(topics, used, lanes, found)
    if unsafe:
        raise OutageError("; ".join(map(str, unsafe)))
