"""What the two stages have in common, and all that a worker knows of them.

In: the records of an input partition, batch by batch. Out: the records that follow. A stage
neither commits nor decides who owns what.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from newsloom.adapters.failures import OutageError
from newsloom.records.faults import Fault, Reason
from newsloom.runtimes.kafka.clients.admin import FoundTopic
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing
from newsloom.runtimes.kafka.topics.definitions import KafkaTopic, KafkaTopics

MAX_INTERNAL_ERRORS = 20
"""So many bugs in one process mean a bad release: better to halt than to drain the input."""


class PartitionProcessor(Protocol):
    """The work on one input partition, in its order."""

    next_offset: int
    """The first input offset that is not in it yet. Inputs before it are passed over."""

    async def process(self, records: Sequence[Incoming]) -> list[Outgoing]:
        """What a batch makes. To be committed, or the process ended."""

    def note_commit(self) -> None:
        """Tells, in metrics, of what is committed by now: the last batch, or what was restored."""


class Processor(Protocol):
    """Enrich or curate."""

    group: str
    input_topic: str

    topics: KafkaTopics

    def check(self, found: Mapping[str, FoundTopic]) -> None:
        """Raises OutageError if the topics that were found are not as needed."""

    async def open(self, partition: int, parked: PartitionProcessor | None) -> PartitionProcessor:
        """The lane of an input partition, up to the last commit. Its former owner is fenced.

        `parked` is what this process had of it before a rebalance.
        """


class BugCounter:
    """Ends a process that meets one bug after another."""

    def __init__(self) -> None:
        self._met = 0

    def note(self, fault: Fault) -> None:
        """Counts a bug. Raises OutageError at the last one that is borne: its batch is undone."""
        self._met += fault.reason is Reason.INTERNAL_ERROR
        if self._met >= MAX_INTERNAL_ERRORS:
            raise OutageError(
                f"{MAX_INTERNAL_ERRORS} records failed for a bug of ours (the last: "
                f"{fault.detail}); those committed are in the dead letters. Please report it"
            )


def require_topics(found: Mapping[str, FoundTopic], *names: str) -> None:
    """Raises OutageError unless all those topics are there."""
    missing = [name for name in names if name not in found]
    if missing:
        raise OutageError(f"there is no topic {', '.join(missing)}: run `newsloom topics create`")


def require_room(
    found: Mapping[str, FoundTopic], topics: KafkaTopics, *written: KafkaTopic
) -> None:
    """Raises OutageError unless those topics take records as large as a worker may write.

    One that is refused amid a transaction would end the worker, and the next, and the next.
    """
    for topic in written:
        name = topics.name(topic)
        most = int(found[name].configs["max.message.bytes"])
        if most < topic.max_bytes:
            raise OutageError(
                f"{name} takes records of {most:,} bytes at most (max.message.bytes), and "
                f"{topic.max_bytes:,} may be needed: see `newsloom topics check`"
            )


def require_lanes(found: Mapping[str, FoundTopic], lanes: int, *names: str) -> None:
    """Raises OutageError unless all those topics have a partition for each lane, and no other."""
    counts = {name: found[name].partitions for name in names}
    odd = [f"{name} has {count}" for name, count in counts.items() if count != lanes]
    if odd:
        raise OutageError(
            f"{', '.join(odd)} partitions, but NEWSLOOM_KAFKA_LANES makes {lanes} "
            f"lane{'s' if lanes > 1 else ''}: set it to the table that the topics were created "
            "for, or see `newsloom topics check`"
        )
