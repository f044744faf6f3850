"""The closed lists of reasons and outcomes, used alike in records, metrics and logs.

A fault is a value, not an exception: it says what is wrong with one input and where.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an input could not be curated (design, section 3)."""

    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    TOO_DEEP = "too-deep"
    MISSING = "missing"
    WRONG_TYPE = "wrong-type"
    BLANK = "blank"
    TOO_LONG = "too-long"
    BAD_URL = "bad-url"
    BAD_TIME = "bad-time"
    NOT_FRONT_MATTER = "not-front-matter"
    INTERNAL_ERROR = "internal-error"


class Stage(StrEnum):
    """Where in a record's way something happened (design, section 2)."""

    DECODE = "decode"
    NORMALISE = "normalise"
    ENRICH = "enrich"
    CURATE = "curate"


class Outcome(StrEnum):
    """What became of an input; every input has exactly one (the accounting rule)."""

    CURATED = "curated"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    DEAD_LETTERED = "dead-lettered"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an input: a closed reason, the field if one is to blame, words."""

    reason: Reason
    field: str | None
    detail: str
    stage: Stage = Stage.DECODE
