"""Obeys robots.txt (RFC 9309).

In: a URL. Out: whether it may be fetched. It fetches the robots.txt of a site through the guard and
caches it. A site whose robots.txt cannot be read is not fetched from.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import httpx
from protego import Protego

from newsloom.adapters.web.client import FETCH_ERRORS, ask, read_body

AGENT = "Newsloom"
FETCH_S = 3.0
"""Seconds for fetching one robots.txt."""
MAX_BYTES = 512 * 1024
"""Only the first bytes are read. RFC 9309, 2.5 requires at least 500 KiB."""
MAX_SITES = 1_000
MAX_KEPT_BYTES = 4 * 1024 * 1024
"""The most bytes of the files whose rules are cached. The rules take up to 16 times as many."""
FRESH_S = 3600.0
"""Seconds for which rules are cached. RFC 9309, 2.4 allows at most 24 hours."""

_TIMEOUT = httpx.Timeout(2.0)


class _Rules(NamedTuple):
    parsed: Protego | None
    """None if everything is forbidden."""
    size_bytes: int
    fresh_until: float


class Robots:
    """The rules of many sites. `clock` is monotonic, in seconds. For one asyncio loop only."""

    def __init__(
        self, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._rules: OrderedDict[str, _Rules] = OrderedDict()
        self._kept_bytes = 0
        self._in_flight: dict[str, asyncio.Task[_Rules]] = {}

    async def may_fetch(self, url: httpx.URL) -> bool:
        """Whether the site of `url` allows us to fetch it."""
        site = f"{url.scheme}://{url.netloc.decode()}"
        rules = self._rules.get(site)
        if rules is None or self._clock() >= rules.fresh_until:
            task = self._in_flight.get(site)
            if task is None:
                task = self._in_flight[site] = asyncio.create_task(self._load(site))
                task.add_done_callback(lambda _: self._in_flight.pop(site, None))
            rules = await asyncio.shield(task)
        return rules.parsed is not None and rules.parsed.can_fetch(str(url), AGENT)

    async def _load(self, site: str) -> _Rules:
        rules = _Rules(*await self._fetch(site), self._clock() + FRESH_S)
        self._forget(self._rules.pop(site, None))
        self._rules[site] = rules
        self._kept_bytes += rules.size_bytes
        while len(self._rules) > MAX_SITES or self._kept_bytes > MAX_KEPT_BYTES:
            self._forget(self._rules.popitem(last=False)[1])
        return rules

    def _forget(self, rules: _Rules | None) -> None:
        self._kept_bytes -= rules.size_bytes if rules else 0

    async def _fetch(self, site: str) -> tuple[Protego | None, int]:
        """The rules, empty if the site has no robots.txt (RFC 9309, 2.3.1.3), and the file's size.

        None if everything is forbidden: the file cannot be fetched or read.
        """
        try:
            async with (
                asyncio.timeout(FETCH_S),
                ask(self._client, f"{site}/robots.txt", {}, _TIMEOUT) as response,
            ):
                if 400 <= response.status_code < 500 and response.status_code != 429:
                    return Protego.parse(""), 0
                if response.status_code != 200:
                    return None, 0
                body = await read_body(response, MAX_BYTES)
            return Protego.parse(body.data.decode("utf-8-sig", "replace")), len(body.data)
        except FETCH_ERRORS:
            return None, 0
