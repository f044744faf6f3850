"""Checks the images of articles.

In: the image URLs of one article, best first. Out: an image check for each URL that was examined.
It stops when it has found the wanted number of usable images, or at the article's deadline. Many
articles are checked at the same time, on one asyncio event loop.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx

from newsloom.adapters.images.fetch import FETCH_S
from newsloom.adapters.images.page import PageImages
from newsloom.adapters.images.verdict_cache import ImageVerdicts
from newsloom.adapters.web.fetch_observer import FetchObserver
from newsloom.adapters.web.hosts import Hosts
from newsloom.records.image_check import ImageCheck
from newsloom.rules.images import Verdict, judge_name

log = logging.getLogger(__name__)

FETCHES_S = 15.0
"""Seconds for fetching all images of one article together, without the waits for a turn."""
RECORD_S = 120.0
"""Seconds for all images of one article together, with every wait."""


class ImageChecker:
    """Checks the images of articles. Create it on the asyncio loop on which it is used.

    `wanted` is the number of usable images at which a check stops. `clock` is monotonic, in
    seconds. `article_timeout_s` is the deadline of one article in seconds, with every wait.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        wanted: int = 1,
        should_discover: bool = False,
        clock: Callable[[], float] = time.monotonic,
        article_timeout_s: float = RECORD_S,
        watch: FetchObserver | None = None,
    ) -> None:
        hosts = Hosts(clock)
        self.verdicts = ImageVerdicts(client, hosts, clock, watch)
        self._pages = PageImages(client, hosts) if should_discover else None
        self._client = client
        self._wanted = wanted
        self._record_s = article_timeout_s

    async def check(self, urls: Sequence[str], page_url: str) -> list[ImageCheck]:
        """The image checks of `urls`, in order, up to the last one that was needed.

        If `urls` is empty and `should_discover` is set, the URLs are read from the page at
        `page_url`. URLs that were not reached in time get the verdict `timeout`: no fetch begins
        after the deadline of the article, or if it could exceed `FETCHES_S`.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._record_s
        if not urls and self._pages is not None:
            urls = await self._discover(page_url, self._pages, deadline)
        checks: list[ImageCheck] = []
        usable, fetched_s = 0, 0.0
        for url in dict.fromkeys(urls):
            left_s = deadline - loop.time() if fetched_s <= FETCHES_S - FETCH_S else 0.0
            check, seconds = await self._check_one(url, left_s)
            checks.append(check)
            fetched_s += seconds
            usable += checks[-1]["verdict"] == Verdict.OK
            if usable == self._wanted:
                break
        if not usable:
            log.info("no usable image for %s: %s", page_url, [check["verdict"] for check in checks])
        return checks

    @staticmethod
    async def _discover(page_url: str, pages: PageImages, deadline: float) -> Sequence[str]:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                return await pages.find(page_url)
        return []

    async def _check_one(self, url: str, left_s: float) -> tuple[ImageCheck, float]:
        """The check of one image, and the seconds that its fetch took."""
        name_verdict = judge_name(url)
        if name_verdict is not Verdict.OK:
            return {"url": url, "verdict": name_verdict.value}, 0.0
        if left_s <= 0:
            return {"url": url, "verdict": Verdict.TIMEOUT.value}, 0.0
        try:
            async with asyncio.timeout(left_s):
                found = await self.verdicts.find(url)
        except TimeoutError:
            return {"url": url, "verdict": Verdict.TIMEOUT.value}, 0.0
        check: ImageCheck = {"url": url, "verdict": found.verdict.value}
        if found.width and found.height:
            check["width"], check["height"] = found.width, found.height
        if found.verdict is Verdict.OK:
            check["fingerprint"] = found.fingerprint
        return check, found.seconds

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()
