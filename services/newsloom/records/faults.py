"""Reasons, stages and outcomes: closed lists of words, the same in records, metrics and logs.

A fault is a value, not an exception: it states what is wrong with one input, and where.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an input cannot be curated."""

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
    POISON = "poison"


class Stage(StrEnum):
    """A stage of the pipeline, such as the one in which a fault was found."""

    DECODE = "decode"
    NORMALISE = "normalise"
    ENRICH = "enrich"
    CURATE = "curate"


class Outcome(StrEnum):
    """How an input ended. Each input has exactly one outcome, so the counts add up.

    Passed: on Kafka, the input was gone before it was read, or an operator stepped over it.
    """

    CURATED = "curated"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    DEAD_LETTERED = "dead-lettered"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an input: a reason, the faulty field if there is one, and a message."""

    reason: Reason
    field: str | None
    detail: str
    stage: Stage = Stage.DECODE
