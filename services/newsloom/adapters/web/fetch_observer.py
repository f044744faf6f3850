"""An interface through which the image cache and the HTTP client report what they do.

In: each image lookup, image fetch and blocked request, when it happens. Out: nothing. A fetch does
not depend on the observer.
"""

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Protocol


class Answer(StrEnum):
    """How an image lookup was answered."""

    CACHED = "cached"
    """From the cache."""
    SHARED = "shared"
    """By a fetch of the same URL that was already in flight."""
    FETCHED = "fetched"
    """By a new fetch."""
    DECLINED = "declined"
    """Not at all: the host is down, or gave no turn in time."""


class FetchObserver(Protocol):
    """Receives the reports. Its methods are called on the asyncio loop that fetches."""

    def note_lookup(self, answer: Answer) -> None:
        """Reports one image lookup and how it was answered."""

    def fetching(self) -> AbstractContextManager[None]:
        """Returns a context that is open during one request for an image."""

    def note_fetch(self, seconds: float) -> None:
        """Reports how long the fetch of an image took, without the waits for a turn."""

    def note_blocked(self) -> None:
        """Reports a request that the guard refused."""


class NullFetchObserver:
    """An observer that does nothing."""

    def note_lookup(self, answer: Answer) -> None:
        """Does nothing."""

    def fetching(self) -> AbstractContextManager[None]:
        """Returns a context that does nothing."""
        return nullcontext()

    def note_fetch(self, seconds: float) -> None:
        """Does nothing."""

    def note_blocked(self) -> None:
        """Does nothing."""
