"""Records as lines: any record is one line, printable for a person, complete for a program."""

import base64
import json

from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from newsloom.commands.display.printable import printable
from newsloom.commands.kafka.record_lines import MAX_CHARS, json_line, readable_line


def record(
    value: bytes | None, key: bytes | None = None, headers: tuple[tuple[str, bytes], ...] = ()
) -> ConsumerRecord:
    return ConsumerRecord("t", 3, 7, 1_772_445_600_000, 0, key, value, None, 0, 0, headers)


_fields = st.sampled_from(
    ["title", "heat", "articleCount", "articles", "provider", "withdrawn", "mergedInto", "lead"]
)
_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text()), st.just({"name": 1})
)
_bytes = st.one_of(
    st.none(), st.binary(), st.dictionaries(_fields, _values).map(lambda d: json.dumps(d).encode())
)


@given(_bytes, st.none() | st.binary(), st.lists(st.tuples(st.text(), st.binary()), max_size=2))
def test_any_record_is_written_as_one_line(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    any_record = record(value, key, tuple(headers))
    line = readable_line(any_record).decode()
    assert line.endswith("\n")
    assert printable(line[:-1]) == line[:-1]
    assert len(line) < MAX_CHARS + 80
    read = json.loads(json_line(any_record))
    if value is None:
        assert read["value"] is None
    elif "value" not in read:
        assert base64.b64decode(read["valueBase64"]) == value


def test_the_line_of_a_dead_letter_names_its_fault() -> None:
    headers = (
        ("newsloom.reason", b"missing"),
        ("newsloom.stage", b"decode"),
        ("newsloom.field", b"title"),
        ("__streams.errors.message", b"title is missing"),
    )
    line = readable_line(record(b'{"webUrl":"https://a.example/1"}', None, headers)).decode()
    assert 'decode missing title: title is missing | {"webUrl":' in line


def test_the_line_of_the_dead_letter_of_a_tombstone_names_its_fault() -> None:
    headers = (
        ("newsloom.reason", b"bad-url"),
        ("newsloom.stage", b"decode"),
        ("__streams.errors.message", b"the key is no URL"),
    )
    line = readable_line(record(None, b"not a url", headers)).decode()
    assert "decode bad-url: the key is no URL | tombstone (not a url)" in line


def test_the_line_of_a_story_has_the_title_of_its_lead() -> None:
    story = {
        "id": "s",
        "lead": "b",
        "articleCount": 2,
        "articles": [{"id": "a", "title": "One"}, {"id": "b", "title": "Two"}],
        "providers": [{}, {}],
        "heat": 90,
        "revision": 4,
    }
    line = readable_line(record(json.dumps(story).encode(), b"s")).decode()
    assert (
        line
        == "3:7       2026-03-02 10:00:00 s            r4 heat 90, 2 articles by 2 providers: Two\n"
    )
