"""The metrics of fetching: what the fetchers tell goes in, samples come out.

As it happens, and not with the commit of a batch: a fetch is made whatever becomes of its batch.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from newsloom.observability import definitions
from newsloom.observability.metrics import Metrics

_ANSWERS = ("cached", "shared", "fetched", "declined")


class FetchMetrics:
    """Counts for one process."""

    def __init__(self, metrics: Metrics) -> None:
        lookups = metrics[definitions.IMAGE_LOOKUPS]
        self._lookups = {answer: lookups.labels(answer) for answer in _ANSWERS}
        self._seconds = metrics[definitions.IMAGE_FETCH_SECONDS]
        self._in_flight = metrics[definitions.IMAGE_FETCHES_IN_FLIGHT]
        self._blocked = metrics[definitions.BLOCKED_REQUESTS]

    def note_lookup(self, answer: str) -> None:
        """An image was asked for."""
        self._lookups[answer].inc()

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """An image is being fetched for as long as this is open."""
        began = time.perf_counter()
        self._in_flight.inc()
        try:
            yield
        finally:
            self._in_flight.dec()
            self._seconds.observe(time.perf_counter() - began)

    def note_blocked(self) -> None:
        """The guard refused a request."""
        self._blocked.inc()
