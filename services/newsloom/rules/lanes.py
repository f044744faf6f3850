"""Lanes: which lane an article belongs to, by its language and an explicit table.

In: the locale of an article. Out: the number of its lane. Without a table all go to lane 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsloom.rules.words.language import primary_language

MAX_LANES = 256


@dataclass(frozen=True, slots=True)
class LaneTable:
    """The lane of each language, by its primary subtag. All other languages go to lane 0.

    The lanes are 0 to the greatest number in the table. Raises ValueError for a number outside 0 to
    255, for a lane without a language (it would stay empty), and for an invalid language.
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
        """The number of lanes."""
        return max(self.lanes.values(), default=0) + 1

    def lane_of(self, locale: str) -> int:
        """The lane of an article with this locale, such as `en-GB`."""
        return self.lanes.get(primary_language(locale), 0)
