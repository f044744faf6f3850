"""The port of the image checks, which both runtimes share, and a thread that runs it.

A Kafka worker awaits the checks on its own event loop. The embedded runtime has no event loop, so
it runs them on one in a thread.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from newsloom.records.image_check import ImageCheck

T = TypeVar("T")


class Images(Protocol):
    """Checks the images of articles, on the event loop on which it was created."""

    async def check(self, urls: Sequence[str], page_url: str) -> list[ImageCheck]:
        """The checks of an article's images, or of those on its page, within a deadline."""

    async def close(self) -> None:
        """Closes all connections."""


class ImagesThread:
    """Runs `Images` on an event loop in its own thread. A context manager.

    `make` creates the `Images`, on that loop.
    """

    def __init__(self, make: Callable[[], Images]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="newsloom-images", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self._images = self._submit(self._begin()).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._submit(self._end()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def submit(self, urls: Sequence[str], page_url: str) -> Future[list[ImageCheck]]:
        """Starts to check the images of an article, as `Images.check` does."""
        return self._submit(self._images.check(urls, page_url))

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _begin(self) -> Images:
        return self._make()

    async def _end(self) -> None:
        checks = asyncio.all_tasks() - {asyncio.current_task()}
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)
        await self._images.close()
