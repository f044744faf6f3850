"""A web server on loopback that sends exactly the bytes a test chooses, and counts requests.

In: an act for each path. Out: its address, the number of connections, and the requests with their
headers. It runs on its own event loop in its own thread.
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
    """A context manager that serves `acts` by path, and `otherwise` (404) on all other paths.

    `busiest` is the greatest number of requests that were answered at the same time.
    """

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
        """The number of requests by path."""
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
        # Let the tasks of accepted connections start: a task that is cancelled before it starts
        # cannot close its connection. Neither can a task that starts after the server is closed,
        # because the `_attach` of its transport fails.
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
    body: bytes, status: int | str = 200, after_s: float = 0, has_ranges: bool = True, **fields: Any
) -> Act:
    """A complete response; `fields` are further headers, where `_` in a name stands for `-`.

    With `has_ranges`, a request for the first bytes gets a 206 response with only these.
    """

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(after_s)
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        sent, code = body, status
        requested = request.headers.get("range", "")
        if has_ranges and status == 200 and body and requested.startswith("bytes=0-"):
            sent, code = body[: int(requested.removeprefix("bytes=0-")) + 1], "206 Partial Content"
            headers["Content-Range"] = f"bytes 0-{len(sent) - 1}/{len(body)}"
        headers.setdefault("Content-Length", str(len(sent)))
        writer.write(head(code, headers) + sent)

    return act


def head(status: int | str, headers: Headers) -> bytes:
    """A status line and headers as bytes, with the empty line after them."""
    line = f"{status} Said" if isinstance(status, int) else status
    lines = [f"HTTP/1.1 {line}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def raw(*parts: bytes, pause_s: float = 0) -> Act:
    """Sends `parts` with a pause after each, then closes the connection."""

    async def act(_request: Request, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.close()

    return act


def endless(start: bytes, part: bytes, pause_s: float = 0) -> Act:
    """Sends `start`, then `part` repeatedly until the client closes the connection."""

    async def act(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return act


def redirect(to: str, status: int = 302) -> Act:
    """A redirect to the URL `to`."""
    return answer(b"", status, Location=to)


def silence() -> Act:
    """Sends nothing for an hour."""

    async def act(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    return act


def once_requested(site: Site, path: str, act: Act, within_s: float = 4) -> Act:
    """Waits until `site` has a request for `path`, then does `act`; silent if there is none."""

    async def wait_and_act(request: Request, writer: asyncio.StreamWriter) -> None:
        for _ in range(int(20 * within_s)):
            if path in site.counts():
                return await act(request, writer)
            await asyncio.sleep(0.05)
        await silence()(request, writer)

    return wait_and_act


def in_turn(*acts: Act) -> Act:
    """Uses one of `acts` for each request in turn, and the last one for all further requests."""
    remaining = list(acts)

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        await (remaining.pop(0) if len(remaining) > 1 else remaining[0])(request, writer)

    return act


NOT_FOUND = answer(b"gone", 404)
