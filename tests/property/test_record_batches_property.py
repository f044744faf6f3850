"""Any records in any codec are read as they were written, and any damage is an error."""

import contextlib
from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsloom.runtimes.kafka.batches.record_batch import RecordBatches
from newsloom.runtimes.kafka.batches.unpacking import BatchError, unpack
from tests.support.record_batches import PACK, Written, make_batch, seal

CODECS = st.sampled_from(sorted(PACK))
PACKED = st.sampled_from(sorted(set(PACK) - {"none"}))
TEXT = st.none() | st.binary(max_size=40)
RECORDS = st.lists(
    st.builds(Written, TEXT, TEXT, st.lists(st.tuples(st.binary(max_size=9), TEXT), max_size=4)),
    min_size=1,
    max_size=8,
)


def read(data: bytes) -> list[Any]:
    batches = RecordBatches(data)
    found: list[Any] = []
    while batches.has_next():
        found += batches.next_batch()
    return found


@given(st.lists(st.tuples(RECORDS, CODECS), max_size=3))
def test_records_are_read_as_they_were_written(written: list[tuple[list[Written], str]]) -> None:
    data, expected = b"", list[Written]()
    for records, codec in written:
        data += make_batch(records, codec, len(expected))
        expected += records
    found = read(data)
    assert [record.offset for record in found] == list(range(len(expected)))
    for record, original in zip(found, expected, strict=True):
        assert (record.key, record.value) == (original.key, original.value)
        names = [name.decode("utf-8", "backslashreplace") for name, _ in original.headers]
        values = [value for _, value in original.headers]
        assert record.headers == list(zip(names, values, strict=True))


@given(RECORDS, CODECS, st.data())
def test_any_damaged_byte_is_found(records: list[Written], codec: str, data: Any) -> None:
    batch = make_batch(records, codec)
    # The checksum covers neither the first offset nor the epoch of the leader.
    at = data.draw(st.integers(8, 11) | st.integers(16, len(batch) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BatchError):
        read(batch[:at] + bytes([batch[at] ^ bit]) + batch[at + 1 :])


@given(RECORDS, PACKED, st.binary(max_size=30), st.data())
@settings(max_examples=200)
def test_what_a_producer_packs_wrongly_is_an_error_or_records(
    records: list[Written], codec: str, noise: bytes, data: Any
) -> None:
    batch = make_batch(records, codec)
    at = data.draw(st.integers(61, len(batch)))
    length = data.draw(st.integers(0, len(batch) - at))
    with contextlib.suppress(
        BatchError, CorruptRecordException, OverflowError, MemoryError, ValueError
    ):
        read(seal(batch[:at] + noise + batch[at + length :]))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_or_no_batch(data: bytes) -> None:
    with contextlib.suppress(BatchError):
        assert read(data) == []


@given(PACKED, st.binary(max_size=3_000), st.integers(0, 200), st.integers(0, 4_000))
@example("xerial", b"", 0, 0)
def test_nothing_is_unpacked_that_does_not_fit(
    codec: str, text: bytes, repeated: int, room: int
) -> None:
    number, pack = PACK[codec]
    data, memory = text * repeated, bytearray(room + 1)
    memory[room] = 0xA5
    view, packed = memoryview(memory)[:room], memoryview(pack(data))
    if len(data) > room:
        with pytest.raises(BatchError, match=f"^unpacks to more than {room:,} bytes$"):
            unpack(number, packed, view)
    else:
        assert unpack(number, packed, view) == len(data)
        assert memory[: len(data)] == data
    assert memory[room] == 0xA5


@given(st.integers(1, 4), st.binary(max_size=300), st.integers(0, 1_000))
def test_any_bytes_unpack_or_are_an_error(codec: int, packed: bytes, room: int) -> None:
    with contextlib.suppress(BatchError):
        assert unpack(codec, memoryview(packed), memoryview(bytearray(room))) <= room
