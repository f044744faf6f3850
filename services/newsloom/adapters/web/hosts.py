"""Limits the requests in flight, per host and in total, and detects hosts that are down.

In: the URL of each request, redirects included, and how the request ended. Out: a turn, in the
order of asking; the wait for it does not count as slowness. Memory is bounded. Use it on one
asyncio loop only.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import httpcore
import httpx

from newsloom.adapters.web.client import MAX_CONNECTIONS
from newsloom.adapters.web.guard import NoAddressError

PER_HOST = 16
"""Requests at the same time to one host."""
TURN_S = 120.0
"""Seconds to wait for a turn: enough for 2,000 requests of almost a second each."""
DEAD_AFTER = 9
"""After this many failed connections in a row a host counts as down: three attempts at three
images."""
SILENT_AFTER = 3 * PER_HOST
"""After this many requests in a row that ran out of time a host counts as down, too."""
DEAD_S = 15.0
"""Seconds for which a host counts as down."""
MAX_HOSTS = 5_000
"""Hosts that are remembered; the least recently used are dropped first."""


class HostDownError(Exception):
    """The host counts as down, so nothing was sent. `is_silent`: it connects, but never answers."""

    def __init__(self, is_silent: bool) -> None:
        super().__init__("the host does not answer" if is_silent else "the host does not connect")
        self.is_silent = is_silent


class NoTurnError(Exception):
    """There was no turn within `TURN_S`, so nothing was sent."""


class Host:
    """The slots and the recent failures of one host. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.slots = asyncio.Semaphore(PER_HOST)
        self.users = 0
        self._clock = clock
        self._failures = 0
        self._silences = 0
        self._down_until = 0.0

    def require_up(self) -> None:
        """Raises HostDownError if the host counts as down."""
        if self._clock() < self._down_until:
            raise HostDownError(is_silent=self._failures < DEAD_AFTER)

    def note(self, error: BaseException | None) -> None:
        """Records how a request ended: with a response, or with this error."""
        is_unconnected = error is not None and _is_unconnected(error)
        is_silent = isinstance(error, httpcore.TimeoutException | asyncio.CancelledError)
        self._failures = self._failures + 1 if is_unconnected else 0
        self._silences = self._silences + 1 if is_unconnected or is_silent else 0
        if self._failures >= DEAD_AFTER or self._silences >= SILENT_AFTER:
            self._down_until = self._clock() + DEAD_S


class Hosts:
    """The hosts that were used recently. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: OrderedDict[str, Host] = OrderedDict()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)

    @asynccontextmanager
    async def turn(self, url: httpx.URL, limit: asyncio.Timeout) -> AsyncIterator[None]:
        """A turn for one request to the host of `url`, after which it is known how it ended.

        `limit` stands still during the wait. Raises HostDownError and NoTurnError. A caller must
        not wait for a turn while it has one.
        """
        with self._using(url) as host:
            host.require_up()
            async with AsyncExitStack() as acquired:
                await self._wait(host, limit, acquired)
                host.require_up()
                try:
                    yield
                except BaseException as error:
                    host.note(error)
                    raise
                host.note(None)

    async def _wait(self, host: Host, limit: asyncio.Timeout, acquired: AsyncExitStack) -> None:
        with _paused(limit):
            try:
                async with asyncio.timeout(TURN_S):
                    await acquired.enter_async_context(host.slots)
                    await acquired.enter_async_context(self._slots)
            except TimeoutError as error:
                raise NoTurnError from error

    @contextmanager
    def _using(self, url: httpx.URL) -> Iterator[Host]:
        name = url.netloc.decode("ascii", "replace").lower()
        host = self._hosts.setdefault(name, Host(self._clock))
        self._hosts.move_to_end(name)
        host.users += 1
        try:
            yield host
        finally:
            host.users -= 1
            while len(self._hosts) > MAX_HOSTS and not next(iter(self._hosts.values())).users:
                self._hosts.popitem(last=False)


@contextmanager
def _paused(limit: asyncio.Timeout) -> Iterator[None]:
    """Stops the clock of `limit` during the block."""
    loop, when = asyncio.get_running_loop(), limit.when()
    left_s = None if when is None else when - loop.time()
    limit.reschedule(None)
    try:
        yield
    finally:
        limit.reschedule(None if left_s is None else loop.time() + left_s)


def _is_unconnected(error: BaseException) -> bool:
    """Whether a host has no address or accepted no connection. A TLS failure is a connection."""
    if isinstance(error, NoAddressError | httpcore.ConnectTimeout):
        return True
    return isinstance(error, httpcore.ConnectError) and not is_tls_failure(error)


def is_tls_failure(error: httpcore.ConnectError) -> bool:
    """Whether the connection was accepted and TLS failed on it."""
    return isinstance(error.__cause__, ssl.SSLError)
