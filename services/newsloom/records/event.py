"""The article event: a crawler's report of one published piece.

In: a parsed JSON object. Out: a typed and checked event. An error has a `Reason` as its type. It
never repairs or cleans a value; it only cuts the fractions of seconds.
"""

from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from newsloom.records.faults import Reason
from newsloom.rules.addresses.urls import url_fault
from newsloom.rules.clock import parse_time
from newsloom.rules.words.language import is_locale
from newsloom.rules.words.text import clean_text

MAX_TITLE_CHARACTERS = 1_000
MAX_URL_CHARACTERS = 2_048
MAX_TIME_CHARACTERS = 100
"""A longer date-time is refused, however many digits of a second it has."""
MAX_PRIVATE_BYTES = 16 * 1024
REQUIRED_FIELDS = ("webUrl", "title", "publishedDateTime")


def _fault(reason: Reason, message: str) -> PydanticCustomError:
    return PydanticCustomError(reason.value, message)


def _check_url(value: str) -> str:
    if not value.strip():
        raise _fault(Reason.BLANK, "has no visible text")
    reason = url_fault(value)
    if reason == "too-long":
        raise _fault(Reason.TOO_LONG, f"is longer than {MAX_URL_CHARACTERS} characters")
    if reason is not None:
        raise _fault(Reason.BAD_URL, "is not an absolute http or https URL with a valid host")
    return value


def _check_title(value: str) -> str:
    if len(value) > MAX_TITLE_CHARACTERS:
        raise _fault(Reason.TOO_LONG, f"is longer than {MAX_TITLE_CHARACTERS} characters")
    if not clean_text(value):
        raise _fault(Reason.BLANK, "has no visible text")
    return value


def _check_time(value: object) -> int:
    if not isinstance(value, str):
        raise _fault(Reason.WRONG_TYPE, "is not a string")
    if not value.strip():
        raise _fault(Reason.BLANK, "has no visible text")
    time = parse_time(value) if len(value) <= MAX_TIME_CHARACTERS else None
    if time is None:
        raise _fault(
            Reason.BAD_TIME,
            "is not an RFC 3339 date-time with an offset, such as 2026-03-02T10:00:00Z",
        )
    return time


def _check_locale(value: str) -> str:
    if not is_locale(value):
        raise _fault(Reason.WRONG_TYPE, "is not a BCP 47 language tag such as en-GB")
    return value


def _check_private(value: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(orjson.dumps(value))
    except (orjson.JSONEncodeError, RecursionError):
        raise _fault(Reason.WRONG_TYPE, "contains a value that JSON cannot represent") from None
    if size > MAX_PRIVATE_BYTES:
        raise _fault(Reason.TOO_LONG, f"is larger than {MAX_PRIVATE_BYTES} bytes")
    return value


# The schemas state a part of the checks above: every value that passes the checks is valid by the
# schema, but not the reverse.
WebUrl = Annotated[
    str,
    AfterValidator(_check_url),
    Field(
        json_schema_extra={
            "maxLength": MAX_URL_CHARACTERS,
            "pattern": "^[hH][tT][tT][pP][sS]?://[^/?#]+",
        }
    ),
]
Title = Annotated[
    str,
    AfterValidator(_check_title),
    Field(json_schema_extra={"maxLength": MAX_TITLE_CHARACTERS, "pattern": r"\S"}),
]
Time = Annotated[
    int,
    BeforeValidator(_check_time),
    Field(
        json_schema_extra={
            "type": "string",
            "format": "date-time",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}"
            "([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
        }
    ),
]
Locale = Annotated[
    str,
    AfterValidator(_check_locale),
    Field(json_schema_extra={"pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,5}$"}),
]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
ShortText = Annotated[str, Field(max_length=1_000)]
Pixels = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Record(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=False
    )


class ProviderHint(_Record):
    """The provider as the crawler names it. The catalogue has priority."""

    name: Annotated[
        Annotated[str, Field(max_length=200)] | None, Field(description="The provider's name.")
    ] = None
    domain: Annotated[
        Annotated[str, Field(max_length=253)] | None, Field(description="The provider's domain.")
    ] = None


class ImageCandidate(_Record):
    """An image as the crawler found it, before any image check. Sizes are in pixels."""

    url: Annotated[WebUrl, Field(description="Where the image is.")]
    width: Annotated[Pixels | None, Field(description="The width in pixels.")] = None
    height: Annotated[Pixels | None, Field(description="The height in pixels.")] = None
    title: Annotated[ShortText | None, Field(description="The image's title.")] = None
    attribution: Annotated[ShortText | None, Field(description="Whom to credit.")] = None


class Withdrawal(_Record):
    """`withdrawn: true` with a `webUrl`: the article must no longer be shown."""

    web_url: Annotated[
        WebUrl, Field(description="The `webUrl` that the article was reported with.")
    ]
    original_url: Annotated[
        WebUrl | None,
        Field(description="As in the report, if it had one: it identifies the article."),
    ] = None


class ArticleEvent(_Record):
    """A crawler's report of one published piece: first sight, update or withdrawal.

    Times are in seconds since the epoch, with fractions cut. All other values are as the crawler
    sent them.
    """

    web_url: Annotated[
        WebUrl, Field(description="The article's address: an absolute http or https URL.")
    ]
    title: Annotated[Title, Field(description="The headline, not blank.")]
    published_date_time: Annotated[
        Time,
        Field(description="When it was published: RFC 3339 with an offset. Fractions are cut."),
    ]
    excerpt: Annotated[
        str | None,
        Field(
            description="The opening, as plain text. It is cut after 2,000 characters. Only its "
            "first 100,000 characters are read."
        ),
    ] = None
    updated_date_time: Annotated[
        Time | None,
        Field(description="When this version was written. A newer version replaces an older one."),
    ] = None
    type: Annotated[
        Word, Field(description="What kind of piece: article, video, podcast ... An open list.")
    ] = "article"
    category: Annotated[Word, Field(description="What kind of record. An open list.")] = "news"
    locale: Annotated[
        Locale | None,
        Field(description="BCP 47 language tag, in any case. Absent: detected from the text."),
    ] = None
    amp_web_url: Annotated[WebUrl | None, Field(description="The AMP page of the article.")] = None
    original_url: Annotated[
        WebUrl | None,
        Field(description="The publisher's own URL, if webUrl is an aggregator's or a copy's."),
    ] = None
    provider: Annotated[
        ProviderHint | None,
        Field(description="Who published it, as a hint: the catalogue has priority."),
    ] = None
    topics: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(
            description="Names of topics. Only the first 100 are read. Those found by the "
            "catalogue follow them.",
            json_schema_extra={"default": []},
        ),
    ] = Field(default_factory=list)
    images: Annotated[
        list[ImageCandidate],
        Field(
            description="Images, best first. Only the first 20 are used.",
            json_schema_extra={"default": []},
        ),
    ] = Field(default_factory=list)
    quality: Annotated[
        Annotated[int, Field(ge=0, le=200)] | None,
        Field(description="The crawler's own score, used unchanged. Absent: Newsloom computes it."),
    ] = None
    source: Annotated[
        Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,64}$")] | None,
        Field(description="The crawler's name. Absent: taken from the CloudEvents headers."),
    ] = None
    event_id: Annotated[
        Annotated[str, Field(max_length=256)] | None,
        Field(description="The crawler's id of this event. Absent: from the CloudEvents headers."),
    ] = None
    private: Annotated[
        Annotated[dict[str, Any], AfterValidator(_check_private)] | None,
        Field(
            description="Data that must not be published, at most 16 KiB. It is sealed on arrival."
        ),
    ] = None
    secured: Annotated[
        Annotated[str, Field(max_length=64 * 1024)] | None,
        Field(description="An existing seal, kept if private is absent."),
    ] = None
    withdrawn: Annotated[
        bool, Field(description="True withdraws the article; then only webUrl is required.")
    ] = False
