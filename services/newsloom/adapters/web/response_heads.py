"""Removes header lines that are not HTTP from the responses of HTTP/1.1 servers, as browsers do.

In: a network stream. Out: the same stream, without header lines whose name is no token (RFC 9110,
5.6.2) or whose value has control characters, and without `Transfer-Encoding: identity`. White space
around a name goes too. Everything else, and all that is no HTTP, passes as it is. Memory is
bounded.
"""

import re
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

MAX_HEAD_BYTES = 100 * 1024
"""As httpcore allows. What is longer passes as it is, and httpcore refuses it."""

_END = re.compile(rb"\n\r?\n")
_INFORMATIONAL = re.compile(rb"HTTP/1\.\d 1(?!01)")
_LINE = re.compile(rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(:[^\x00\n\v\f\r]*\r?)")
_NO_CODING = re.compile(rb"(?i)transfer-encoding[ \t]*:[ \t]*(?:identity)?[ \t]*\r?$")
"""A transfer coding that changes nothing, which was removed from HTTP (RFC 9112, B)."""


class LenientStream(httpcore.AsyncNetworkStream):
    """A stream to a server of HTTP/1.1. What is read first after each write is a response head."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._is_in_head = True

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Reads some bytes; a head is read as a whole. `timeout` in seconds is of each read."""
        if not self._is_in_head:
            return await self._stream.read(max_bytes, timeout)
        heads, received = b"", b""
        while self._is_in_head:
            part = await self._stream.read(max_bytes, timeout)
            received += part
            self._is_in_head = bool(part) and len(received) <= MAX_HEAD_BYTES
            while self._is_in_head and (end := _END.search(received)):
                self._is_in_head = _INFORMATIONAL.match(received) is not None
                heads += _clean(received[: end.end()])
                received = received[end.end() :]
        return heads + received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Writes a request, or a part of one."""
        self._is_in_head = True
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Closes the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Starts TLS. A stream of HTTP/2 is returned as it is: it has no lines."""
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        tls = stream.get_extra_info("ssl_object")
        is_http2 = tls is not None and tls.selected_alpn_protocol() == "h2"
        return stream if is_http2 else LenientStream(stream)

    def get_extra_info(self, info: str) -> Any:
        """What the network knows about the connection."""
        return self._stream.get_extra_info(info)


def _clean(head: bytes) -> bytes:
    if not head.startswith(b"HTTP/"):
        return head
    first, *fields = head.split(b"\n")
    return b"\n".join([first, *_clean_fields(fields)])


def _clean_fields(lines: Iterable[bytes]) -> Iterable[bytes]:
    """The lines that are header fields, those that continue one, and the empty end."""
    is_kept: bool | None = None
    for line in lines:
        if line.strip() == b"":
            yield line
        elif line[:1] in (b" ", b"\t") and is_kept is not None:
            if is_kept:
                yield line
        else:
            field = None if _NO_CODING.match(line) else _LINE.fullmatch(line)
            is_kept = field is not None
            if field is not None:
                yield field[1] + field[2]
