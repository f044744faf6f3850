"""Front matter: the exact written form, and what stays of an author's form."""

import json
from pathlib import Path

import pytest

from newsloom.adapters.front_matter import Document, dumps, loads

GOLDEN = Path(__file__).parents[3] / "golden" / "front_matter" / "record.md"

# All fields of a curated article that the golden record lacks, in their written form.
WHOLE_RECORD = """\
---
category: news
title: "Tide: \\"high\\" water"
publishedDateTime: 2031-05-14T22:57:00Z
webUrl: "https://a.example/1"
ampWebUrl: "https://a.example/1?AMP"
cdnAmpWebUrl: "https://a-example.cdn.ampproject.org/c/s/a.example/1?AMP"
heat: null
published: true

provider:
  name: "No: 1"
  domain: a.example
  images:
    - url: "/logo.png"
      width: 50
      height: 50

images:
  - url: "https://a.example/1.jpg"
    width: 640
    height: 480
    title: "Water"
    attribution: "A. Doe"

related:
  - title: "Ebb"
    publishedDateTime: 2031-05-13T22:57:00+02:00
    provider:
      name: Ebb & Flow
    id: "12345678901234567890123456789012"
    relation: same-story
    similarity: 0.50

secured: "AAAA;BBBB;k1"

id: 1f0e2d3c4b5a69788796a5b4c3d2e1f0
revision: 7
storyId: a0000000000000000000000000000000
duplicateOf: b0000000000000000000000000000000

duplicates:
  - id: c0000000000000000000000000000000
    webUrl: "https://b.example/1"
    provider:
      name: B
    publishedDateTime: 2031-05-14T23:00:00Z

locale: en-us
originalUrl: "https://a.example/original"
updatedDateTime: null
curatedDateTime: 2031-05-14T23:00:00Z
source: crawler-1
schemaVersion: 1
---

"""

AUTHORED = """\
---
# kept by hand
title:   'It''s a "tide"'
excerpt: >
  folded text,
  two lines

  # not a comment
tags: [one, 'two', 3]   # in a row
provider: {name: "Tide", since: 1_000}

# the last word
unknown:
    deep:
    - nested: |
        as it is
heat:
# at the end
---
Body text.
---
More.
"""


def read_block(block: str) -> Document:
    return loads(f"---\n{block}\n---\n")


@pytest.mark.parametrize(
    "text", [GOLDEN.read_text(encoding="utf-8"), WHOLE_RECORD], ids=["golden", "whole"]
)
def test_a_record_is_written_in_the_reference_form(text: str) -> None:
    document = loads(text)
    assert dumps(document) == text
    assert dumps(json.loads(json.dumps(document))) == text


def test_a_new_record_has_the_same_form_as_a_read_one() -> None:
    assert dumps({"title": "A", "topics": ["B"], "type": "article", "secured": "x"}) == (
        '---\ntitle: "A"\n\ntopics:\n  - B\n\ntype: article\n\nsecured: "x"\n---\n\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(AUTHORED, id="quotes, comments, flow, block scalars, unknown fields, body"),
        pytest.param(AUTHORED.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\ufeff---\na: 1\n---\n", id="byte order mark"),
        pytest.param("---\n---\n", id="no fields"),
        pytest.param("--- \na: 1.50\n---  ", id="spaces after the fences, no last line break"),
        pytest.param("---\r\n---", id="nothing but fences"),
    ],
)
def test_reading_and_writing_back_gives_the_same_bytes(text: str) -> None:
    assert dumps(loads(text)) == text


def test_values_in_an_authors_form_are_read_correctly() -> None:
    assert json.dumps(loads(AUTHORED)) == json.dumps(
        {
            "title": 'It\'s a "tide"',
            "excerpt": "folded text, two lines\n# not a comment\n",
            "tags": ["one", "two", 3],
            "provider": {"name": "Tide", "since": "1_000"},
            "unknown": {"deep": [{"nested": "as it is\n"}]},
            "heat": None,
        }
    )
    assert loads(AUTHORED).body == "Body text.\n---\nMore.\n"


def test_changing_a_field_does_not_change_the_other_fields() -> None:
    document = loads(AUTHORED)
    document["title"] = "New"
    document["unknown"]["deep"][0]["nested"] = "changed in place"
    del document["tags"]
    document["images"] = [{"url": "u"}]
    assert dumps(document) == (
        "---\n# kept by hand\n"
        'title: "New"\n'
        "excerpt: >\n  folded text,\n  two lines\n\n  # not a comment\n"
        'provider: {name: "Tide", since: 1_000}\n'
        "\n# the last word\nunknown:\n  deep:\n    - nested: changed in place\n"
        "heat:\n"
        '\nimages:\n  - url: "u"\n'
        "# at the end\n---\nBody text.\n---\nMore.\n"
    )


def test_a_changed_field_is_written_with_the_line_ends_of_its_file() -> None:
    document = loads("---\r\na: 1\r\nb: 2\r\n---\r\nbody")
    document["a"] = ["x"]
    assert dumps(document) == "---\r\na:\r\n  - x\r\nb: 2\r\n---\r\nbody"


def test_an_equal_value_of_another_type_is_a_change() -> None:
    document = loads("---\na: 1\nb: 1\n---\n")
    document["a"], document["b"] = True, 1.0
    assert dumps(document) == "---\na: true\nb: 1.0\n---\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param(
            "x: |\n  t\na: 1\n  # c\nb: 2\n", {"x": "t\n", "b": "2"}, id="indented comment"
        ),
        pytest.param("x: |+\n  t\na: 1\n\nb: 2\n", {"x": "t\n", "b": "2"}, id="kept blank lines"),
        pytest.param(
            "x: |\n  t\na: 1\n   \nb: 2\n", {"x": "t\n", "b": "2"}, id="line of white space"
        ),
        pytest.param("{\nx: t,\na: 1,\nb: 2\n}\n", {"x": "t", "b": "2"}, id="in braces"),
        pytest.param("? x\n: t\n? a\n: 1\n? b\n: 2\n", {"x": "t", "b": "2"}, id="explicit names"),
        pytest.param(
            "  x: |1\n    t\n  a: 1\n  b: 2\n", {"x": " t\n", "b": "2"}, id="all indented"
        ),
        pytest.param("x: t\ra: 1\rb: 2\n", {"x": "t", "b": "2"}, id="carriage returns"),
    ],
)
def test_removing_a_field_does_not_change_the_other_fields(
    text: str, after: dict[str, str]
) -> None:
    document = loads(f"---\n{text}---\n")
    del document["a"]
    document["b"] = "2"
    document["c"] = "3"
    assert loads(dumps(document)) == after | {"c": "3"}


def test_a_last_indented_comment_does_not_become_part_of_the_text_above() -> None:
    document = read_block("x: |\n  t\na: 1\n  # end")
    del document["a"]
    assert dumps(document) == "---\nx: |\n  t\n# end\n---\n"


def test_a_question_mark_without_a_name_is_dropped_when_the_field_changes() -> None:
    document = read_block("?\n|+1")
    assert document == {"": None}
    document[""] = "x"
    assert dumps(document) == '---\n"": x\n---\n'


@pytest.mark.parametrize("value", ["|\n  text", "\n  - item", "{b: c}", "'text'", ""])
def test_comments_after_a_changed_field_are_kept(value: str) -> None:
    document = read_block(f"a: {value}\n# about b\n\nb: 1\n# the end")
    document["a"] = 2
    assert dumps(document) == "---\na: 2\n# about b\n\nb: 1\n# the end\n---\n"


def test_a_given_body_replaces_the_body_that_was_read() -> None:
    assert dumps({"a": 1}, "Text") == "---\na: 1\n---\nText"
    assert dumps(loads("---\na: 1\n---"), "Text") == "---\na: 1\n---\nText"
    assert dumps(loads("---\na: 1\n---\nOld"), "") == "---\na: 1\n---\n"


@pytest.mark.parametrize(
    "text",
    [
        *("2020-02-26T22:57:00Z", "2020-02-26", "12:30", "1_000", "0x1F", "0o7", "007", "1e3"),
        *("yes", "no", "on", "y", "tRue", "nul", ".5", "5.", "+1", ".inf", ".nan", "<<", "=", "९"),
        *("9" * 321, "9" * 320 + ".0"),
    ],
)
def test_text_that_resembles_another_type_is_read_as_text(text: str) -> None:
    assert read_block(f"a: {text}")["a"] == text


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("-12", -12),
        ("0", 0),
        ("1.50", 1.5),
        ("-0.07", -0.07),
        ('"1"', "1"),
        ("'null'", "null"),
        ('""', ""),
        ("|\n  1", "1\n"),
    ],
)
def test_the_type_of_a_read_value(written: str, value: object) -> None:
    read = read_block(f"a: {written}")["a"]
    assert (type(read), read) == (type(value), value)


def test_all_names_are_read_as_text() -> None:
    assert list(read_block("1: a\ntrue: b\n~: c\n<<: d\n2020-01-01: e")) == [
        "1",
        "true",
        "~",
        "<<",
        "2020-01-01",
    ]


def test_unusual_line_separators_are_read_as_text() -> None:
    text = "a\x85b\u2028c\u2029d"
    assert read_block(f'a: {text}\nb: "{text}"\n{text}: c') == {"a": text, "b": text, text: "c"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("Tom's (UK), a#1 & [co]", "Tom's (UK), a#1 & [co]", id="plain"),
        pytest.param("日本 🌊", "日本 🌊", id="plain in any script"),
        pytest.param("", '""', id="empty"),
        pytest.param(" a", '" a"', id="leading space"),
        pytest.param("a ", '"a "', id="trailing space"),
        pytest.param("a: b", '"a: b"', id="colon"),
        pytest.param("a:", '"a:"', id="trailing colon"),
        pytest.param("a #b", '"a #b"', id="comment"),
        pytest.param("- a", '"- a"', id="list item"),
        pytest.param("*a", '"*a"', id="alias"),
        pytest.param("!a", '"!a"', id="tag"),
        pytest.param("...", '"..."', id="document end"),
        pytest.param("a\n---\nb", '"a\\n---\\nb"', id="fence"),
        pytest.param("a\tb\x00\x7f", '"a\\tb\\u0000\\u007f"', id="controls"),
        pytest.param("a\u2028\x85\ufeff", '"a\\u2028\\u0085\\ufeff"', id="separators"),
        pytest.param("a\u00a0b", '"a\u00a0b"', id="no-break space"),
        pytest.param("No", '"No"', id="boolean of YAML 1.1"),
        pytest.param("off", '"off"', id="another boolean of YAML 1.1"),
        pytest.param("y", '"y"', id="the shortest boolean of YAML 1.1"),
        pytest.param("0b1", '"0b1"', id="base 2 of YAML 1.1"),
        pytest.param("12:30", '"12:30"', id="base 60 of YAML 1.1"),
        pytest.param("1_000", '"1_000"', id="number of YAML 1.1"),
        pytest.param("12e4", '"12e4"', id="number of YAML 1.2"),
        pytest.param(
            "2020-02-26T22:57:00Z", '"2020-02-26T22:57:00Z"', id="date-time in a field for text"
        ),
        pytest.param(1e-7, "0.0000001", id="small"),
        pytest.param(1e22, "10000000000000000000000.0", id="great"),
        pytest.param([], "[]", id="empty list"),
        pytest.param({}, "{}", id="empty mapping"),
    ],
)
def test_the_written_form_of_a_value(value: object, written: str) -> None:
    text = f"---\nname: {written}\n---\n\n"
    assert dumps({"name": value}) == text
    assert loads(text) == {"name": value}


def test_lists_of_lists() -> None:
    record = {"a": [["b", ["c"]], [{"d": ["e"], "f": 1}], []]}
    text = "---\na:\n  - - b\n    - - c\n  - - d:\n        - e\n      f: 1\n  - []\n---\n\n"
    assert dumps(record) == text
    assert loads(text) == record
