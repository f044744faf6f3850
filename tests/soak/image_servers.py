"""Image servers on loopback. Some requests always fail; in an outage all requests to one host fail.

In: `is_failing`, set during an outage. Out: images, each with different bytes; error answers,
broken and silent connections.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from random import Random
from types import TracebackType
from typing import Self

from tests.support.pictures import jpeg
from tests.support.site import Act, Request, Site, answer, raw

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
NETWORKS = "127.0.0.0/8"
FAILING_SHARE = 0.02
"""The share of requests that fail at any time."""
LATENCY_S = 0.02
SILENCE_S = 8.0
"""Longer than the time limit of a fetch in a worker."""


class ImageServers:
    """The servers, as a context manager. While `is_failing`, the first host fails always."""

    def __init__(self, seed: int) -> None:
        self.is_failing = False
        self._random = Random(seed)
        self._image = jpeg()
        self._failures: Sequence[Act] = (
            answer(b"", 503),
            answer(b"", 404),
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", self._image[:10]),
            raw(b""),
            answer(self._image, after_s=SILENCE_S),
        )
        self._sites = [Site(host=host, otherwise=self._act(host)) for host in HOSTS]
        self._open = ExitStack()

    def url(self, number: int) -> str:
        """The URL of image `number`. The hosts take turns."""
        return self._sites[number % len(HOSTS)].url(f"/{number}.jpg")

    def count_requests(self) -> int:
        """The number of requests since the last call."""
        count = sum(len(site.requests) for site in self._sites)
        for site in self._sites:
            site.requests.clear()
        return count

    def _act(self, host: str) -> Act:
        async def act(request: Request, writer: asyncio.StreamWriter) -> None:
            is_down = self.is_failing and host == HOSTS[0]
            if is_down or self._random.random() < FAILING_SHARE:
                await self._random.choice(self._failures)(request, writer)
            else:
                # Every image has different bytes. The same bytes in two stories would count as a
                # placeholder image.
                image = self._image + request.path.encode()
                await answer(image, after_s=LATENCY_S)(request, writer)

        return act

    def __enter__(self) -> Self:
        for site in self._sites:
            self._open.enter_context(site)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
