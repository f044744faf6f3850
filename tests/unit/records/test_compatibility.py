"""A table of schema changes and of what they break for crawlers and subscribers."""

import json

import pytest

from newsloom.records.compatibility import WHOLE_RECORD, Break, Schema, breaks
from newsloom.records.schemas import READERS, published_schema
from tests.support.schemas import (
    CLOSED,
    DATED,
    ENDED,
    LIVE,
    LONGER,
    MERGED,
    NULL,
    SMALL,
    TEXT,
    WIDER,
    WORD,
    by_reference,
    list_of,
    named,
    record,
    union,
)

# reason: (old, new, what breaks crawlers, what breaks subscribers), breaks as (field, detail).
Found = list[tuple[str, str]]
CHANGES: dict[str, tuple[Schema, Schema, Found, Found]] = {
    "nothing": (record("a", a=TEXT), record("a", a=TEXT), [], []),
    "an optional field more": (record(a=TEXT), record(a=TEXT, b=TEXT), [], []),
    "another description of a field": (
        record(a=TEXT),
        record(a={**TEXT, "description": "new"}),
        [],
        [],
    ),
    "a required field more": (
        record(a=TEXT),
        record("b", a=TEXT, b=TEXT),
        [("b", "is now required")],
        [],
    ),
    "an optional field made required": (
        record(a=TEXT),
        record("a", a=TEXT),
        [("a", "is now required")],
        [],
    ),
    "a required field made optional": (
        record("a", a=TEXT),
        record(a=TEXT),
        [],
        [("a", "may now be absent")],
    ),
    "an optional field removed": (
        record(a=TEXT, b=TEXT),
        record(a=TEXT),
        [("b", "is no longer read")],
        [("b", "is no longer published")],
    ),
    "a required field removed": (
        record("a b", a=TEXT, b=TEXT),
        record("a", a=TEXT),
        [("b", "is no longer read")],
        [("b", "is no longer published")],
    ),
    "a field renamed": (
        record("a", a=TEXT),
        record("b", b=TEXT),
        [("a", "is no longer read"), ("b", "is now required")],
        [("a", "is no longer published")],
    ),
    "another type": (
        record(a=TEXT),
        record(a=SMALL),
        [("a", "no longer takes string")],
        [("a", "may now be integer")],
    ),
    "an object made a string": (
        record(a=LIVE),
        record(a=TEXT),
        [("a", "no longer takes object")],
        [("a", "may now be string")],
    ),
    "a type more, in a union": (
        record(a=TEXT),
        record(a=union(TEXT, NULL)),
        [],
        [("a", "may now be null")],
    ),
    "a type less, in a union": (
        record(a=union(TEXT, NULL)),
        record(a=TEXT),
        [("a", "no longer takes null")],
        [],
    ),
    "types as a list": (
        record(a={"type": ["string", "null"]}),
        record(a=union(NULL, TEXT)),
        [],
        [],
    ),
    "a whole number made any number": (
        record(a={"type": "integer"}),
        record(a={"type": "number"}),
        [],
        [("a", "may now be number")],
    ),
    "any number made a whole one": (
        record(a={"type": "number"}),
        record(a={"type": "integer"}),
        [("a", "no longer takes number")],
        [],
    ),
    "a type made anything": (record(a=TEXT), record(a={}), [], [("a", "may now be any")]),
    "anything made a type": (record(a={}), record(a=TEXT), [("a", "no longer takes any")], []),
    "a value more, in a closed list": (
        record(a=CLOSED),
        record(a=LONGER),
        [],
        [("a", 'may now be "c"')],
    ),
    "a value less, in a closed list": (
        record(a=LONGER),
        record(a=CLOSED),
        [("a", 'no longer takes "c"')],
        [],
    ),
    "a closed list opened": (record(a=CLOSED), record(a=TEXT), [], [("a", "may now be others")]),
    "an open list closed": (
        record(a=TEXT),
        record(a=CLOSED),
        [("a", "no longer takes others")],
        [],
    ),
    "a constant made a flag": (
        record(a={"type": "boolean", "const": True}),
        record(a={"type": "boolean"}),
        [],
        [("a", "may now be others")],
    ),
    "a constant changed": (
        record(a={"const": True}),
        record(a={"const": 1}),
        [("a", "no longer takes true")],
        [("a", "may now be 1")],
    ),
    "a pattern more": (
        record(a=TEXT),
        record(a=WORD),
        [("a", 'pattern was none, is now "^[a-z]+$"')],
        [],
    ),
    "a pattern less": (
        record(a=WORD),
        record(a=TEXT),
        [],
        [("a", 'pattern was "^[a-z]+$", is now none')],
    ),
    "another pattern": (
        record(a=WORD),
        record(a={**WORD, "pattern": "^.$"}),
        [("a", 'pattern was "^[a-z]+$", is now "^.$"')],
        [("a", 'pattern was "^[a-z]+$", is now "^.$"')],
    ),
    "a format less": (
        record(a=DATED),
        record(a=TEXT),
        [],
        [("a", 'format was "date-time", is now none')],
    ),
    "bounds loosened": (
        record(a=SMALL),
        record(a=WIDER),
        [],
        [("a", "minimum was 0, is now -1"), ("a", "maximum was 200, is now 300")],
    ),
    "bounds narrowed": (
        record(a=WIDER),
        record(a=SMALL),
        [("a", "minimum was -1, is now 0"), ("a", "maximum was 300, is now 200")],
        [],
    ),
    "a greatest length narrowed": (
        record(a={**TEXT, "maxLength": 9}),
        record(a={**TEXT, "maxLength": 8}),
        [("a", "maxLength was 9, is now 8")],
        [],
    ),
    "a greatest length more": (
        record(a=TEXT),
        record(a={**TEXT, "maxLength": 8}),
        [("a", "maxLength was none, is now 8")],
        [],
    ),
    "a least length of zero": (
        record(a=TEXT),
        record(a={**TEXT, "minLength": 0}),
        [],
        [],
    ),
    "narrowed in one form of a union": (
        record(a=union({**TEXT, "maxLength": 9}, NULL)),
        record(a=union({**TEXT, "maxLength": 8}, NULL)),
        [("a", "maxLength was 9, is now 8")],
        [],
    ),
    "another type, in a list": (
        record(a=list_of(TEXT)),
        record(a=list_of(SMALL)),
        [("a[]", "no longer takes string")],
        [("a[]", "may now be integer")],
    ),
    "a list made shorter": (
        record(a=list_of(TEXT)),
        record(a={**list_of(TEXT), "maxItems": 20}),
        [("a", "maxItems was none, is now 20")],
        [],
    ),
    "removed deep inside, by reference": (
        by_reference(record(url=TEXT, width=SMALL)),
        by_reference(record(url=TEXT)),
        [("related[].images[].width", "is no longer read")],
        [("related[].images[].width", "is no longer published")],
    ),
    "required deep inside, in a union": (
        record(a=union(record(b=TEXT), NULL)),
        record(a=union(record("b", b=TEXT), NULL)),
        [("a.b", "is now required")],
        [],
    ),
    "a reference written out": (
        {**record(a={"$ref": "#/$defs/A"}), "$defs": {"A": LIVE}},
        record(a=LIVE),
        [],
        [],
    ),
    "unknown fields refused": (
        record(a=TEXT),
        {**record(a=TEXT), "additionalProperties": False},
        [(WHOLE_RECORD, "no longer takes unknown fields")],
        [],
    ),
    "a map of anything made one of text": (
        record(a={"type": "object", "additionalProperties": True}),
        record(a={"type": "object", "additionalProperties": TEXT}),
        [("a.*", "no longer takes any")],
        [],
    ),
    "a map of text made one of anything": (
        record(a={"type": "object", "additionalProperties": TEXT}),
        record(a={"type": "object"}),
        [],
        [("a.*", "may now be any")],
    ),
    "a second form of the same type": (
        record(a=WORD),
        record(a=union({**TEXT, "maxLength": 8}, WORD)),
        [],
        [("a", 'pattern was "^[a-z]+$", is now none')],
    ),
    "a bound beside a reference": (
        {**record(a={"$ref": "#/$defs/A"}), "$defs": {"A": TEXT}},
        {**record(a={"$ref": "#/$defs/A", "maxLength": 8}), "$defs": {"A": TEXT}},
        [("a", "maxLength was none, is now 8")],
        [],
    ),
    "a form of record more": (
        union(LIVE, ENDED),
        union(LIVE, ENDED, MERGED),
        [],
        [(WHOLE_RECORD, "may now be Merged")],
    ),
    "a form of record less": (
        union(LIVE, ENDED, MERGED),
        union(LIVE, ENDED),
        [(WHOLE_RECORD, "no longer takes Merged")],
        [(WHOLE_RECORD, "Merged is gone")],
    ),
    "forms in another order": (union(LIVE, ENDED, MERGED), union(MERGED, ENDED, LIVE), [], []),
    "a form renamed": (
        union(LIVE, ENDED, MERGED),
        union(named("Gone", ENDED), LIVE, named("Joined", MERGED)),
        [],
        [],
    ),
    "a field removed from one form": (
        union(LIVE, ENDED),
        union(named("Live", record("id", id=TEXT)), ENDED),
        [("text", "is no longer read")],
        [("text", "is no longer published")],
    ),
    "a keyword that cannot be judged": (
        record(a=TEXT),
        record(a={**TEXT, "not": {"const": "x"}}),
        [("a", 'not was none, is now {"const": "x"}')],
        [("a", 'not was none, is now {"const": "x"}')],
    ),
    "a rule between fields": (
        record(a=TEXT),
        {**record(a=TEXT), "dependentRequired": {"a": ["b"]}},
        [(WHOLE_RECORD, 'dependentRequired was none, is now {"a": ["b"]}')],
        [(WHOLE_RECORD, 'dependentRequired was none, is now {"a": ["b"]}')],
    ),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_the_breaks_for_crawlers(reason: str) -> None:
    old, new, expected, _ = CHANGES[reason]
    found = breaks(old, new, "crawlers")
    assert found == [Break(field, "crawlers", detail) for field, detail in expected]


@pytest.mark.parametrize("reason", CHANGES)
def test_the_breaks_for_subscribers(reason: str) -> None:
    old, new, _, expected = CHANGES[reason]
    found = breaks(old, new, "subscribers")
    assert found == [Break(field, "subscribers", detail) for field, detail in expected]


@pytest.mark.parametrize("name", READERS)
def test_an_unchanged_published_schema_has_no_breaks(name: str) -> None:
    schema = published_schema(name)
    assert breaks(schema, json.loads(json.dumps(schema)), READERS[name]) == []
