"""What a subscriber holds of a lane, before its inputs are curated anew and after that."""

from collections.abc import Iterator
from typing import Any, Literal, Protocol

Kind = Literal["curated", "stories"]


class HeldRecords(Protocol):
    """The last record of each article and story, decoded. A tombstone has `withdrawn`."""

    def former(self, kind: Kind, ident: str) -> dict[str, Any] | None:
        """The last record that was published before the rebuild; None if there is none."""

    def new(self, kind: Kind, ident: str) -> dict[str, Any] | None:
        """The last record that the rebuild made; None if it made none."""

    def stories_without_new(self) -> Iterator[str]:
        """The ids of the stories that have a former record and no new one."""
