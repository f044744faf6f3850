"""A web server on loopback that says just what it is told to, byte by byte, and counts who asks.

In: what to do on each path. Out: its address, connections, requests with their headers. It runs
on a loop in a thread of its own.
"""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

Headers = Mapping[str, str]


class Request(NamedTuple):
    path: str
    headers: Headers


Act = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


class Site:
    """Serves `acts` by path on `host`, `otherwise` (404) on others. A context manager."""

    def __init__(
        self,
        acts: Mapping[str, Act] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        otherwise: Act | None = None,
    ) -> None:
        self.acts = dict(acts or {})
        self._otherwise = otherwise or NOT_FOUND
        self.connections = 0
        self.requests: list[Request] = []
        self.busiest = 0
        self._busy = 0
        self._host, self._port, self._tls = host, port, tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def port(self) -> int:
        return self._port

    def url(self, path: str) -> str:
        scheme = "https" if self._tls else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}{path}"

    def counts(self) -> Counter[str]:
        """How often each path was asked for."""
        return Counter(request.path for request in self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, ssl=self._tls, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for listening in self._server.sockets:
            self._loop.remove_reader(listening)
        # What was accepted is to begin: a task cancelled before cannot close its connection, nor
        # can one that meets a closed server (its transport's `_attach` fails half made).
        await asyncio.sleep(0.05)
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                pairs = (line.partition(": ")[::2] for line in head[1:] if line)
                request = Request(head[0].split(" ")[1], {k.lower(): v for k, v in pairs})
                self.requests.append(request)
                self._busy += 1
                self.busiest = max(self.busiest, self._busy)
                try:
                    await self.acts.get(request.path, self._otherwise)(request, writer)
                    await writer.drain()
                finally:
                    self._busy -= 1
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, OSError):
            pass
        finally:
            writer.transport.abort()


def answer(
    body: bytes, status: int | str = 200, after_s: float = 0, has_ranges: bool = True, **said: Any
) -> Act:
    """An answer as servers give it; `said` are further headers, `_` in their names being `-`."""

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(after_s)
        headers = {name.replace("_", "-"): value for name, value in said.items()}
        sent, code = body, status
        asked = request.headers.get("range", "")
        if has_ranges and status == 200 and body and asked.startswith("bytes=0-"):
            sent, code = body[: int(asked.removeprefix("bytes=0-")) + 1], "206 Partial Content"
            headers["Content-Range"] = f"bytes 0-{len(sent) - 1}/{len(body)}"
        headers.setdefault("Content-Length", str(len(sent)))
        writer.write(head(code, headers) + sent)

    return act


def head(status: int | str, headers: Headers) -> bytes:
    """A status line and headers."""
    line = f"{status} Said" if isinstance(status, int) else status
    lines = [f"HTTP/1.1 {line}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def raw(*parts: bytes, pause_s: float = 0) -> Act:
    """These bytes, then the end of the connection; with a pause after each part."""

    async def act(_request: Request, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.close()

    return act


def endless(start: bytes, part: bytes, pause_s: float = 0) -> Act:
    """`start`, then `part` again and again until whoever asked has had enough."""

    async def act(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return act


def redirect(to: str, status: int = 302) -> Act:
    """A redirect."""
    return answer(b"", status, Location=to)


def silence() -> Act:
    """Nothing, for ever."""

    async def act(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    return act


def in_turn(*acts: Act) -> Act:
    """One after the other, request by request; the last of them from then on."""
    left = list(acts)

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, writer)

    return act


NOT_FOUND = answer(b"gone", 404)
