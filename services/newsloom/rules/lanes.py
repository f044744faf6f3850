"""Lanes: the units of order and state, told apart by language through an explicit table.

In: the locale of an article. Out: the number of its lane. Without a table lane 0 holds everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsloom.rules.words.language import primary_language

MAX_LANES = 256


@dataclass(frozen=True, slots=True)
class LaneTable:
    """The lane of each language by its primary subtag; of all others lane 0.

    The lanes are those from 0 to the greatest named. Raises ValueError for a table that leaves
    one of them without a language, for it would stay empty.
    """

    lanes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {0, *self.lanes.values()}
        if not named <= set(range(MAX_LANES)):
            raise ValueError(f"lanes are numbered from 0 to at most {MAX_LANES - 1}")
        empty = sorted(set(range(max(named))) - named)
        if empty:
            raise ValueError(f"no language is named for lane {empty[0]}: it would stay empty")
        for language in self.lanes:
            if not (language.isascii() and language.isalpha() and language.islower()):
                raise ValueError(f"{language!r} is not a language such as en (BCP 47, lower case)")

    @property
    def count(self) -> int:
        """How many lanes there are."""
        return max(self.lanes.values(), default=0) + 1

    def lane_of(self, locale: str) -> int:
        """The lane of an article of that locale (`en-GB`)."""
        return self.lanes.get(primary_language(locale), 0)
