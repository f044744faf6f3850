"""Image servers on loopback that fail now and then, and for a while altogether.

In: whether it is a time of failures. Out: images, each with bytes of its own; refusals, broken and
silent connections.
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
"""Of requests, at any time. In a time of failures, all of the first host's fail."""
LATENCY_S = 0.02
SILENCE_S = 8.0
"""Longer than a worker waits."""


class Gallery:
    """The servers. A context manager."""

    def __init__(self, seed: int) -> None:
        self.is_failing = False
        self._chance = Random(seed)
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
        """The address of an image."""
        return self._sites[number % len(HOSTS)].url(f"/{number}.jpg")

    def forget(self) -> int:
        """How many requests came since this was last asked; they are not kept."""
        count = sum(len(site.requests) for site in self._sites)
        for site in self._sites:
            site.requests.clear()
        return count

    def _act(self, host: str) -> Act:
        async def act(request: Request, writer: asyncio.StreamWriter) -> None:
            is_down = self.is_failing and host == HOSTS[0]
            if is_down or self._chance.random() < FAILING_SHARE:
                await self._chance.choice(self._failures)(request, writer)
            else:
                # Bytes of its own: the same image with another story would be a placeholder.
                own = self._image + request.path.encode()
                await answer(own, after_s=LATENCY_S)(request, writer)

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
