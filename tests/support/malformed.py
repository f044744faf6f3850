"""A catalogue of malformed article events, and of unusual but valid ones, as raw bytes.

Out: `cases()` gives each payload with the only outcome that the contract allows. It never imports
anything of the project, so that it can test any decoder of the format. It omits cases that the
contract does not define: a host with a trailing dot, white space around a URL, brackets that are
too deep and never closed.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WHOLE_RECORD_REASONS = ("too-large", "not-utf8", "not-json", "too-deep", "not-an-object")
FIELD_REASONS = ("missing", "wrong-type", "blank", "too-long", "bad-url", "bad-time")
REQUIRED = ("webUrl", "title", "publishedDateTime")
MAX_RECORD_BYTES = 1_048_576
MAX_DEPTH = 64


@dataclass(frozen=True)
class Case:
    """One payload and its expected outcome.

    With a `reason`, it becomes a dead letter with this reason and `field` (None for faults of the
    whole record). Without one, it is accepted, and exactly `faulty_fields` (top-level names,
    sorted, each once) are counted as faulty; each is dropped, or its faulty elements are.
    """

    name: str
    payload: bytes
    reason: str | None
    field: str | None
    faulty_fields: tuple[str, ...] = ()


class Json(str):
    """JSON text that is inserted into a record unchanged."""


ABSENT = object()
URL = "https://daily.example/2026/03/harbour-bridge"
GOOD: dict[str, Any] = {
    "webUrl": URL,
    "title": "Harbour bridge reopens after repairs",
    "publishedDateTime": "2026-03-02T10:00:00Z",
}
FULL: dict[str, Any] = GOOD | {
    "excerpt": "Ferries stop at noon \u2014 the caf\u00e9 on the quay stays open ...",
    "updatedDateTime": "2026-03-02T11:30:00+01:00",
    "type": "article",
    "category": "news",
    "locale": "en-gb",
    "ampWebUrl": "https://daily.example/amp/2026/03/harbour-bridge",
    "originalUrl": "https://daily.example/2026/03/harbour-bridge?from=wire",
    "provider": {"name": "The Daily Example", "domain": "daily.example"},
    "topics": ["Harbours", "Bridges"],
    "images": [{"url": "https://img.daily.example/bridge.jpg", "width": 1200, "height": 800}],
    "quality": 70,
    "source": "crawler-1",
    "eventId": "e-1",
    "private": {"note": "desk only"},
    "secured": "AAAAAAAAAAAAAAAAAAAAAA==;AAAAAAAAAAAAAAAAAAAAAA==",
    "withdrawn": False,
}
LONE = Json(r'"half \ud83d of a pair"')
HUGE = Json("9" * 5_000)
NOT_STRINGS: list[tuple[str, Any]] = [
    ("a number", 7),
    ("an infinite number", Json("1e999")),
    ("an integer of 5,000 digits", HUGE),
    ("a boolean", True),
    ("a list", ["x"]),
    ("an object", {"x": "y"}),
    ("a lone surrogate", LONE),
]


def _text(value: Any) -> str:
    if isinstance(value, Json):
        return value
    if isinstance(value, dict):
        members = (f"{json.dumps(k)}:{_text(v)}" for k, v in value.items() if v is not ABSENT)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)


def _record(base: dict[str, Any] = GOOD, /, **changes: Any) -> bytes:
    return _text(base | changes).encode()


def _nested(depth: int, opening: str = "[", closing: str = "]") -> Json:
    """`depth` nested containers, the innermost empty: `{"a":{"a":{}}}` is three deep."""
    body = "{}" if opening != "[" else "[]"
    return Json(opening * (depth - 1) + body + closing * (depth - 1))


BAD_URLS: list[tuple[str, str]] = [
    ("javascript scheme", "javascript:alert(1)"),
    ("javascript scheme with slashes", "javascript://daily.example/%0Aalert(1)"),
    ("file scheme", "file:///etc/passwd"),
    ("data scheme", "data:text/html,<p>hello</p>"),
    ("ftp scheme", "ftp://daily.example/a"),
    ("mailto scheme", "mailto:desk@daily.example"),
    ("websocket scheme", "wss://daily.example/a"),
    ("blob scheme", "blob:https://daily.example/1"),
    ("about:blank", "about:blank"),
    ("scheme that only begins with http", "httpx://daily.example/a"),
    ("path only", "/2026/03/harbour"),
    ("relative path", "harbour.html"),
    ("host and path without a scheme", "daily.example/a"),
    ("protocol-relative", "//daily.example/a"),
    ("only a query", "?id=7"),
    ("only a fragment", "#top"),
    ("only a scheme", "https:"),
    ("one slash after the scheme", "https:/daily.example/a"),
    ("no slash after the scheme", "https:daily.example/a"),
    ("nothing after the slashes", "https://"),
    ("empty host before a path", "https:///2026/03/harbour"),
    ("empty host before a query", "https://?id=7"),
    ("empty host before a fragment", "https://#top"),
    ("empty host before a port", "https://:443/a"),
    ("empty host after userinfo", "https://reader@/a"),
    ("empty label in the middle", "https://daily..example/a"),
    ("empty label at the start", "https://.daily.example/a"),
    ("host of dots", "https://.../a"),
    ("space in the host", "https://daily example.example/a"),
    ("ideographic space in the host", "https://daily\u3000example.example/a"),
    ("port 0", "https://daily.example:0/a"),
    ("port 65536", "https://daily.example:65536/a"),
    ("port of twenty digits", "https://daily.example:99999999999999999999/a"),
    ("port in letters", "https://daily.example:https/a"),
    ("negative port", "https://daily.example:-1/a"),
    ("IPv6 never closed", "https://[2001:db8::1/a"),
    ("IPv6 never opened", "https://2001:db8::1]/a"),
    ("IPv6 without brackets", "https://2001:db8::1/a"),
    ("IPv6 of letters", "https://[daily.example]/a"),
    ("IPv6 with a letter g", "https://[2001:db8::g]/a"),
    ("IPv6 with too few groups", "https://[2001:db8:1]/a"),
    ("IPv6 with too many groups", "https://[1:2:3:4:5:6:7:8:9]/a"),
    ("IPv6 shortened twice", "https://[2001::db8::1]/a"),
    ("IPv6 with text after the bracket", "https://[2001:db8::1]daily/a"),
    ("IPv4 in brackets", "https://[192.0.2.7]/a"),
    ("empty brackets", "https://[]/a"),
    ("NUL in the host", "https://daily\x00.example/a"),
    ("NUL in the path", "https://daily.example/a\x00b"),
    ("plain words", "see our site"),
]
FINE_URLS: list[tuple[str, str]] = [
    ("upper-case scheme and host", "HTTPS://DAILY.EXAMPLE/A"),
    ("plain http", "http://daily.example/a"),
    ("no path", "https://daily.example"),
    ("userinfo", "https://reader:secret@daily.example/a"),
    ("international host", "https://m\u00fcnchner-bote.example/a"),
    ("international host in Han", "https://\u65b0\u805e.example/\u6e2f"),
    ("punycode host", "https://xn--mnchner-bote-dlb.example/a"),
    ("IPv4 host", "https://192.0.2.7/a"),
    ("IPv6 host", "https://[2001:db8::1]/a"),
    ("IPv6 host and port", "https://[2001:db8::1]:8443/a"),
    ("single-label host", "http://localhost/a"),
    ("host with hyphens and digits", "https://4-daily--news.example/a"),
    ("lowest port", "https://daily.example:1/a"),
    ("highest port", "https://daily.example:65535/a"),
    ("backslash in the path", "https://daily.example/a\\b"),
    ("space in the path", "https://daily.example/a b"),
    ("quotes and brackets in the query", 'https://daily.example/a?q="<x>[1]{2}|^`'),
    ("stray percent sign", "https://daily.example/100%/a%zz"),
    ("two question marks", "https://daily.example/a?cache=yes%3Fid%3D1?id=2"),
    ("a URL inside the query", "https://daily.example/go?to=javascript:alert(1)"),
    ("at sign in the path", "https://daily.example/@desk/a"),
    ("exactly 2,048 characters", "https://daily.example/" + "a" * (2_048 - 22)),
]
BAD_TIMES: list[tuple[str, str]] = [
    ("no offset", "2026-03-02T10:00:00"),
    ("date only", "2026-03-02"),
    ("time only", "10:00:00Z"),
    ("no seconds", "2026-03-02T10:00Z"),
    ("hour alone", "2026-03-02T10Z"),
    ("basic format", "20260302T100000Z"),
    ("week date", "2026-W10-1T10:00:00Z"),
    ("ordinal date", "2026-061T10:00:00Z"),
    ("one-digit month and day", "2026-3-2T10:00:00Z"),
    ("two-digit year", "26-03-02T10:00:00Z"),
    ("five-digit year", "12026-03-02T10:00:00Z"),
    ("signed year", "+2026-03-02T10:00:00Z"),
    ("negative year", "-0044-03-15T10:00:00Z"),
    ("slashes", "2026/03/02T10:00:00Z"),
    ("underscore for the T", "2026-03-02_10:00:00Z"),
    ("two spaces for the T", "2026-03-02  10:00:00Z"),
    ("space before the Z", "2026-03-02T10:00:00 Z"),
    ("comma before the fraction", "2026-03-02T10:00:00,5Z"),
    ("empty fraction", "2026-03-02T10:00:00.Z"),
    ("month 0", "2026-00-02T10:00:00Z"),
    ("month 13", "2026-13-02T10:00:00Z"),
    ("day 0", "2026-03-00T10:00:00Z"),
    ("day 32", "2026-03-32T10:00:00Z"),
    ("31 April", "2026-04-31T10:00:00Z"),
    ("30 February", "2026-02-30T10:00:00Z"),
    ("29 February of no leap year", "2026-02-29T10:00:00Z"),
    ("29 February 1900", "1900-02-29T10:00:00Z"),
    ("hour 24", "2026-03-02T24:00:00Z"),
    ("minute 60", "2026-03-02T10:60:00Z"),
    ("second 61", "2026-03-02T10:00:61Z"),
    ("offset +25:00", "2026-03-02T10:00:00+25:00"),
    ("offset +24:00", "2026-03-02T10:00:00+24:00"),
    ("offset with minute 60", "2026-03-02T10:00:00+01:60"),
    ("offset without a colon", "2026-03-02T10:00:00+0100"),
    ("offset of hours alone", "2026-03-02T10:00:00+01"),
    ("offset with seconds", "2026-03-02T10:00:00+01:00:30"),
    ("offset with a typographic minus", "2026-03-02T10:00:00\u221201:00"),
    ("Z and an offset", "2026-03-02T10:00:00Z+01:00"),
    ("zone name", "2026-03-02T10:00:00 CET"),
    ("text after the Z", "2026-03-02T10:00:00Zulu"),
    ("full-width digits", "\uff12\uff10\uff12\uff16-03-02T10:00:00Z"),
    ("Arabic-Indic digits", "\u0662\u0660\u0662\u0666-03-02T10:00:00Z"),
    ("mail date", "Mon, 02 Mar 2026 10:00:00 GMT"),
    ("epoch in a string", "1772445600"),
    ("a word", "yesterday"),
    ("the word now", "now"),
    ("a lone T", "T"),
    ("year 0000", "0000-06-01T00:00:00Z"),
    ("year 0 once in UTC", "0001-01-01T00:00:00+01:00"),
    ("year 10000 once in UTC", "9999-12-31T23:30:00-01:00"),
]
FINE_TIMES: list[tuple[str, str]] = [
    ("offset", "2026-03-02T10:00:00+01:00"),
    ("negative offset", "2026-03-02T10:00:00-08:00"),
    ("offset of a quarter hour", "2026-03-02T10:00:00+05:45"),
    ("greatest offset", "2026-03-02T10:00:00+23:59"),
    ("unknown local offset", "2026-03-02T10:00:00-00:00"),
    ("lower-case t and z", "2026-03-02t10:00:00z"),
    ("space for the T", "2026-03-02 10:00:00Z"),
    ("fraction", "2026-03-02T10:00:00.5Z"),
    ("fraction of nine digits and an offset", "2026-03-02T10:00:00.123456789+01:00"),
    ("fraction of thirty digits", "2026-03-02T10:00:00." + "9" * 30 + "Z"),
    ("leap second", "2016-12-31T23:59:60Z"),
    ("leap second with an offset", "2016-12-31T15:59:60-08:00"),
    ("29 February of a leap year", "2024-02-29T10:00:00Z"),
    ("first second", "0001-01-01T00:00:00Z"),
    ("last second", "9999-12-31T23:59:59Z"),
    ("year 1 by its offset", "0001-01-01T00:30:00-01:00"),
    ("long ago", "1605-01-01T00:00:00Z"),
]
TITLES: list[tuple[str, str | None, Any]] = [
    ("empty", "blank", ""),
    ("spaces", "blank", "   "),
    ("tab and line ends", "blank", "\t\r\n"),
    ("no-break and ideographic spaces", "blank", "\u00a0\u3000\u2003"),
    ("only NULs", "blank", "\x00\x00"),
    ("only control characters", "blank", "\x01\x1f\x7f\x85"),
    ("only zero-width characters", "blank", "\u200b\u2060\ufeff"),
    ("only joiners", "blank", "\u200c\u200d"),
    ("only bidi controls", "blank", "\u202e\u2066\u2069\u200f"),
    ("NULs, spaces and zero-widths", "blank", " \x00 \u200b "),
    ("1,001 characters", "too-long", "a" * 1_001),
    ("1,001 characters beyond the BMP", "too-long", "\U0001f6a2" * 1_001),
    ("100,000 characters", "too-long", "ab " * 33_334),
    ("exactly 1,000 characters", None, "a" * 1_000),
    ("1,000 characters beyond the BMP", None, "\U0001f6a2" * 1_000),
    ("one character", None, "a"),
    ("NUL among letters", None, "Harbour\x00 bridge"),
    ("markup", None, "<b>Harbour</b> bridge &amp; quay"),
    ("bidi override", None, "Harbour \u202eegdirb"),
    ("right-to-left script", None, "\u05d4\u05d2\u05e9\u05e8 \u05e0\u05e4\u05ea\u05d7"),
    ("joined emoji", None, "\U0001f469\u200d\U0001f680 returns"),
    ("an escaped pair of surrogates", None, Json(r'"Harbour \ud83d\udea2 sails"')),
    ("every JSON escape", None, Json(r'"a\"\\\/\b\f\n\r\t\u0041"')),
    ("a thousand combining marks", None, "e" + "\u0301" * 900),
    ("brackets deeper than any record", None, '[{"' * 200),
    ("escaped quotes and brackets", None, '\\"[' * 200),
    ("the word null", None, "null"),
]
FAULTY: dict[str, list[tuple[str, Any]]] = {
    "excerpt": NOT_STRINGS,
    "updatedDateTime": [*NOT_STRINGS, *BAD_TIMES[:3], *BAD_TIMES[-3:], ("epoch", 1772445600)],
    "type": NOT_STRINGS,
    "category": NOT_STRINGS,
    "locale": [
        *NOT_STRINGS,
        ("words", "British English"),
        ("digits", "123"),
        ("an empty subtag", "en--gb"),
        ("nine letters", "britannic"),
        ("one letter", "e"),
        ("markup", "<en>"),
    ],
    "ampWebUrl": [*NOT_STRINGS, *BAD_URLS[::5], ("3,000 characters", URL + "a" * 3_000)],
    "originalUrl": [*NOT_STRINGS, *BAD_URLS[1::5], ("3,000 characters", URL + "a" * 3_000)],
    "provider": [
        *((words, value) for words, value in NOT_STRINGS if words != "an object"),
        ("a string", "The Daily Example"),
        *((f"name is {words}", {"name": value}) for words, value in NOT_STRINGS),
        *((f"domain is {words}", {"domain": value}) for words, value in NOT_STRINGS),
        ("good name, domain a number", {"name": "The Daily Example", "domain": 7}),
    ],
    "topics": [
        *((words, value) for words, value in NOT_STRINGS if words != "a list"),
        ("a string", "Harbours"),
        *((f"one of three is {words}", ["A", value, "B"]) for words, value in NOT_STRINGS),
        ("forty lists deep", _nested(40)),
        ("10,000 numbers", [7] * 10_000),
    ],
    "images": [
        *((words, value) for words, value in NOT_STRINGS if words != "a list"),
        ("a URL for the list", "https://img.daily.example/a.jpg"),
        ("a URL for an image", ["https://img.daily.example/a.jpg"]),
        ("a number for an image", [7]),
        ("a list for an image", [[]]),
        ("an image without a url", [{"width": 800, "height": 600}]),
        ("an image whose url is null", [{"url": None}]),
        ("the second of two is faulty", [{"url": URL + ".jpg"}, {"url": 7}]),
        *((f"url is {words}", [{"url": value}]) for words, value in NOT_STRINGS),
        *((f"url: {words}", [{"url": value}]) for words, value in BAD_URLS[:14]),
        ("width in a string", [{"url": URL + ".jpg", "width": "800"}]),
        ("width with a fraction", [{"url": URL + ".jpg", "width": 800.5}]),
        ("width a boolean", [{"url": URL + ".jpg", "width": True}]),
        ("width infinite", [{"url": URL + ".jpg", "width": Json("1e999")}]),
        ("height a list", [{"url": URL + ".jpg", "height": [600]}]),
        ("title a number", [{"url": URL + ".jpg", "title": 7}]),
        ("title with a lone surrogate", [{"url": URL + ".jpg", "title": LONE}]),
        ("attribution an object", [{"url": URL + ".jpg", "attribution": {}}]),
    ],
    "quality": [
        ("below 0", -1),
        ("above 200", 201),
        ("a boolean", True),
        ("a whole number written with a fraction", Json("70.0")),
        ("a whole number written with an exponent", Json("7e1")),
        ("a fraction", 70.5),
        ("in a string", "70"),
        ("a list", [70]),
        ("an object", {"value": 70}),
        ("infinite", Json("1e999")),
        ("vanishingly small", Json("1e-999")),
        ("thirty digits", 10**29),
        ("5,000 digits", HUGE),
    ],
    "source": [
        *NOT_STRINGS,
        ("upper case", "Crawler-1"),
        ("a space", "crawler 1"),
        ("65 characters", "c" * 65),
        ("a slash", "crawler/1"),
        ("an accented letter", "cr\u00e4wler"),
        ("full-width letters", "\uff43\uff52\uff41\uff57\uff4c"),
    ],
    "eventId": NOT_STRINGS,
    "private": [
        *((words, value) for words, value in NOT_STRINGS if words != "an object"),
        ("a string", "desk only"),
        ("20,000 characters", {"note": "n" * 20_000}),
        ("20,000 bytes in 10,000 characters", {"note": "\u00e9" * 10_000}),
        ("5,000 members", {f"name-{i}": 0 for i in range(5_000)}),
        ("holds a lone surrogate", {"note": LONE}),
        ("holds an infinite number", {"n": Json("1e999")}),
    ],
    "secured": NOT_STRINGS,
    "withdrawn": [
        ("the word true", "true"),
        ("the word false", "false"),
        ("the number 1", 1),
        ("the number 0", 0),
        ("a list", [True]),
        ("an object", {"withdrawn": True}),
        ("a lone surrogate", LONE),
    ],
}
FINE: list[tuple[str, dict[str, Any]]] = [
    ("every field filled", FULL),
    ("every optional field null", dict.fromkeys(FAULTY)),
    ("every optional string blank", {n: " \t" for n in FAULTY if isinstance(FULL[n], str)}),
    ("excerpt cut at 2,000 characters", {"excerpt": "word " * 2_000}),
    ("excerpt of 500,000 characters", {"excerpt": "a" * 500_000}),
    ("excerpt of control characters", {"excerpt": "\x00\x01\u200b"}),
    ("locale in upper case", {"locale": "EN-GB"}),
    ("locale with a script", {"locale": "zh-hant-tw"}),
    ("provider empty", {"provider": {}}),
    ("provider of nulls and unknown fields", {"provider": {"name": None, "x": [1]}}),
    ("provider name blank", {"provider": {"name": " ", "domain": "daily.example"}}),
    ("topics empty", {"topics": []}),
    ("topics with a null and a blank", {"topics": [None, "Harbours", " "]}),
    ("images empty", {"images": []}),
    ("twenty-five images", {"images": [{"url": f"{URL}-{i}.jpg"} for i in range(25)]}),
    ("5,000 images", {"images": [{"url": f"{URL}-{i}.jpg"} for i in range(5_000)]}),
    ("image sizes null", {"images": [{"url": URL + ".jpg", "width": None, "title": None}]}),
    ("image with unknown fields", {"images": [{"url": URL + ".jpg", "alt": 7}]}),
    ("quality 0", {"quality": 0}),
    ("quality minus 0", {"quality": Json("-0")}),
    ("quality 200", {"quality": 200}),
    ("source of one character", {"source": "c"}),
    ("source of 64 characters", {"source": "a.b_c-9" + "c" * 57}),
    ("private empty", {"private": {}}),
    ("private of 15,000 characters", {"private": {"note": "n" * 15_000}}),
    ("private thirty deep", {"private": {"x": _nested(30)}}),
    ("withdrawn false", {"withdrawn": False}),
    ("withdrawn null", {"withdrawn": None}),
    (
        "withdrawn with a url alone",
        {"withdrawn": True, "title": ABSENT, "publishedDateTime": ABSENT},
    ),
    ("withdrawn with null title", {"withdrawn": True, "title": None}),
    ("withdrawn with blank title", {"withdrawn": True, "title": ""}),
    ("withdrawn with a number for a title", {"withdrawn": True, "title": 7}),
    ("withdrawn with an endless title", {"withdrawn": True, "title": "a" * 5_000}),
    ("withdrawn with a bad time", {"withdrawn": True, "publishedDateTime": "yesterday"}),
    ("unknown field null", {"x": None}),
    ("unknown field infinite", {"x": Json("1e999"), "y": Json("-1e999"), "z": Json("1e-999")}),
    ("unknown field of 5,000 digits", {"x": HUGE}),
    ("unknown field of 5,000 digits, negative and listed", {"x": [Json("-" + HUGE)]}),
    ("unknown field with a lone surrogate", {"x": LONE}),
    ("unknown name with a lone surrogate", {"\ud83d": "x"}),
    ("unknown name empty", {"": 1}),
    ("unknown field named as a Python attribute", {"__class__": "x", "__proto__": {"a": 1}}),
    ("unknown names in other cases", {"TITLE": 7, "weburl": 7, "web_url": 7}),
    ("unknown list of 100,000 numbers", {"x": [1] * 100_000}),
    ("unknown object of 20,000 members", {"x": {str(i): i for i in range(20_000)}}),
    ("unknown field nested to 64 by lists", {"x": _nested(63)}),
    ("unknown field nested to 64 by objects", {"x": _nested(63, '{"a":', "}")}),
    ("many shallow lists", {"x": [[[]]] * 1_000}),
    ("brackets in an unknown string", {"x": "[{" * 10_000, '[[["': '\\"]]'}),
]
TOO_DEEP: list[tuple[str, bytes]] = [
    ("65 by lists in an unknown field", _record(x=_nested(64))),
    ("65 by objects in an unknown field", _record(x=_nested(64, '{"a":', "}"))),
    ("66 by both in turn", _record(x=_nested(33, '[{"a":', "}]"))),
    ("65 in the second of two fields", _record(x=_nested(63), y=_nested(64))),
    ("65 in the last element of a list", _record(x=[1, [2], _nested(63)])),
    ("65 in title", _record(title=_nested(64))),
    ("65 in topics", _record(topics=_nested(64))),
    ("65 in private", _record(private={"x": _nested(63)})),
    ("65 with required fields missing", _text({"x": _nested(64)}).encode()),
    ("65 in a withdrawal", _record(withdrawn=True, x=_nested(64))),
    ("1,000 by lists", _record(x=_nested(999))),
    ("1,000 by objects", _record(x=_nested(999, '{"a":', "}"))),
    ("100,000 by lists", _record(x=_nested(99_999))),
    ("100,000 by objects", _record(x=_nested(99_999, '{"a":', "}"))),
    ("65 lists and no object", _nested(65).encode()),
    ("100,000 lists and no object", _nested(100_000).encode()),
    ("behind quotes and escapes in strings", _record(x='"]\\', y=_nested(64))),
]
NOT_OBJECTS: list[tuple[str, str]] = [
    ("null", "null"),
    ("true", "true"),
    ("a number", "42"),
    ("an infinite number", "1e999"),
    ("an integer of 5,000 digits", HUGE),
    ("a string", '"https://daily.example/a"'),
    ("an empty string", '""'),
    ("a lone surrogate", LONE),
    ("an empty list", "[]"),
    ("a good record in a list", _text([GOOD])),
    ("a good record in a string", json.dumps(_text(GOOD))),
    ("64 lists", _nested(64)),
    ("a list after a byte order mark", "\ufeff[]"),
]
_GOOD = _text(GOOD)
NOT_JSON: list[tuple[str, str]] = [
    *(
        (f"{literal} as {field}", _text(GOOD | {field: Json(literal)}))
        for literal in ("NaN", "Infinity", "-Infinity")
        for field in ("title", "quality", "unknown")
    ),
    *(
        (f"bare {words}", _text(GOOD | {"quality": Json(literal)}))
        for words, literal in [
            ("word", "good"),
            ("undefined", "undefined"),
            ("Python None", "None"),
            ("Python True", "True"),
            ("leading zero", "070"),
            ("plus sign", "+70"),
            ("leading point", ".5"),
            ("trailing point", "5."),
            ("empty exponent", "5e"),
            ("lone minus", "-"),
            ("hexadecimal", "0x46"),
            ("thousands separator", "1_000"),
            ("full-width digit", "\uff17"),
            ("nothing", ""),
        ]
    ),
    *(
        (f"string with {words}", _text(GOOD | {"title": Json(literal)}))
        for words, literal in [
            ("a raw tab", '"Harbour\tbridge"'),
            ("a raw line feed", '"Harbour\nbridge"'),
            ("a raw NUL", '"Harbour\x00bridge"'),
            ("an unknown escape", r'"Harbour\xbridge"'),
            ("an escape of three digits", r'"Harbour \u00e"'),
            ("an escape with a letter g", r'"Harbour \u00eg"'),
            ("a capital U escape", r'"Harbour \U0001f6a2"'),
            ("single quotes", "'Harbour bridge'"),
            ("typographic quotes", "\u201cHarbour bridge\u201d"),
            ("no closing quote", '"Harbour bridge'),
            ("an escaped closing quote", '"Harbour bridge\\"'),
        ]
    ),
    ("trailing comma in the object", _GOOD[:-1] + ",}"),
    ("trailing comma in a list", _text(GOOD | {"topics": Json('["A",]')})),
    ("two commas", _GOOD.replace(",", ",,", 1)),
    ("missing comma", _GOOD.replace(",", " ", 1)),
    ("missing colon", _GOOD.replace(":", " ", 1)),
    ("unquoted name", _GOOD.replace('"title"', "title")),
    ("number for a name", _GOOD.replace('"title"', "7")),
    ("null for a name", _GOOD.replace('"title"', "null")),
    ("name without a value", '{"webUrl"}'),
    ("line comment", _GOOD + " // good"),
    ("block comment", "/* good */" + _GOOD),
    ("hash comment", _GOOD + " # good"),
    ("wrong closing bracket", _GOOD[:-1] + "]"),
    ("one closing brace too many", _GOOD + "}"),
    ("text after the record", _GOOD + " end"),
    ("comma after the record", _GOOD + ","),
    ("NUL after the record", _GOOD + "\x00"),
    ("two records", _GOOD + _GOOD),
    ("two records on two lines", _GOOD + "\n" + _GOOD),
    ("two byte order marks", "\ufeff\ufeff" + _GOOD),
    ("byte order mark at the end", _GOOD + "\ufeff"),
    ("no-break space before", "\u00a0" + _GOOD),
    ("form feed before", "\f" + _GOOD),
    ("line separator after", _GOOD + "\u2028"),
    ("record separator before", "\x1e" + _GOOD),
    ("callback around the record", f"callback({_GOOD})"),
    ("guard prefix", ")]}'\n" + _GOOD),
    ("only an opening brace", "{"),
    ("only a closing brace", "}"),
    ("only a quote", '"'),
    ("plain text", "Harbour bridge reopens"),
    ("a URL", URL),
    ("HTML", "<!doctype html><title>Harbour</title>"),
    ("XML", '<?xml version="1.0"?><item/>'),
    ("YAML", "webUrl: https://daily.example/a\ntitle: Harbour"),
    ("CSV", "webUrl,title\nhttps://daily.example/a,Harbour"),
    ("Python dict", str(GOOD)),
    ("base64", "eyJ3ZWJVcmwiOiIifQ=="),
    ("a single NUL", "\x00"),
]
NOT_UTF8: list[tuple[str, bytes]] = [
    *(
        (words, _GOOD.encode().replace(b"Harbour", broken))
        for words, broken in [
            ("Latin-1 letter", b"Caf\xe9"),
            ("Windows quotes", b"\x93Harbour\x94"),
            ("lone continuation byte", b"Harbour\x80"),
            ("byte ff", b"Harbour\xff"),
            ("byte fe", b"Harbour\xfe"),
            ("overlong NUL", b"Harbour\xc0\x80"),
            ("overlong slash", b"Harbour\xe0\x80\xaf"),
            ("surrogate encoded", b"Harbour\xed\xa0\x80"),
            ("pair of surrogates encoded", b"Harbour\xed\xa0\xbd\xed\xba\xa2"),
            ("beyond U+10FFFF", b"Harbour\xf4\x90\x80\x80"),
            ("five-byte form", b"Harbour\xf8\x88\x80\x80\x80"),
            ("sequence cut short", b"Harbour\xf0\x9f\x9a"),
        ]
    ),
    ("broken in an unknown field", _GOOD.encode()[:-1] + b',"x":"\xff"}'),
    ("broken in a name", _GOOD.encode()[:-1] + b',"\xff":1}'),
    ("broken after the record", _GOOD.encode() + b"\xff"),
    ("broken before the record", b"\xff" + _GOOD.encode()),
    ("half a byte order mark", b"\xef\xbb" + _GOOD.encode()),
    ("neither UTF-8 nor JSON", b"Harbour \xff bridge"),
    ("UTF-16 with its mark", _GOOD.encode("utf-16")),
    ("UTF-32 with its mark", _GOOD.encode("utf-32")),
    ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
]


def _dead(reason: str, field: str | None, words: str, payload: bytes) -> Case:
    where = f"{field} {reason}" if field else reason
    return Case(f"{where}: {words}", payload, reason, field)


def _fine(words: str, payload: bytes) -> Case:
    return Case(f"fine: {words}", payload, None, None)


def _required_fields() -> Iterator[Case]:
    for field in REQUIRED:
        yield _dead("missing", field, "absent", _record(**{field: ABSENT}))
        yield _dead("missing", field, "null", _record(**{field: None}))
        yield _dead("missing", field, "absent among all others", _record(FULL, **{field: ABSENT}))
        for words, value in NOT_STRINGS:
            yield _dead("wrong-type", field, words, _record(**{field: value}))
        for words, value in (("empty list", []), ("forty lists deep", _nested(40))):
            yield _dead("wrong-type", field, words, _record(**{field: value}))
    for field in ("webUrl", "publishedDateTime"):
        for words, value in (("empty", ""), ("spaces", "  ")):
            yield _dead("blank", field, words, _record(**{field: value}))
    for epoch in (0, 1772445600, 1772445600000, -1, 1772445600.5):
        yield _dead("wrong-type", "publishedDateTime", f"{epoch}", _record(publishedDateTime=epoch))
    for title_words, reason, title in TITLES:
        payload = _record(title=title)
        words = f"title {title_words}"
        yield _dead(reason, "title", title_words, payload) if reason else _fine(words, payload)


def _urls_and_times() -> Iterator[Case]:
    for words, url in BAD_URLS:
        yield _dead("bad-url", "webUrl", words, _record(webUrl=url))
    for length in (2_049, 3_000, 100_000):
        url = "https://daily.example/" + "a" * (length - 22)
        yield _dead("too-long", "webUrl", f"{length:,} characters", _record(webUrl=url))
    for words, url in FINE_URLS:
        yield _fine(f"webUrl {words}", _record(webUrl=url))
    for words, time in BAD_TIMES:
        yield _dead("bad-time", "publishedDateTime", words, _record(publishedDateTime=time))
    for words, time in FINE_TIMES:
        yield _fine(f"publishedDateTime {words}", _record(publishedDateTime=time))


def _several_faults() -> Iterator[Case]:
    bad: dict[str, tuple[str, Any]] = {
        "webUrl": ("bad-url", "/relative"),
        "title": ("blank", " "),
        "publishedDateTime": ("bad-time", "yesterday"),
    }
    yield _dead("missing", "webUrl", "empty object", b"{}")
    yield _dead("missing", "webUrl", "only unknown fields", b'{"a":1,"b":[2]}')
    for first, second in (REQUIRED[:2], REQUIRED[1:], (REQUIRED[0], REQUIRED[2])):
        reason, value = bad[first]
        yield _dead(
            reason, first, f"before {second} absent", _record(**{first: value, second: ABSENT})
        )
        reversed_record = {second: bad[second][1], first: value}
        rest = {name: GOOD[name] for name in REQUIRED if name not in reversed_record}
        named_late = _text(reversed_record | rest).encode()
        yield _dead(reason, first, f"before {second} though written after it", named_late)
    yield _dead("missing", "title", "beside a faulty quality", _record(title=None, quality="x"))
    not_withdrawn = _record(withdrawn="true", title=ABSENT)
    yield _dead("missing", "title", "withdrawn is a word, not true", not_withdrawn)
    yield _dead("missing", "title", "withdrawn false", _record(withdrawn=False, title=ABSENT))
    yield _dead("missing", "webUrl", "withdrawn", _record(withdrawn=True, webUrl=ABSENT))
    yield _dead(
        "bad-url", "webUrl", "withdrawn", _record(withdrawn=True, webUrl="ftp://a.example/")
    )
    twice = _GOOD[:-1] + ',"title":"   "}'
    yield _dead("blank", "title", "given twice, the last blank", twice.encode())
    yield _fine("title given twice, the first a number", b'{"title":7,' + _GOOD[1:].encode())
    escaped = _GOOD.replace('"title"', r'"\u0074itle"')
    yield _fine("name written with an escape", escaped.encode())


def _optional_fields() -> Iterator[Case]:
    for field, rows in FAULTY.items():
        for words, value in rows:
            yield Case(f"faulty {field}: {words}", _record(**{field: value}), None, None, (field,))
    yield Case(
        "faulty quality and type", _record(quality="x", type=7), None, None, ("quality", "type")
    )
    every = {field: rows[0][1] for field, rows in FAULTY.items()}
    yield Case(
        "faulty in every optional field", _record(**every), None, None, tuple(sorted(FAULTY))
    )
    for words, changes in FINE:
        yield _fine(words, _record(**changes))


def _whole_records() -> Iterator[Case]:
    for reason, rows in (("not-an-object", NOT_OBJECTS), ("not-json", NOT_JSON)):
        for words, text in rows:
            yield _dead(reason, None, words, text.encode())
    for words, payload in NOT_UTF8:
        yield _dead("not-utf8", None, words, payload)
    yield _dead("not-json", None, "UTF-16 without its mark", _GOOD.encode("utf-16-le"))
    for words, payload in TOO_DEEP:
        yield _dead("too-deep", None, words, payload)
    good = _GOOD.encode()
    yield _fine("byte order mark", b"\xef\xbb\xbf" + good)
    yield _fine("spaces, tabs and line ends around", b" \t\r\n" + good + b"\r\n")
    spread = json.dumps(GOOD, indent="\t").replace("\n", "\r\n")
    yield _fine("one record over several CR LF lines", spread.encode())
    raw = json.dumps(FULL, ensure_ascii=False)
    yield _fine("raw UTF-8 beside escapes", raw.replace("Ferries", r"\u0046erries").encode())
    yield _fine(
        "raw DEL and line separator in a string", good.replace(b" bridge", b"\x7f\xe2\x80\xa8")
    )


def _sizes() -> Iterator[Case]:
    good, limit = _GOOD.encode(), MAX_RECORD_BYTES
    yield _fine("exactly 1 MiB of padding", good.ljust(limit))
    filled = _record(x="a" * (limit - len(_record(x=""))))
    yield _fine("exactly 1 MiB in an unknown field", filled)
    yield _dead("too-large", None, "1 MiB and one byte of padding", good.ljust(limit + 1))
    yield _dead("too-large", None, "1 MiB and one byte", filled[:-2] + b'a"}')
    in_bytes = json.dumps(GOOD | {"x": "\u00e9" * 600_000}, ensure_ascii=False).encode()
    yield _dead("too-large", None, "600,000 characters of two bytes", in_bytes)
    yield _dead("too-large", None, "10 MB of excerpt", _record(excerpt="a" * 10_000_000))
    yield _dead("too-large", None, "10 MB of list", _record(x=Json("[" + "1," * 5_000_000 + "1]")))
    yield _dead("too-large", None, "2 MB of opening brackets", b"[" * 2_000_000)
    yield _dead("too-large", None, "2 MB not UTF-8", b"\xff" * 2_000_000)
    yield _dead("too-large", None, "2 MB of NULs", bytes(2_000_000))


def _damaged() -> Iterator[Case]:
    """Truncated payloads, and payloads with one changed byte, whose outcome is certain.

    A proper prefix of a compact object is never JSON; a single byte above 7f among ASCII is never
    UTF-8; a control character is never JSON, inside or outside a string.
    """
    raw = _text(FULL).replace(r"\u2014", "\u2014").replace(r"\u00e9", "\u00e9").encode()
    for end in range(1, len(raw), 17):
        yield _dead(
            "not-json" if _is_utf8(raw[:end]) else "not-utf8", None, f"cut at {end}", raw[:end]
        )
    dash = raw.index("\u2014".encode())
    for end in (dash + 1, dash + 2, raw.index("\u00e9".encode()) + 1):
        yield _dead("not-utf8", None, f"cut inside a character, at {end}", raw[:end])
    yield _dead("not-json", None, "cut before the last brace", raw[:-1])
    ascii_record, chance = _record(FULL), random.Random(20260302)
    for at in sorted(chance.sample(range(len(ascii_record)), 30)):
        high = bytes([ascii_record[at] | 0x80])
        low = bytes([chance.randrange(1, 9)])
        before, after = ascii_record[:at], ascii_record[at + 1 :]
        yield _dead("not-utf8", None, f"high bit set at {at}", before + high + after)
        yield _dead("not-json", None, f"control character at {at}", before + low + after)


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def cases() -> list[Case]:
    """All cases in a fixed order, with the same payloads in every run."""
    return [
        *_required_fields(),
        *_urls_and_times(),
        *_several_faults(),
        *_optional_fields(),
        *_whole_records(),
        *_sizes(),
        *_damaged(),
    ]
