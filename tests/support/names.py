"""A name server on loopback with the answers of a test, and a resolver that queries it."""

import asyncio
import ipaddress
import socket
import struct
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

A, AAAA = 1, 28


class Names:
    """Answers each look-up of a name with its next list of addresses; the last list is repeated.

    It is a context manager, and a resolver for the guard. `asked` lists the names looked up.
    """

    def __init__(self, answers: dict[str, list[list[str]]]) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._socket.bind(("127.0.0.1", 0))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:
                return
            self._socket.sendto(self._answer(question), client)

    def _answer(self, question: bytes) -> bytes:
        """The response to a query for one name (RFC 1035, 4), with A and AAAA records together."""
        name, end = _read_name(question)
        self.asked.append(name)
        lists = self._answers[name]
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        records = b""
        for address in map(ipaddress.ip_address, addresses):
            kind = A if address.version == 4 else AAAA
            records += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(address.packed))
            records += address.packed
        counts = struct.pack(">HHHHH", 0x8180, 1, len(addresses), 0, 0)
        return question[:2] + counts + question[12 : end + 4] + records

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses with which the name server answers this look-up of `host`."""
        loop = asyncio.get_running_loop()
        name = b"".join(bytes([len(p)]) + p.encode() for p in host.split(".")) + b"\0"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(self._socket.getsockname())
            client.send(b"\0\x07\x01\0\0\x01\0\0\0\0\0\0" + name + struct.pack(">HH", A, 1))
            answer = await loop.sock_recv(client, 512)
        (count,) = struct.unpack_from(">H", answer, 6)
        offset, addresses = _read_name(answer)[1] + 4, []
        for _ in range(count):
            (size,) = struct.unpack_from(">H", answer, offset + 10)
            addresses.append(str(ipaddress.ip_address(answer[offset + 12 : offset + 12 + size])))
            offset += 12 + size
        return addresses


def _read_name(message: bytes) -> tuple[str, int]:
    labels, offset = [], 12
    while message[offset]:
        labels.append(message[offset + 1 : offset + 1 + message[offset]].decode())
        offset += message[offset] + 1
    return ".".join(labels), offset + 1
