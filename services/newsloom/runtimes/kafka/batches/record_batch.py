"""Splits what a broker sent into record batches, and reads the records of each.

In: the bytes of a fetch. Out: batches with the attributes that aiokafka's fetcher uses, and their
records. At most MAX_UNPACKED_BYTES of a batch are unpacked. If a batch cannot be read, the error is
a BatchError or one of aiokafka.

The format: https://kafka.apache.org/documentation/#messageformat
"""

import struct
from collections.abc import Iterator

import numpy as np
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatch
from aiokafka.record.util import decode_varint

from newsloom.runtimes.kafka.batches.unpacking import BatchError, unpack
from newsloom.runtimes.kafka.topics.definitions import ARTICLE_EVENTS, DEAD_LETTERS

MAX_UNPACKED_BYTES = 16 * ARTICLE_EVENTS.max_bytes
"""32 MiB: a batch of the most bytes that a crawler can send may be packed to a sixteenth."""
MAX_HEADERS = 100_000
"""For a record of more than LARGE_BYTES. A header may have two bytes, and takes 60 of memory."""
LARGE_BYTES = DEAD_LETTERS.max_bytes
"""Only a packed batch can be larger."""

_PREFIX = struct.Struct(">qi")
"""The base offset, and the number of bytes after these fields."""
_MAGIC_AT = 16
_HEAD = struct.Struct(">qiibIhiqqqhii")
"""The fields before the records."""
_ATTRIBUTES, _LAST_DELTA, _BASE_TIME, _MAX_TIME, _PRODUCER, _COUNT = 5, 6, 7, 8, 9, 12
"""The places of some of these fields."""
_COMPRESSION, _LOG_APPEND_TIME = 0x07, 0x08
_SLACK_BYTES = 16
"""aiokafka reads a number to its end before it checks that the end is in the batch."""


class RecordBatches:
    """The batches of one fetch, in order, instead of aiokafka's MemoryRecords.

    If the last batch is cut, it is left for the next fetch.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0
        self.next_offset: int | None = None
        """The offset after the batch that was asked for last, also if it cannot be read; None if it
        is so damaged that this is unknown."""

    def size_in_bytes(self) -> int:
        """The size of the fetch."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether `next_batch` gives a batch, or says why it cannot be read."""
        left = len(self._data) - self._at
        if self._at == 0:  # A broker sends no first batch that is cut: such a one is damaged.
            return left > 0
        return left >= _PREFIX.size and left >= self._size()

    def _size(self) -> int:
        """The size that the next batch states."""
        length: int = _PREFIX.unpack_from(self._data, self._at)[1]
        return _PREFIX.size + length

    def next_batch(self) -> "RecordBatch":
        """The next batch. Raises BatchError if it is damaged."""
        self.next_offset = None
        data = self._data[self._at :]
        if len(data) < _HEAD.size:
            raise BatchError("is cut")
        if data[_MAGIC_AT] != 2:
            raise BatchError(f"has format {data[_MAGIC_AT]}; only 2, since Kafka 0.11, can be read")
        self.next_offset = _stated_end(data)
        size = self._size()
        if not _HEAD.size <= size <= len(data):
            raise BatchError("states a wrong length: a disk or a network has damaged it")
        batch = RecordBatch(data[:size])
        if not batch.validate_crc():
            raise BatchError("has a wrong checksum: a disk or a network has damaged it")
        self._at += size
        self.next_offset = batch.next_offset
        return batch


def _stated_end(data: memoryview) -> int | None:
    """The offset after a batch that may be damaged, if two of its fields agree on it."""
    fields = _HEAD.unpack_from(data)
    count: int = fields[_COUNT]
    return fields[0] + count if 0 < count == fields[_LAST_DELTA] + 1 else None


class RecordBatch:
    """One batch."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._fields = _HEAD.unpack_from(data)
        self._batch = DefaultRecordBatch(data)
        self.base_offset: int = self._fields[0]
        self.next_offset: int = self.base_offset + self._fields[_LAST_DELTA] + 1
        self.producer_id: int = self._fields[_PRODUCER]
        self.is_control_batch: bool = self._batch.is_control_batch
        self.is_transactional: bool = self._batch.is_transactional

    def validate_crc(self) -> bool:
        """Whether the checksum is right."""
        is_right: bool = self._batch.validate_crc()
        return is_right

    def __next__(self) -> DefaultRecord:
        """The first record of a control batch, which is never packed."""
        return next(self._batch)

    def __iter__(self) -> Iterator[DefaultRecord]:
        """The records. Raises an error before a record that cannot be read."""
        data = self._unpacked() if self._fields[_ATTRIBUTES] & _COMPRESSION else self._data
        if len(data) > LARGE_BYTES:
            _require_few_headers(data)
        count = 0
        try:
            for record in DefaultRecordBatch(data):
                yield record
                count += 1
        except UnicodeDecodeError:
            yield from _read_any_names(data, count)

    def _unpacked(self) -> memoryview:
        """The batch as if it were not packed, except for its length and checksum."""
        # Memory that nothing is written to is not occupied.
        memory = np.empty(_HEAD.size + MAX_UNPACKED_BYTES + _SLACK_BYTES, np.uint8).data
        fields = list(self._fields)
        codec = fields[_ATTRIBUTES] & _COMPRESSION
        fields[_ATTRIBUTES] -= codec
        _HEAD.pack_into(memory, 0, *fields)
        room = memory[_HEAD.size : _HEAD.size + MAX_UNPACKED_BYTES]
        return memory[: _HEAD.size + unpack(codec, self._data[_HEAD.size :], room)]


def _require_few_headers(data: memoryview) -> None:
    records = _Fields(data, _HEAD.size)
    while records.at < len(data):
        size = records.number()
        if size > LARGE_BYTES:
            record = _Fields(data, records.at)
            for _ in ("attributes", "timestamp", "offset"):
                record.number()
            for _ in ("key", "value"):
                record.skip(record.number())
            if (count := record.number()) > MAX_HEADERS:
                raise BatchError(f"has a record with {count:,} headers, more than {MAX_HEADERS:,}")
        records.skip(size)


def _read_any_names(data: memoryview, begin: int) -> Iterator[DefaultRecord]:
    """The records from number `begin` on, whose headers may have names that are not UTF-8.

    In aiokafka a name is text: each byte of it that is not UTF-8 becomes a text such as `\\xe9`.
    """
    fields, records = _HEAD.unpack_from(data), _Fields(data, _HEAD.size)
    for number in range(fields[_COUNT]):
        size = records.number()
        end = records.at + size
        if number >= begin:
            record = _Fields(data, records.at)
            read = _read_record(record, fields)
            if record.at != end:
                raise BatchError("has a record that states a wrong length")
            yield read
        records.at = end


def _read_record(record: "_Fields", fields: tuple[int, ...]) -> DefaultRecord:
    record.number()  # attributes: none are defined
    delta, offset = record.number(), fields[0] + record.number()
    is_append_time = bool(fields[_ATTRIBUTES] & _LOG_APPEND_TIME)
    timestamp = fields[_MAX_TIME] if is_append_time else fields[_BASE_TIME] + delta
    key, value = record.text(), record.text()
    headers = [(record.name(), record.text()) for _ in range(record.number())]
    return DefaultRecord(offset, timestamp, is_append_time, key, value, headers)


class _Fields:
    """Reads the fields of a record one after the other."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data = data
        self.at = at

    def number(self) -> int:
        """The next number."""
        if self.at >= len(self._data):
            raise BatchError("has a record that is cut")
        value: int
        value, self.at = decode_varint(self._data, self.at)
        return value

    def skip(self, size: int) -> None:
        """Goes on `size` bytes later, or here if it is negative, which means null."""
        self.at += max(size, 0)

    def text(self) -> bytes | None:
        """The next bytes, after their size."""
        size, begin = self.number(), self.at
        self.skip(size)
        if self.at > len(self._data):
            raise BatchError("has a record that is cut")
        return None if size < 0 else bytes(self._data[begin : self.at])

    def name(self) -> str:
        """The next bytes as text."""
        return (self.text() or b"").decode("utf-8", "backslashreplace")
