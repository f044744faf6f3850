"""The article event: what a crawler reports of one published piece.

Enters as JSON-like values; leaves typed and checked. Faults carry the closed reasons as
their error type; it never repairs, cleans or cuts a value.
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
MAX_PRIVATE_BYTES = 16 * 1024
REQUIRED_FIELDS = ("webUrl", "title", "publishedDateTime")


def _fault(reason: Reason, message: str) -> PydanticCustomError:
    return PydanticCustomError(reason.value, message)


def _check_url(value: str) -> str:
    if not value.strip():
        raise _fault(Reason.BLANK, "has nothing to read in it")
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
        raise _fault(Reason.BLANK, "has nothing to read in it")
    return value


def _check_time(value: object) -> int:
    if not isinstance(value, str):
        raise _fault(Reason.WRONG_TYPE, "is not a string")
    if not value.strip():
        raise _fault(Reason.BLANK, "has nothing to read in it")
    time = parse_time(value)
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
        raise _fault(Reason.WRONG_TYPE, "holds a value that JSON cannot") from None
    if size > MAX_PRIVATE_BYTES:
        raise _fault(Reason.TOO_LONG, f"is larger than {MAX_PRIVATE_BYTES} bytes")
    return value


# What a schema can say of the checks above: true of everything that passes them, not the reverse.
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
    """What the crawler believes of the publisher; the catalogue wins."""

    name: Annotated[
        Annotated[str, Field(max_length=200)] | None, Field(description="The provider's name.")
    ] = None
    domain: Annotated[
        Annotated[str, Field(max_length=253)] | None, Field(description="The provider's domain.")
    ] = None


class ImageCandidate(_Record):
    """An image as the crawler found it, unchecked. Sizes are in pixels."""

    url: Annotated[WebUrl, Field(description="Where the image is.")]
    width: Annotated[Pixels | None, Field(description="The width in pixels.")] = None
    height: Annotated[Pixels | None, Field(description="The height in pixels.")] = None
    title: Annotated[ShortText | None, Field(description="The image's title.")] = None
    attribution: Annotated[ShortText | None, Field(description="Whom to credit.")] = None


class Withdrawal(_Record):
    """`withdrawn: true` with a `webUrl`: the article is to be taken back."""

    web_url: Annotated[WebUrl, Field(description="The address the article was reported at.")]
    original_url: Annotated[
        WebUrl | None, Field(description="As in the report, if that had one: it names the article.")
    ] = None


class ArticleEvent(_Record):
    """A crawler's report of one published piece: first sight, update or withdrawal.

    Field rules are those of the design, section 3. Times are seconds since the epoch, UTC,
    fractions cut; every other value is as the crawler gave it.
    """

    web_url: Annotated[
        WebUrl, Field(description="Where the article can be read: an absolute http or https URL.")
    ]
    title: Annotated[Title, Field(description="The headline, not blank.")]
    published_date_time: Annotated[
        Time,
        Field(description="When it was published: RFC 3339 with an offset. Fractions are cut."),
    ]
    excerpt: Annotated[
        str | None,
        Field(description="The opening, as plain text. Beyond 2,000 characters it is cut."),
    ] = None
    updated_date_time: Annotated[
        Time | None,
        Field(description="When this version was written. A newer one replaces what is held."),
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
        Field(description="The publisher's own URL, when webUrl is an aggregator's or a copy's."),
    ] = None
    provider: Annotated[
        ProviderHint | None, Field(description="Who published it, as a hint: the catalogue wins.")
    ] = None
    topics: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(
            description="Names of topics; the catalogue's own follow them.",
            json_schema_extra={"default": []},
        ),
    ] = Field(default_factory=list)
    images: Annotated[
        list[ImageCandidate],
        Field(
            description="Images, best first. The first 20 count.",
            json_schema_extra={"default": []},
        ),
    ] = Field(default_factory=list)
    quality: Annotated[
        Annotated[int, Field(ge=0, le=200)] | None,
        Field(description="The crawler's own score, taken as it is. Absent: Newsloom scores it."),
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
        Field(description="Anything not to be published, at most 16 KiB: sealed as it is read."),
    ] = None
    secured: Annotated[
        Annotated[str, Field(max_length=64 * 1024)] | None,
        Field(description="A seal made before, kept when private is absent."),
    ] = None
    withdrawn: Annotated[
        bool, Field(description="True takes the article back; nothing but webUrl is needed then.")
    ] = False
