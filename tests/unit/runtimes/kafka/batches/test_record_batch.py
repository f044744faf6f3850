"""Batches as clients write them, and batches that cannot be read.

written_batches.json holds what the Java client 4.3.1 and librdkafka 2 wrote with each codec.
"""

import base64
import json
import struct
from pathlib import Path

import pytest

from newsloom.runtimes.kafka.batches.record_batch import (
    LARGE_BYTES,
    MAX_HEADERS,
    MAX_UNPACKED_BYTES,
    RecordBatches,
)
from newsloom.runtimes.kafka.batches.unpacking import BatchError
from tests.support.memory import peak_bytes
from tests.support.record_batches import ATTRIBUTES_AT, PACK, TIMESTAMP, Written, make_batch, seal

WRITTEN = json.loads(Path(__file__).with_name("written_batches.json").read_text())
CODECS = sorted(set(PACK) - {"none"})


def read(data: bytes) -> list[Written]:
    """The records of all batches."""
    found, batches = [], RecordBatches(data)
    while batches.has_next():
        for record in batches.next_batch():
            names = [(name.encode(), value) for name, value in record.headers]
            found.append(Written(record.value, record.key, names))
    return found


def error_of(data: bytes) -> tuple[str, int | None]:
    """The message of the error in the first batch, and the offset after the batch."""
    batches = RecordBatches(data)
    with pytest.raises(BatchError) as raised:
        list(batches.next_batch())
    return str(raised.value), batches.next_offset


@pytest.mark.parametrize("writer", WRITTEN)
def test_batches_of_other_clients_are_read(writer: str) -> None:
    expected = []
    for number in range(40):
        value = f"value {number} ".encode() * (7000 if number == 3 else 20)
        key = None if number == 1 else f"key {number}".encode()
        headers = [(b"name", b"v"), (b"name", None), ("é".encode(), b"\xff")]
        expected.append(Written(None if number == 2 else value, key, headers))
    batches = RecordBatches(base64.b64decode(WRITTEN[writer]))
    assert batches.has_next()
    records = list(batches.next_batch())
    found = [Written(r.value, r.key, [(n.encode(), v) for n, v in r.headers]) for r in records]
    assert found == expected
    assert [r.offset for r in records] == list(range(40))
    assert [r.timestamp for r in records] == [1_700_000_000_000 + n for n in range(40)]
    assert not batches.has_next()


@pytest.mark.parametrize("codec", PACK)
def test_a_header_may_have_any_bytes_as_its_name(codec: str) -> None:
    records = [
        Written(b"1", b"k", [(b"a", b"b")]),
        Written(None, None, [(b"caf\xe9", b"\xff\0"), (b"", None), (b"caf\xe9", b"again")]),
        Written(b"", b"", []),
    ]
    batches = RecordBatches(make_batch(records, codec, base_offset=7))
    found = list(batches.next_batch())
    assert [(r.offset, r.timestamp, r.key, r.value) for r in found] == [
        (7, TIMESTAMP, b"k", b"1"),
        (8, TIMESTAMP, None, None),
        (9, TIMESTAMP, b"", b""),
    ]
    assert found[1].headers == [("caf\\xe9", b"\xff\0"), ("", None), ("caf\\xe9", b"again")]


def test_a_record_that_is_missing_after_an_odd_name_is_an_error() -> None:
    batch = bytearray(make_batch([Written(b"1", None, [(b"\xff", None)])]))
    struct.pack_into(">i", batch, 57, 2)  # the number of records
    assert error_of(seal(bytes(batch)))[0] == "has a record that is cut"
    batch[61] += 2  # the size of the record
    assert error_of(seal(bytes(batch)))[0] == "has a record that states a wrong length"


def test_an_empty_fetch_holds_no_batch() -> None:
    assert not RecordBatches(b"").has_next()


def test_a_batch_that_is_cut_is_left_for_the_next_fetch() -> None:
    one, two = make_batch([Written(b"1")]), make_batch([Written(b"2")], base_offset=1)
    for size in range(len(two)):
        assert read(one + two[:size]) == [Written(b"1", None, [])]


@pytest.mark.parametrize("codec", CODECS)
def test_as_many_bytes_as_the_limit_are_unpacked_and_no_more(codec: str) -> None:
    value = bytes(MAX_UNPACKED_BYTES - 13)  # the record's other fields have 13 bytes
    [record] = read(make_batch([Written(value)], codec))
    assert record.value == value
    too_large = make_batch([Written(value + b"\0")], codec, base_offset=5)
    assert error_of(too_large) == ("unpacks to more than 33,554,432 bytes", 6)


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_of_any_size_needs_no_more_memory_than_the_limit(codec: str) -> None:
    batch = make_batch([Written(bytes(4 * MAX_UNPACKED_BYTES))], codec)
    peak = peak_bytes(lambda: error_of(batch))
    assert peak < MAX_UNPACKED_BYTES + 8 * 1024 * 1024


def test_a_record_of_many_headers_is_not_read() -> None:
    few = [(b"", None)] * MAX_HEADERS
    many = [*few, (b"", None)]
    large = bytes(LARGE_BYTES)
    assert len(read(make_batch([Written(large, None, few)], "zstd"))[0].headers) == MAX_HEADERS
    assert error_of(make_batch([Written(large, None, many)], "zstd")) == (
        "has a record with 100,001 headers, more than 100,000",
        1,
    )
    # What no packing makes small is read.
    assert len(read(make_batch([Written(None, None, many)]))[0].headers) == MAX_HEADERS + 1


def test_a_damaged_batch_is_an_error_that_knows_where_it_ends() -> None:
    batch = make_batch([Written(b"1"), Written(b"2")], base_offset=5)
    checksum = "has a wrong checksum: a disk or a network has damaged it"
    assert error_of(_flipped(batch, len(batch) - 3)) == (checksum, 7)
    assert error_of(_flipped(batch, 60)) == (checksum, None)  # the number of records
    assert error_of(_flipped(batch, 26)) == (checksum, None)  # the last offset
    length = "states a wrong length: a disk or a network has damaged it"
    assert error_of(_flipped(batch, 8)) == (length, 7)
    assert error_of(_flipped(batch, 9)) == (length, 7)
    assert error_of(_flipped(batch, 16))[1] is None  # the format
    assert error_of(batch[:40]) == ("is cut", None)
    assert error_of(b"\0") == ("is cut", None)


def _flipped(batch: bytes, at: int) -> bytes:
    return batch[:at] + bytes([batch[at] ^ 0x80]) + batch[at + 1 :]


def test_unknown_formats_and_codecs_are_errors() -> None:
    batch = bytearray(make_batch([Written(b"1")]))
    batch[16] = 1
    assert error_of(bytes(batch))[0] == "has format 1; only 2, since Kafka 0.11, can be read"
    batch[16] = 3
    assert error_of(bytes(batch))[0] == "has format 3; only 2, since Kafka 0.11, can be read"
    batch[16] = 2
    struct.pack_into(">h", batch, ATTRIBUTES_AT, 5)
    assert error_of(seal(bytes(batch))) == ("is packed with the unknown codec 5", 1)


@pytest.mark.parametrize("codec", CODECS)
def test_data_that_do_not_unpack_are_an_error(codec: str) -> None:
    number, pack = PACK[codec]
    head = bytearray(make_batch([Written(b"1")])[:61])
    struct.pack_into(">h", head, ATTRIBUTES_AT, number)
    packed = pack(b"some bytes that are to be packed" * 20)
    for body in (packed[:-1], b"", packed[: len(packed) // 2]):
        assert error_of(seal(bytes(head) + body))[1] == 1
