"""What the hook into aiokafka gives of a fetch: records, then perhaps an error as the last item."""

import asyncio
import inspect
from collections import OrderedDict
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import consumer, fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED

from newsloom.runtimes.kafka.batches.reading import (
    MAX_POLLED_BYTES,
    BoundedFetcher,
    ReadableRecords,
    UnreadableBatchError,
    install,
    require_readable,
    split_unreadable,
)
from newsloom.runtimes.kafka.batches.record_batch import RecordBatches
from tests.support.record_batches import Written, make_batch, seal

PARTITION, OTHER, FURTHER = (TopicPartition("events", number) for number in (3, 4, 5))


class Assigned:
    """The state of a partition in aiokafka, and of an assignment that holds only this partition."""

    active = True
    paused = False

    def __init__(self, position: int) -> None:
        self.position = position

    def state_value(self, _: TopicPartition) -> "Assigned":
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


class Fetched(BoundedFetcher):
    """A fetcher to which the broker has sent something for each partition."""

    def __init__(self, sent: dict[TopicPartition, tuple[int, bytes]]) -> None:
        self._subscriptions = SimpleNamespace(reassignment_in_progress=False)
        self._records = OrderedDict()
        self._wait_consume_future = None
        self.states = {partition: Assigned(offset) for partition, (offset, _) in sent.items()}
        for partition, (offset, data) in sent.items():
            records = ReadableRecords(
                partition, RecordBatches(data), [], offset, None, None, True, READ_COMMITTED
            )
            self._records[partition] = fetcher.FetchResult(
                partition,
                assignment=self.states[partition],
                partition_records=records,
                backoff=0,
            )

    def poll(self, most: int = 1_000) -> dict[TopicPartition, list[Any]]:
        polled: dict[TopicPartition, list[Any]] = asyncio.run(self.fetched_records([], 0, most))
        return polled


def fetch(data: bytes, offset: int) -> tuple[list[Any], int]:
    """What a poll gives of a fetch from `offset` on, and where the next fetch begins."""
    fetched = Fetched({PARTITION: (offset, data)})
    return fetched.poll().get(PARTITION, []), fetched.states[PARTITION].position


def damaged(batch: bytes) -> bytes:
    return batch[:-1] + bytes([batch[-1] ^ 1])


def test_the_records_before_a_damaged_batch_are_given_and_then_the_error() -> None:
    good = make_batch([Written(b"1"), Written(b"2")])
    bad = damaged(make_batch([Written(b"3"), Written(b"4")], base_offset=2))
    last = make_batch([Written(b"5")], base_offset=4)
    given, position = fetch(good + bad + last, 0)
    assert ([record.value for record in given], position) == ([b"1", b"2"], 2)
    for data in (bad + last, bad):
        [error], position = fetch(data, 2)
        assert position == 2
        assert (error.partition, error.offset, error.next_offset) == (PARTITION, 2, 4)
        assert str(error) == (
            "events partition 3: the batch at offsets 2 to 3 has a wrong checksum: a disk or a "
            "network has damaged it; to go on after it, run `newsloom resume --from 4 --partition "
            "3` with --stage"
        )
    assert [record.value for record in fetch(last, 4)[0]] == [b"5"]


def test_the_records_before_a_damaged_record_are_given() -> None:
    batch = bytearray(make_batch([Written(b"1"), Written(b"22"), Written(b"3")]))
    at = bytes(batch).index(b"22")
    batch[at - 1] = 0x7E  # the size of the value
    given, position = fetch(seal(bytes(batch)), 0)
    assert ([record.value for record in given], position) == ([b"1"], 1)
    [error], position = fetch(seal(bytes(batch)), 1)
    assert (error.offset, error.next_offset, position) == (1, 3, 1)
    assert "the batch at offsets 1 to 2 is damaged inside (CorruptRecord" in str(error)
    assert "\n" not in str(error)


def test_a_poll_ends_after_many_bytes_and_the_next_goes_on_there() -> None:
    value = bytes(MAX_POLLED_BYTES // 4 - 50)
    data = make_batch([Written(value)] * 6, "zstd")
    offsets, at = [], 0
    while at < 6:
        given, at = fetch(data, at)
        offsets.append([record.offset for record in given])
    assert offsets == [[0, 1, 2, 3, 4], [5]]
    many = Written(None, None, [(b"", None)] * 100_000)
    given, at = fetch(make_batch([many] * 4), 0)
    assert (len(given), at) == (2, 2)


def test_the_limit_of_a_poll_holds_for_all_partitions_together() -> None:
    large = make_batch([Written(bytes(MAX_POLLED_BYTES + 1)), Written(b"1")], "zstd")
    small = make_batch([Written(b"1"), Written(b"2"), Written(b"3")])
    fetched = Fetched({PARTITION: (0, small), OTHER: (0, large), FURTHER: (0, small)})
    counts = {tp: len(records) for tp, records in fetched.poll().items()}
    assert counts == {PARTITION: 3, OTHER: 1}
    assert [state.position for state in fetched.states.values()] == [3, 1, 0]
    # A poll of few records leaves the others to the next poll, with a new limit.
    fetched = Fetched({PARTITION: (0, small), OTHER: (0, large)})
    assert fetched.poll(2)[PARTITION][-1].offset == 1
    assert {tp: len(records) for tp, records in fetched.poll().items()} == {PARTITION: 1, OTHER: 1}


def test_one_partition_that_cannot_be_read_does_not_hide_the_others() -> None:
    error = UnreadableBatchError(PARTITION, 7, None, "is cut")
    polled: dict[Any, list[Any]] = {
        PARTITION: ["a", error],
        OTHER: ["b"],
        TopicPartition("events", 5): [error],
    }
    assert split_unreadable(polled) == ({PARTITION: ["a"], OTHER: ["b"]}, [error, error])
    assert split_unreadable({PARTITION: [], OTHER: ["b"]}) == ({OTHER: ["b"]}, [])
    read = require_readable(["a", error], "use {next}")
    assert next(read) == "a"
    with pytest.raises(UnreadableBatchError, match=r"the batch at offset 7 is cut; use OFFSET$"):
        next(read)


def test_aiokafka_uses_the_classes_that_are_replaced() -> None:
    install()
    assert "self._fetcher = Fetcher(" in inspect.getsource(consumer.AIOKafkaConsumer.start)
    polling = inspect.getsource(consumer.AIOKafkaConsumer.getmany)
    assert "self._fetcher.fetched_records(" in polling
    fetching = inspect.getsource(fetcher.Fetcher._proc_fetch_request)
    assert "records = MemoryRecords(part_data[-1])" in fetching
    assert "partition_records = PartitionRecords(" in fetching
    assert (consumer.Fetcher, fetcher.MemoryRecords) == (BoundedFetcher, RecordBatches)
    assert fetcher.PartitionRecords is ReadableRecords
