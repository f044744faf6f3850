"""The hook into aiokafka: its consumers read batches with our code, and give errors as values.

aiokafka would drop the records of other partitions when a batch cannot be read, would unpack
without limit, and cannot read a header whose name is not UTF-8. `install` puts three classes in
place of its own. Its version is pinned, and a contract test checks what this module relies on.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.consumer import consumer, fetcher

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.batches.record_batch import RecordBatches
from newsloom.runtimes.kafka.batches.unpacking import BatchError

MAX_POLLED_BYTES = 16 * 1024 * 1024
"""A poll gives no further record after so many bytes of all partitions together."""
HEADER_BYTES = 100
"""What a header counts for, besides its name and value."""

STEP_OVER = (
    "to go on after it, run `newsloom resume --from {next} --partition {partition}` with --stage"
)

Record = TypeVar("Record")


class UnreadableBatchError(OutageError):
    """A batch cannot be read. It is the last item of the records that a poll gives of a partition.

    A poll gives it again and again, until the consumer seeks or pauses the partition.
    """

    def __init__(
        self,
        partition: TopicPartition,
        offset: int,
        next_offset: int | None,
        cause: str,
        mend: str = STEP_OVER,
    ) -> None:
        """In `mend`, `{next}` is replaced by `next_offset`, and `{partition}` by the number."""
        after = "OFFSET" if next_offset is None else str(next_offset)
        last = offset if next_offset is None else next_offset - 1
        offsets = f"offsets {offset} to {last}" if last > offset else f"offset {offset}"
        super().__init__(
            f"{partition.topic} partition {partition.partition}: the batch at {offsets} {cause}; "
            f"{mend.format(next=after, partition=partition.partition)}"
        )
        self.partition = partition
        self.offset = offset
        """The first offset that cannot be read."""
        self.next_offset = next_offset
        """The offset after the batch; None if it is unknown."""
        self.cause = cause

    def with_mend(self, mend: str) -> "UnreadableBatchError":
        """The same error for a reader with another mend."""
        return UnreadableBatchError(self.partition, self.offset, self.next_offset, self.cause, mend)


_polled_bytes: ContextVar[list[float]] = ContextVar("polled_bytes")
"""How much the present poll has given: one number."""
_NO_POLL = [-math.inf]
"""For records that are read one by one."""


class BoundedFetcher(fetcher.Fetcher):  # type: ignore[misc]
    """A fetcher whose polls end after MAX_POLLED_BYTES."""

    async def fetched_records(self, *args: Any, **kwargs: Any) -> Any:
        """The records of a poll by partition."""
        _polled_bytes.set([0])
        return await super().fetched_records(*args, **kwargs)


class ReadableRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of a fetch, then perhaps an UnreadableBatchError.

    It ends at the end of a poll, and before that error if it gave any record. The next fetch then
    begins there.
    """

    def _unpack_records(self) -> Iterator[Any]:
        begin = self.next_fetch_offset
        if _polled_bytes.get(_NO_POLL)[0] >= MAX_POLLED_BYTES:
            return
        try:
            for record in super()._unpack_records():
                polled = _polled_bytes.get(_NO_POLL)
                polled[0] += record.serialized_key_size + record.serialized_value_size
                if record.headers:
                    polled[0] += sum(map(_header_size, record.headers))
                yield record
                if polled[0] >= MAX_POLLED_BYTES and polled is _polled_bytes.get(_NO_POLL):
                    return
        except Exception as error:
            if self.next_fetch_offset == begin:
                is_said = isinstance(error, BatchError)
                cause = str(error) if is_said else f"is damaged inside ({error!r})"
                yield UnreadableBatchError(self._tp, begin, self._records.next_offset, cause)


def _header_size(header: tuple[str, bytes | None]) -> int:
    name, value = header
    return HEADER_BYTES + len(name) + len(value or b"")


def install() -> None:
    """Makes all consumers of this process read as this module says."""
    consumer.Fetcher = BoundedFetcher
    fetcher.MemoryRecords = RecordBatches
    fetcher.PartitionRecords = ReadableRecords


def split_unreadable(
    polled: Mapping[TopicPartition, list[Any]],
) -> tuple[dict[TopicPartition, list[Any]], list[UnreadableBatchError]]:
    """The records of a poll, without partitions that have none, and the errors in it."""
    read, errors = {}, []
    for partition, records in polled.items():
        if records and isinstance(records[-1], UnreadableBatchError):
            *records, error = records
            errors.append(error)
        if records:
            read[partition] = records
    return read, errors


def require_readable(records: Iterable[Record], mend: str) -> Iterator[Record]:
    """The records that a poll gave of a partition. Raises the error that follows them."""
    for record in records:
        if isinstance(record, UnreadableBatchError):
            raise record.with_mend(mend)
        yield record
