"""What is known of images by their URLs: asked once, remembered for a while, asked again kindly.

One fetch in flight per URL, and each in its turn at its host. Bounded in memory. Lives on one
asyncio loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urldefrag

import httpx

from newsloom.adapters.images.fetch import Found, fetch_image
from newsloom.adapters.web.fetch_observer import Answer, FetchObserver, NullFetchObserver
from newsloom.adapters.web.hosts import Hosts
from newsloom.rules.images import Verdict

MAX_VERDICTS = 20_000
FRESH_S = 3600.0
"""A verdict holds for so long; then the server is asked whether anything has changed."""
TRANSIENT_S = 300.0


class _Known(NamedTuple):
    found: Found
    fresh_until: float


class ImageVerdicts:
    """Verdicts by URL. `clock` tells seconds that only go forward."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        hosts: Hosts,
        clock: Callable[[], float],
        watch: FetchObserver | None = None,
    ) -> None:
        self._client = client
        self._watch = watch or NullFetchObserver()
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._in_flight: dict[str, asyncio.Task[Found]] = {}
        self._hosts = hosts
        self.fetches = 0

    async def find(self, url: str) -> Found:
        """What is known of `url`, or is found now. Whoever gives up takes nothing from others."""
        url = urldefrag(url).url
        known = self._known.get(url)
        if known is not None and self._clock() < known.fresh_until:
            self._known.move_to_end(url)
            self._watch.note_lookup(Answer.CACHED)
            return known.found
        task = self._in_flight.get(url)
        if task is not None:
            self._watch.note_lookup(Answer.SHARED)
        else:
            task = asyncio.create_task(self._fetch(url, known.found if known else None))
            self._in_flight[url] = task
            task.add_done_callback(lambda _: self._in_flight.pop(url, None))
        return await asyncio.shield(task)

    async def _fetch(self, url: str, held: Found | None) -> Found:
        async with self._hosts.turn(url) as host:
            if host is None or host.is_dead:
                self._watch.note_lookup(Answer.DECLINED)
                return Found(Verdict.TIMEOUT if host is None else Verdict.UNREACHABLE)
            self.fetches += 1
            self._watch.note_lookup(Answer.FETCHED)
            with self._watch.fetching():
                found = await fetch_image(self._client, url, held.validators if held else ())
            host.note(found.is_connected)
        if held is not None and found.is_unchanged:
            found = held
        self._remember(url, found)
        return found

    def _remember(self, url: str, found: Found) -> None:
        is_passing = found.is_transient or not found.is_connected
        seconds = max(TRANSIENT_S, min(found.retry_after_s, FRESH_S)) if is_passing else FRESH_S
        self._known[url] = _Known(found, self._clock() + seconds)
        self._known.move_to_end(url)
        while len(self._known) > MAX_VERDICTS:
            self._known.popitem(last=False)
