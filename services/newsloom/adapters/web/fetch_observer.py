"""What those who fetch tell of it: a port, for whoever counts.

In: what is looked up, fetched and refused, as it happens. Out: nothing that a fetch depends on.
"""

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Protocol


class Answer(StrEnum):
    """Where word of an image came from."""

    CACHED = "cached"
    SHARED = "shared"
    FETCHED = "fetched"
    DECLINED = "declined"


class FetchObserver(Protocol):
    """Whoever counts. Called on the loop that fetches."""

    def note_lookup(self, answer: Answer) -> None:
        """An image was asked for."""

    def fetching(self) -> AbstractContextManager[None]:
        """An image is being fetched for as long as this is open."""

    def note_blocked(self) -> None:
        """The guard refused a request."""


class NullFetchObserver:
    """Nobody counts."""

    def note_lookup(self, answer: Answer) -> None:
        """Nothing."""

    def fetching(self) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def note_blocked(self) -> None:
        """Nothing."""
