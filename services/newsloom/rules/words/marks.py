"""Combining marks: at most 30 in a run, as in Stream-Safe text (UAX #15, section 13).

In: any text. Out: the text without the further marks of a run. UAX #15 inserts U+034F instead; the
marks are left out because no language writes so many on a letter and none of them can be read. It
takes linear time, while the normal forms NFC and NFD take quadratic time for a long run of marks.
"""

import re
import unicodedata
from functools import lru_cache

MAX_MARKS = 30
"""The greatest number of combining marks in a run, counted in the form NFD."""

# A run of more than 30 marks in NFD has at least 14 characters: a character is at most two marks in
# NFD, and the letter before them has at most three. No mark is a word character. Few other texts
# match: runs of emoji or of dashes.
_CANDIDATE = re.compile("[^\\w\\s\x00-\u02ff]{14,}")


def limit_marks(text: str) -> str:
    """`text` without the marks that follow 30 others. Idempotent, also after NFC."""
    return text if text.isascii() else _CANDIDATE.sub(_limit, text)


def _limit(run: re.Match[str]) -> str:
    _, count = _marks(run.string[run.start() - 1]) if run.start() else (0, 0)
    kept = []
    for character in run[0]:
        length, marks = _marks(character)
        count = count + marks if marks == length else marks
        if count <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


@lru_cache(maxsize=1024)
def _marks(character: str) -> tuple[int, int]:
    """The length of a character in NFD, and the number of combining marks at its end."""
    parts = unicodedata.normalize("NFD", character)
    marks = 0
    while marks < len(parts) and unicodedata.combining(parts[-1 - marks]):
        marks += 1
    return len(parts), marks
