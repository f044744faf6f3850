"""What a person is told when no broker answers: what happens at each address."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka.protocol.admin import ApiVersionResponse_v0
from aiokafka.protocol.metadata import MetadataResponse_v0

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.kafka.clients.admin import open_admin

API_VERSIONS, METADATA = 18, 3
UNKNOWN = "kafka.invalid:9092"
Answer = Callable[[int], bytes | None]
"""The answer to a request of a kind; None closes the connection."""


def _closed_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


@asynccontextmanager
async def _serving(answer: Answer) -> AsyncIterator[str]:
    """A server that reads requests as a broker does; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                kind, _, correlation = struct.unpack(">hhi", request[:8])
                found = answer(kind)
                if found is None:
                    break
                body = struct.pack(">i", correlation) + found
                writer.write(struct.pack(">i", len(body)) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _advertising(address: str) -> Answer:
    """A broker that says that the only broker is at `address`."""
    host, _, port = address.rpartition(":")
    versions = ApiVersionResponse_v0(0, [(API_VERSIONS, 0, 0), (METADATA, 0, 0)]).encode()
    metadata = MetadataResponse_v0([(1, host, int(port))], []).encode()
    return {API_VERSIONS: versions, METADATA: metadata}.get


async def _error_of(servers: str) -> str:
    with pytest.raises(OutageError) as raised:
        async with open_admin(servers):
            pass
    return str(raised.value)


def test_every_address_that_was_tried_is_named_with_what_happened_there() -> None:
    async def ask() -> None:
        closed = _closed_address()
        async with _serving(lambda _: None) as other_protocol:
            servers = f"{closed},{UNKNOWN},{other_protocol}"
            said = await _error_of(servers)
        assert said.startswith(
            f"no answer from Kafka at {servers}: {closed} refuses connections, {UNKNOWN} has an "
            f"unknown host name, {other_protocol} takes connections and does not answer: "
        )
        assert "TLS or SASL" in said
        assert said.endswith("name another with NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=host:port")

    asyncio.run(ask())


def test_a_broker_that_advertises_an_address_that_cannot_be_reached_is_named() -> None:
    async def ask() -> None:
        closed = _closed_address()
        for advertised, what in ((UNKNOWN, "unknown host name"), (closed, "refuses connections")):
            async with _serving(_advertising(advertised)) as servers:
                said = await _error_of(servers)
            assert said.startswith(f"no answer from Kafka: a broker at {servers} answers, but says")
            assert f"elsewhere: {advertised} " in said
            assert what in said
            assert said.endswith("Mend advertised.listeners of the brokers")

    asyncio.run(ask())
