"""Response heads with lines that are not HTTP, which browsers pass over."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpcore
import pytest

from newsloom.adapters.web.response_heads import MAX_HEAD_BYTES, LenientStream

START, END = b"HTTP/1.1 200 OK\r\nA: 1\r\n", b"B: 2\r\n\r\nbody"

HEADS: dict[str, tuple[bytes, bytes]] = {
    "nothing wrong": (b"C: 3\r\n", b"C: 3\r\n"),
    "a space in a name": (b"X Powered By: a CMS\r\n", b""),
    "a space after a name": (b"Content-Length : 4\r\n", b"Content-Length: 4\r\n"),
    "no colon": (b"a line\r\n", b""),
    "no name": (b": value\r\n", b""),
    "a name in brackets": (b"<X-Cache>: hit\r\n", b""),
    "a name with an accent": ("Caché: 1\r\n".encode("latin-1"), b""),
    "a name with quotes": (b'"X": 1\r\n', b""),
    "a NUL in a value": (b"X: a\0b\r\n", b""),
    "a form feed in a value": (b"X: a\x0cb\r\n", b""),
    "a carriage return in a value": (b"X: a\rb\r\n", b""),
    "a line that goes on": (b"X: a\r\n  b\r\n", b"X: a\r\n  b\r\n"),
    "a wrong line that goes on": (b"X Y: a\r\n  b: c\r\n", b""),
    "line ends of Unix": (b"X Y: a\nX: b\n", b"X: b\n"),
    "a second status line": (b"HTTP/1.1 200 OK\r\n", b""),
    "PHP's warning": (b"<br />\r\n<b>Warning</b>: x in <b>y</b>\r\n", b""),
    "a transfer coding that is none": (b"Transfer-Encoding: identity\r\n", b""),
    "an empty transfer coding": (b"transfer-encoding:\r\n", b""),
    "chunks": (b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\n"),
    "an empty value": (b"X:\r\n", b"X:\r\n"),
    "bytes beyond ASCII in a value": (b"X: \xe9\xff\r\n", b"X: \xe9\xff\r\n"),
}


class Network(httpcore.AsyncNetworkStream):
    """Gives these parts, one a read."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self.parts = list(parts)
        self.written = b""

    async def read(self, _max_bytes: int, _timeout: float | None = None) -> bytes:
        return self.parts.pop(0) if self.parts else b""

    async def write(self, buffer: bytes, _timeout: float | None = None) -> None:
        self.written += buffer

    def get_extra_info(self, info: str) -> Any:
        return info


def _read_all(network: Network, requests: int = 1) -> bytes:
    async def read() -> bytes:
        stream, received = LenientStream(network), b""
        for _ in range(requests):
            await stream.write(b"GET / HTTP/1.1\r\n\r\n")
            received += await stream.read(65_536)
        while part := await stream.read(65_536):
            received += part
        return received

    return asyncio.run(read())


@pytest.mark.parametrize("case", HEADS)
@pytest.mark.parametrize("size", [1, 10_000], ids=["byte by byte", "at once"])
def test_lines_that_are_not_http_are_left_out(case: str, size: int) -> None:
    lines, expected = HEADS[case]
    whole = START + lines + END
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert _read_all(Network(parts)) == START + expected + END


def test_bodies_pass_as_they_are_and_each_response_has_a_head() -> None:
    body = b"HTTP/1.1 no\r\nX Y: 1\r\n\r\n"
    one = START + b"X Y: 1\r\n\r\n" + body
    assert _read_all(Network([one, one]), requests=2) == 2 * (START + b"\r\n" + body)


def test_the_head_after_an_informational_one_is_read_too() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    received = _read_all(Network([early, START + b"X Y: 1\r\n" + END]))
    assert received == early + START + END


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\nX Y: 1\r\n\r\n", b"\x89PNG\r\n\x1a\n\n\n", b""])
def test_what_is_no_http_passes_as_it_is(data: bytes) -> None:
    assert _read_all(Network([data])) == data


def test_a_head_without_an_end_is_not_kept_for_ever() -> None:
    parts = [START + b"x: y\r\n" * 9_999] * 10
    network = Network(parts)
    asyncio.run(LenientStream(network).read(65_536))
    assert len(parts[0]) * (10 - len(network.parts)) < MAX_HEAD_BYTES + 2 * len(parts[0])
