"""Whole payloads for the catalogue of malformed events that are not a record at all.

Each table has the words for the name of a case, and the payload.
"""

import json

from tests.support.malformed_json import GOOD, HUGE, LONE, URL, Json, nested, record, text

TOO_DEEP: list[tuple[str, bytes]] = [
    ("65 by lists in an unknown field", record(x=nested(64))),
    ("65 by objects in an unknown field", record(x=nested(64, '{"a":', "}"))),
    ("66 by both in turn", record(x=nested(33, '[{"a":', "}]"))),
    ("65 in the second of two fields", record(x=nested(63), y=nested(64))),
    ("65 in the last element of a list", record(x=[1, [2], nested(63)])),
    ("65 in title", record(title=nested(64))),
    ("65 in topics", record(topics=nested(64))),
    ("65 in private", record(private={"x": nested(63)})),
    ("65 with required fields missing", text({"x": nested(64)}).encode()),
    ("65 in a withdrawal", record(withdrawn=True, x=nested(64))),
    ("1,000 by lists", record(x=nested(999))),
    ("1,000 by objects", record(x=nested(999, '{"a":', "}"))),
    ("100,000 by lists", record(x=nested(99_999))),
    ("100,000 by objects", record(x=nested(99_999, '{"a":', "}"))),
    ("65 lists and no object", nested(65).encode()),
    ("100,000 lists and no object", nested(100_000).encode()),
    ("behind quotes and escapes in strings", record(x='"]\\', y=nested(64))),
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
    ("a good record in a list", text([GOOD])),
    ("a good record in a string", json.dumps(text(GOOD))),
    ("64 lists", nested(64)),
    ("a list after a byte order mark", "\ufeff[]"),
]
GOOD_TEXT = text(GOOD)
NOT_JSON: list[tuple[str, str]] = [
    *(
        (f"{literal} as {field}", text(GOOD | {field: Json(literal)}))
        for literal in ("NaN", "Infinity", "-Infinity")
        for field in ("title", "quality", "unknown")
    ),
    *(
        (f"bare {words}", text(GOOD | {"quality": Json(literal)}))
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
        (f"string with {words}", text(GOOD | {"title": Json(literal)}))
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
    ("trailing comma in the object", GOOD_TEXT[:-1] + ",}"),
    ("trailing comma in a list", text(GOOD | {"topics": Json('["A",]')})),
    ("two commas", GOOD_TEXT.replace(",", ",,", 1)),
    ("missing comma", GOOD_TEXT.replace(",", " ", 1)),
    ("missing colon", GOOD_TEXT.replace(":", " ", 1)),
    ("unquoted name", GOOD_TEXT.replace('"title"', "title")),
    ("number for a name", GOOD_TEXT.replace('"title"', "7")),
    ("null for a name", GOOD_TEXT.replace('"title"', "null")),
    ("name without a value", '{"webUrl"}'),
    ("line comment", GOOD_TEXT + " // good"),
    ("block comment", "/* good */" + GOOD_TEXT),
    ("hash comment", GOOD_TEXT + " # good"),
    ("wrong closing bracket", GOOD_TEXT[:-1] + "]"),
    ("one closing brace too many", GOOD_TEXT + "}"),
    ("text after the record", GOOD_TEXT + " end"),
    ("comma after the record", GOOD_TEXT + ","),
    ("NUL after the record", GOOD_TEXT + "\x00"),
    ("two records", GOOD_TEXT + GOOD_TEXT),
    ("two records on two lines", GOOD_TEXT + "\n" + GOOD_TEXT),
    ("two byte order marks", "\ufeff\ufeff" + GOOD_TEXT),
    ("byte order mark at the end", GOOD_TEXT + "\ufeff"),
    ("no-break space before", "\u00a0" + GOOD_TEXT),
    ("form feed before", "\f" + GOOD_TEXT),
    ("line separator after", GOOD_TEXT + "\u2028"),
    ("record separator before", "\x1e" + GOOD_TEXT),
    ("callback around the record", f"callback({GOOD_TEXT})"),
    ("guard prefix", ")]}'\n" + GOOD_TEXT),
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
        (words, GOOD_TEXT.encode().replace(b"Harbour", broken))
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
    ("broken in an unknown field", GOOD_TEXT.encode()[:-1] + b',"x":"\xff"}'),
    ("broken in a name", GOOD_TEXT.encode()[:-1] + b',"\xff":1}'),
    ("broken after the record", GOOD_TEXT.encode() + b"\xff"),
    ("broken before the record", b"\xff" + GOOD_TEXT.encode()),
    ("half a byte order mark", b"\xef\xbb" + GOOD_TEXT.encode()),
    ("neither UTF-8 nor JSON", b"Harbour \xff bridge"),
    ("UTF-16 with its mark", GOOD_TEXT.encode("utf-16")),
    ("UTF-32 with its mark", GOOD_TEXT.encode("utf-32")),
    ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
]
