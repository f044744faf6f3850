"""Record batches made by hand, which hold what no client would let a caller write.

In: records, with any bytes as names of headers, and a codec. Out: a batch as a client sends it, and
its way to a broker. It shares no code with Newsloom.
"""

import asyncio
import gzip
import struct
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cramjam
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c

XERIAL = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
XERIAL_BLOCK = 32 * 1024
TIMESTAMP = int(time.time() * 1000)
"""Of all records. A broker soon deletes records that are older than their topic keeps them."""
CRC_AT, ATTRIBUTES_AT = 17, 21


class Written(NamedTuple):
    """A record to write."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()


def xerial(data: bytes) -> bytes:
    """Snappy data in the frame of Java clients."""
    blocks = (data[at : at + XERIAL_BLOCK] for at in range(0, len(data), XERIAL_BLOCK))
    packed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
    return XERIAL + b"".join(struct.pack(">i", len(block)) + block for block in packed)


def lz4(data: bytes) -> bytes:
    """LZ4 data whose blocks can be unpacked one by one, as brokers require."""
    compressor = cramjam.lz4.Compressor(block_linked=False)
    compressor.compress(data)
    return bytes(compressor.finish())


PACK: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (0, bytes),
    "gzip": (1, lambda data: gzip.compress(data, 6)),
    "snappy": (2, lambda data: bytes(cramjam.snappy.compress_raw(data))),
    "xerial": (2, xerial),
    "lz4": (3, lz4),
    "zstd": (4, lambda data: bytes(cramjam.zstd.compress(data))),
}
"""The number of each codec, and how it packs."""


def make_batch(records: Sequence[Written], codec: str = "none", base_offset: int = 0) -> bytes:
    """A batch of format 2."""
    number, pack = PACK[codec]
    body = b"".join(_record(record, offset) for offset, record in enumerate(records))
    count = len(records)
    return seal(
        struct.pack(
            ">qiibIhiqqqhii",
            base_offset, 0, -1, 2, 0, number, count - 1, TIMESTAMP, TIMESTAMP, -1, -1, -1, count,
        )
        + pack(body)
    )  # fmt: skip


def seal(batch: bytes) -> bytes:
    """The batch with the right length and checksum."""
    sealed = bytearray(batch)
    struct.pack_into(">i", sealed, 8, len(sealed) - 12)
    struct.pack_into(">I", sealed, CRC_AT, calc_crc32c(bytes(sealed[ATTRIBUTES_AT:])))
    return bytes(sealed)


def _record(record: Written, offset: int) -> bytes:
    headers = b"".join(_text(name) + _text(value) for name, value in record.headers)
    body = b"\0\0" + _number(offset) + _text(record.key) + _text(record.value)
    return _text(body + _number(len(record.headers)) + headers)


def _text(data: bytes | None) -> bytes:
    return _number(-1) if data is None else _number(len(data)) + data


def _number(value: int) -> bytes:
    rest, out = (value << 1) ^ (value >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def send_batch(servers: str, topic: str, partition: int, batch: bytes) -> None:
    """Writes a batch as it is. Raises the broker's error if it refuses it."""
    asyncio.run(_send(servers, topic, partition, batch))


async def _send(servers: str, topic: str, partition: int, batch: bytes) -> None:
    client = AIOKafkaClient(bootstrap_servers=servers)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        await client.force_metadata_update()
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        topics = [(topic, [(partition, batch)])]
        request = ProduceRequest(None, -1, 10_000, topics)
        answer = await client.send(leader, request)
        error = answer.topics[0][1][0][1]
        if error:
            raise for_code(error)(f"{topic}-{partition}")
    finally:
        await client.close()
