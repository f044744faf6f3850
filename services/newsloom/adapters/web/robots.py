"""What sites ask of robots (RFC 9309): a URL in; whether it may be fetched out.

Asks each site once in a while, behind the guard. A site that cannot say is left alone.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import httpcore
import httpx
from protego import Protego

from newsloom.adapters.web.client import BadBodyError, TooManyRedirectsError, ask, read_body
from newsloom.adapters.web.guard import BlockedAddressError

AGENT = "Newsloom"
FETCH_S = 3.0
MAX_BYTES = 512 * 1024
"""RFC 9309, 2.5: at least 500 KiB are to be read; what comes after is not."""
MAX_SITES = 1_000
FRESH_S = 3600.0
"""RFC 9309, 2.4: for no longer than a day."""

_TIMEOUT = httpx.Timeout(2.0)


class _Rules(NamedTuple):
    parsed: Protego | None
    """None where all is forbidden."""
    fresh_until: float


class Robots:
    """The rules of many sites. Lives on one asyncio loop."""

    def __init__(
        self, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._rules: OrderedDict[str, _Rules] = OrderedDict()
        self._in_flight: dict[str, asyncio.Task[_Rules]] = {}

    async def may_fetch(self, url: httpx.URL) -> bool:
        """Whether the site of `url` has nothing against our fetching it."""
        site = f"{url.scheme}://{url.netloc.decode()}"
        rules = self._rules.get(site)
        if rules is None or self._clock() >= rules.fresh_until:
            task = self._in_flight.get(site)
            if task is None:
                task = self._in_flight[site] = asyncio.create_task(self._ask(site))
                task.add_done_callback(lambda _: self._in_flight.pop(site, None))
            rules = await asyncio.shield(task)
        return rules.parsed is not None and rules.parsed.can_fetch(str(url), AGENT)

    async def _ask(self, site: str) -> _Rules:
        rules = _Rules(await self._fetch(site), self._clock() + FRESH_S)
        self._rules[site] = rules
        while len(self._rules) > MAX_SITES:
            self._rules.popitem(last=False)
        return rules

    async def _fetch(self, site: str) -> Protego | None:
        """The rules; those without any where there is no such file (RFC 9309, 2.3.1)."""
        try:
            async with (
                asyncio.timeout(FETCH_S),
                ask(self._client, f"{site}/robots.txt", {}, _TIMEOUT) as response,
            ):
                if 400 <= response.status_code < 500 and response.status_code != 429:
                    return Protego.parse("")
                if response.status_code != 200:
                    return None
                body = await read_body(response, MAX_BYTES)
            return Protego.parse(body.data.decode("utf-8", "replace"))
        except (TimeoutError, BlockedAddressError, BadBodyError, TooManyRedirectsError):
            return None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            return None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            return None
