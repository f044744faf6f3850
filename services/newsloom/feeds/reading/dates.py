"""Dates of feeds, in the forms that feeds use.

In: the text of a date. Out: seconds since the epoch, or None. A date without an offset is UTC. It
never reads a clock.
"""

import calendar
import re
from time import struct_time

# Private; feedparser is pinned, and the tests of each form check it.
from feedparser.datetimes import _parse_date

_MAX_CHARACTERS = 100
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(\d\d)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DAY_OF_YEAR = re.compile(r"(\d{4})-(\d{3})", re.ASCII)
_FEW_DIGITS = re.compile(r"\d{1,3}", re.ASCII)
_SECONDS = re.compile(r"\d{9,10}", re.ASCII)
_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)
_ZONE_NAME = re.compile(r"\s*\([^()]{1,40}\)\s*$")
_MONTHS = {
    "januar": "jan", "februar": "feb", "märz": "mar", "mai": "may", "juni": "jun",
    "juli": "jul", "oktober": "oct", "dezember": "dec", "enero": "jan", "febrero": "feb",
    "marzo": "mar", "abril": "apr", "mayo": "may", "junio": "jun", "julio": "jul",
    "agosto": "aug", "septiembre": "sep", "octubre": "oct", "noviembre": "nov",
    "diciembre": "dec", "janvier": "jan", "février": "feb", "mars": "mar", "avril": "apr",
    "juin": "jun", "juillet": "jul", "août": "aug", "septembre": "sep", "octobre": "oct",
    "novembre": "nov", "décembre": "dec",
}  # fmt: skip
"""German, Spanish and French months, by which such feeds write RFC 822 dates."""
_WORD = re.compile(r"[^\W\d_]+")
_UNKNOWN_WEEKDAY = re.compile(r"^[^\W\d_]+\.?,?\s+(?=\d)")


def parse_date(text: str) -> int | None:
    """The date in seconds since the epoch, rounded down; None if its form is unknown."""
    text = text.strip()
    if not text or len(text) > _MAX_CHARACTERS or _FEW_DIGITS.fullmatch(text):
        return None
    if _SECONDS.fullmatch(text):
        return int(text)
    if _MILLISECONDS.fullmatch(text):
        return int(text) // 1000
    day = _DAY_OF_YEAR.fullmatch(text)
    if day:
        first = _try(day[1])
        return first + (int(day[2]) - 1) * 86_400 if first is not None else None
    compact = _COMPACT.fullmatch(text)
    if compact:
        year, month, date, hour, minute, second, zone = compact.groups()
        text = f"{year}-{month}-{date}T{hour}:{minute}:{second or '00'}{zone or 'Z'}"
    return _try(text) or _try(_in_english(_ZONE_NAME.sub("", text)))


def to_seconds(date: struct_time | None) -> int | None:
    """A date in UTC as the parser gives it, in seconds since the epoch."""
    if date is None:
        return None
    try:
        return calendar.timegm(date)
    except (ValueError, OverflowError):
        return None


def _try(text: str) -> int | None:
    try:
        return to_seconds(_parse_date(text))
    except (ValueError, OverflowError, TypeError):
        return None


def _in_english(text: str) -> str:
    """An RFC 822 date with English months and without its weekday."""
    text = _UNKNOWN_WEEKDAY.sub("", text)
    text = _WORD.sub(lambda word: _MONTHS.get(word[0].lower(), word[0]), text)
    return re.sub(r"(?<=\d)\.(?=\s)", "", text)
