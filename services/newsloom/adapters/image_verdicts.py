"""What is known of images by their URLs: asked once, remembered for a while, asked again kindly.

One fetch in flight per URL, few per host, a bounded number in all, and none at all to a host that
just took no connection. Bounded in memory. Lives on one asyncio loop.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urldefrag, urlsplit

import httpx

from newsloom.adapters.image_fetch import Found, fetch_image
from newsloom.adapters.web import MAX_CONNECTIONS
from newsloom.rules.images import Verdict

PER_HOST = 16
SLOT_S = 10.0
"""How long a fetch waits for its turn at a busy host; after that it is a timeout."""
DEAD_AFTER = 3
"""So many connections in a row that were not taken, and a host is left alone for a while."""
DEAD_S = 15.0

MAX_VERDICTS = 20_000
FRESH_S = 3600.0
"""A verdict holds for so long; then the server is asked whether anything has changed."""
TRANSIENT_S = 300.0
MAX_HOSTS = 5_000


class _Known(NamedTuple):
    found: Found
    fresh_until: float


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_HOST))
    users: int = 0
    failures: int = 0
    dead_until: float = 0.0


class ImageVerdicts:
    """Verdicts by URL. `clock` tells seconds that only go forward."""

    def __init__(
        self, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._in_flight: dict[str, asyncio.Task[Found]] = {}
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self.fetches = 0

    async def find(self, url: str) -> Found:
        """What is known of `url`, or is found now. Whoever gives up takes nothing from others."""
        url = urldefrag(url).url
        known = self._known.get(url)
        if known is not None and self._clock() < known.fresh_until:
            self._known.move_to_end(url)
            return known.found
        task = self._in_flight.get(url)
        if task is None:
            task = asyncio.create_task(self._fetch(url, known.found if known else None))
            self._in_flight[url] = task
            task.add_done_callback(lambda _: self._in_flight.pop(url, None))
        return await asyncio.shield(task)

    async def _fetch(self, url: str, held: Found | None) -> Found:
        async with self._turn(_host_of(url)) as host:
            if host is None:
                return Found(Verdict.TIMEOUT)
            if self._clock() < host.dead_until:
                return Found(Verdict.UNREACHABLE)
            self.fetches += 1
            found = await fetch_image(self._client, url, held.validators if held else ())
            self._note_host(host, found)
        if held is not None and found.is_unchanged:
            found = held
        self._remember(url, found)
        return found

    def _note_host(self, host: _Host, found: Found) -> None:
        host.failures = 0 if found.is_connected else host.failures + 1
        if host.failures >= DEAD_AFTER:
            host.dead_until = self._clock() + DEAD_S

    def _remember(self, url: str, found: Found) -> None:
        is_passing = found.is_transient or not found.is_connected
        seconds = max(TRANSIENT_S, min(found.retry_after_s, FRESH_S)) if is_passing else FRESH_S
        self._known[url] = _Known(found, self._clock() + seconds)
        self._known.move_to_end(url)
        while len(self._known) > MAX_VERDICTS:
            self._known.popitem(last=False)

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[_Host | None]:
        """Waits for a turn at a host, then for one at all; None if that takes too long."""
        host = self._hosts.setdefault(name, _Host())
        self._hosts.move_to_end(name)
        host.users += 1
        held: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(SLOT_S):
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
