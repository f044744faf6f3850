"""Limits the requests in flight, per host and in total, and detects hosts that are down.

In: a URL. Out: a slot for one request, and whether its host is down: a host that accepts no
connection three times in a row counts as down for 15 s. Memory is bounded. Use it on one asyncio
loop only.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from newsloom.adapters.web.client import MAX_CONNECTIONS

PER_HOST = 16
"""Requests at the same time to one host."""
TURN_S = 10.0
"""Seconds to wait for a slot."""
DEAD_AFTER = 3
"""After this many failed connections in a row a host counts as down."""
DEAD_S = 15.0
"""Seconds for which a host counts as down."""
MAX_HOSTS = 5_000
"""Hosts that are remembered; the least recently used are dropped first."""


class Host:
    """The slots and the recent failures of one host. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.slots = asyncio.Semaphore(PER_HOST)
        self.users = 0
        self._clock = clock
        self._failures = 0
        self._dead_until = 0.0

    @property
    def is_dead(self) -> bool:
        """Whether the host counts as down."""
        return self._clock() < self._dead_until

    def note(self, is_connected: bool) -> None:
        """Records whether the host accepted a connection."""
        self._failures = 0 if is_connected else self._failures + 1
        if self._failures >= DEAD_AFTER:
            self._dead_until = self._clock() + DEAD_S


class Hosts:
    """The hosts that were used recently. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: OrderedDict[str, Host] = OrderedDict()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[Host | None]:
        """Waits for a slot at the host of `url`, then for one of all hosts; yields the host.

        Yields None if there was no slot within `TURN_S`.
        """
        name = _host_of(url)
        host = self._hosts.setdefault(name, Host(self._clock))
        self._hosts.move_to_end(name)
        host.users += 1
        acquired: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(TURN_S):
                    for slots in (host.slots, self._slots):
                        await slots.acquire()
                        acquired.append(slots)
            except TimeoutError:
                yield None
            else:
                yield host
        finally:
            for slots in acquired:
                slots.release()
            host.users -= 1
            while len(self._hosts) > MAX_HOSTS and not next(iter(self._hosts.values())).users:
                self._hosts.popitem(last=False)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
