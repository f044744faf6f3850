"""Turns at hosts: few at a time at each, a bounded number in all. Bounded in memory.

In: a URL. Out: a turn, and whether the host has been answering; one that took no connection is
left alone for a while. Lives on one asyncio loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from newsloom.adapters.web.client import MAX_CONNECTIONS

PER_HOST = 16
TURN_S = 10.0
"""How long to wait for a turn at a busy host."""
DEAD_AFTER = 3
"""So many connections in a row that were not taken, and a host is left alone for a while."""
DEAD_S = 15.0
MAX_HOSTS = 5_000


class Host:
    """A host that it is our turn at."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.slots = asyncio.Semaphore(PER_HOST)
        self.users = 0
        self._clock = clock
        self._failures = 0
        self._dead_until = 0.0

    @property
    def is_dead(self) -> bool:
        """Whether it just took no connection, again and again."""
        return self._clock() < self._dead_until

    def note(self, is_connected: bool) -> None:
        """Notes whether it took a connection."""
        self._failures = 0 if is_connected else self._failures + 1
        if self._failures >= DEAD_AFTER:
            self._dead_until = self._clock() + DEAD_S


class Hosts:
    """The hosts that are asked, or were lately."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: OrderedDict[str, Host] = OrderedDict()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[Host | None]:
        """A turn at the host of `url`, then one at all; None if that takes too long."""
        name = _host_of(url)
        host = self._hosts.setdefault(name, Host(self._clock))
        self._hosts.move_to_end(name)
        host.users += 1
        held: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(TURN_S):
                    for slots in (host.slots, self._slots):
                        await slots.acquire()
                        held.append(slots)
            except TimeoutError:
                yield None
            else:
                yield host
        finally:
            for slots in held:
                slots.release()
            host.users -= 1
            while len(self._hosts) > MAX_HOSTS and not next(iter(self._hosts.values())).users:
                self._hosts.popitem(last=False)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
