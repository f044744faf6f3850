"""Metrics of image fetches and blocked requests.

In: the reports of the image cache and the HTTP client (see FetchObserver). Out: samples. They are
updated at once, not at the commit of a batch: a fetch has happened even if its batch is aborted.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from newsloom.observability import definitions
from newsloom.observability.metrics import Metrics

_ANSWERS = ("cached", "shared", "fetched", "declined")


class FetchMetrics:
    """A FetchObserver that counts for one process."""

    def __init__(self, metrics: Metrics) -> None:
        lookups = metrics[definitions.IMAGE_LOOKUPS]
        self._lookups = {answer: lookups.labels(answer) for answer in _ANSWERS}
        self._seconds = metrics[definitions.IMAGE_FETCH_SECONDS]
        self._in_flight = metrics[definitions.IMAGE_FETCHES_IN_FLIGHT]
        self._blocked = metrics[definitions.BLOCKED_REQUESTS]

    def note_lookup(self, answer: str) -> None:
        """Counts one image lookup; `answer` says how it was answered."""
        self._lookups[answer].inc()

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Returns a context that is open during one request for an image."""
        self._in_flight.inc()
        try:
            yield
        finally:
            self._in_flight.dec()

    def note_fetch(self, seconds: float) -> None:
        """Measures the fetch of an image, which took so long without the waits for a turn."""
        self._seconds.observe(seconds)

    def note_blocked(self) -> None:
        """Counts a request that the guard refused."""
        self._blocked.inc()
