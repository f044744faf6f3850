"""A cache of image verdicts.

In: an image URL. Out: the cached result, or the result of a fetch. Each URL has at most one fetch
in flight, and each host a bounded number. A stale result is revalidated with a conditional request.
Memory is bounded. Use it on one asyncio loop only.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import urldefrag

import httpx

from newsloom.adapters.images.fetch import FetchedImage, fetch_image
from newsloom.adapters.web.fetch_observer import Answer, FetchObserver, NullFetchObserver
from newsloom.adapters.web.hosts import Hosts

MAX_VERDICTS = 20_000
"""With their validators of up to 510 characters they take at most 40 MB."""
FRESH_S = 3600.0
"""Seconds for which a verdict is valid. After that the server is asked if the image changed."""
TRANSIENT_S = 300.0
"""Seconds for which the verdict of a transient failure is valid, at least."""


class _CachedVerdict(NamedTuple):
    found: FetchedImage
    fresh_until: float


class ImageVerdicts:
    """Verdicts by URL. `clock` is monotonic, in seconds."""

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
        self._known: OrderedDict[bytes, _CachedVerdict] = OrderedDict()
        self._in_flight: dict[str, asyncio.Task[FetchedImage]] = {}
        self._hosts = hosts
        self.fetches = 0

    async def find(self, url: str) -> FetchedImage:
        """The cached result for `url`, or the result of a fetch.

        Callers for the same URL share one fetch. Cancelling one caller does not cancel it.
        """
        url = urldefrag(url).url
        key = _key(url)
        known = self._known.get(key)
        if known is not None and self._clock() < known.fresh_until:
            self._known.move_to_end(key)
            self._watch.note_lookup(Answer.CACHED)
            return known.found
        if url in self._in_flight:
            self._watch.note_lookup(Answer.SHARED)
        else:
            self._start_fetch(url, known.found if known else None)
        return await asyncio.shield(self._in_flight[url])

    def _start_fetch(self, url: str, stale: FetchedImage | None) -> None:
        task = self._in_flight[url] = asyncio.create_task(self._fetch(url, stale))
        task.add_done_callback(lambda _: self._in_flight.pop(url, None))

    async def _fetch(self, url: str, stale: FetchedImage | None) -> FetchedImage:
        validators = stale.validators if stale else ()
        found = await fetch_image(self._client, self._hosts, url, validators, self._watch)
        self._watch.note_lookup(Answer.DECLINED if found.is_declined else Answer.FETCHED)
        if found.is_declined:
            return found
        self.fetches += 1
        self._watch.note_fetch(found.seconds)
        if stale is not None and found.is_unchanged:
            found = stale
        self._remember(url, found._replace(seconds=0.0))
        return found

    def _remember(self, url: str, found: FetchedImage) -> None:
        is_temporary = found.is_transient or not found.is_connected
        seconds = max(TRANSIENT_S, min(found.retry_after_s, FRESH_S)) if is_temporary else FRESH_S
        key = _key(url)
        self._known[key] = _CachedVerdict(found, self._clock() + seconds)
        self._known.move_to_end(key)
        while len(self._known) > MAX_VERDICTS:
            self._known.popitem(last=False)


def _key(url: str) -> bytes:
    # A URL has up to 2,048 characters; its digest keeps the cache small.
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest()
