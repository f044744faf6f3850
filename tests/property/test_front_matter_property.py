"""Front matter: any record is read back as written, any text is read or refused, edits are kept."""

import json
import re
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from newsloom.adapters.front_matter import Document, FrontMatterError, dumps, loads

AWKWARD = [
    *("", " ", "'", '"', "\\", "“”", "🌊", "[", "{}", "%", "@", "---", "\n---\n", "...", "<<", "="),
    *("a: b", "a #b", "- a", "yes", "NULL", "0x1F", "1_0", "12:30", "1e3", ".5", "+.5", ".inf"),
    *("2020-02-26T22:57:00Z", "2020-02-26", "-0", "\r\n", "\t", "\x7f", "\ufeff"),
    *("\x85", "\u2028", "\u2029"),
]
FIELD_NAMES = ["title", "webUrl", "name", "publishedDateTime", "similarity", "secured", "topics"]
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.lists(st.sampled_from(AWKWARD), max_size=4).map("".join),
    st.from_regex(r"[-+.]?[0-9oxbaef_.:TZ-]{1,12}", fullmatch=True),
)
names = st.sampled_from(FIELD_NAMES) | texts.filter(lambda text: len(text) <= 128)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
records = st.dictionaries(names, values, max_size=6)

# Fields as authors write them, and the text that may be between them.
FIELDS = [
    *("{}: plain text", "{}: 'it''s'", '{}: "double\\n"', "{}:", "{}: 1.50", "{}: ~", '"{}": 1'),
    *("{}: |\n  kept\n   lines", "{}: |+\n  kept\n\n\n", "{}: >-\n  folded\n\n  text", "{}: |\n"),
    *("{}: [1, a, {{b: c}}]", "{}:\n- x\n-\n- y", "{}:\n    deep:\n      - a: b", "{}: {{}}"),
    *("{}: text over\n  two lines", '{}: "text over\n\n  two lines"', "{}: 'a\n# b'", "{}: x # c"),
    *("{}:\n  ? a\n  # c", "{}: [a,\n  b]", "{}: |2\n   more", "{}: a\u2028b"),
]
GAPS = ["", "\n", "# comment\n", "   # indented\n", "\n   \n\n", "\n#\n\n"]
edits = st.lists(
    st.tuples(st.sampled_from(["set", "remove", "move"]), st.sampled_from("abcdefgh"), values),
    max_size=5,
)


class StringDates(yaml.SafeLoader):
    """PyYAML's loader, but dates stay text. It serves as an independent reader."""


StringDates.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def exact(value: Any) -> str:
    """A text form that differs for 1, 1.0 and True, and for another order of fields."""
    return json.dumps(value)


def read_or_refusal(text: str) -> Document | str:
    try:
        return loads(text)
    except FrontMatterError as error:
        return str(error)


@given(records, texts)
def test_a_written_record_is_read_back_unchanged(record: dict[str, Any], body: str) -> None:
    document = loads(dumps(record, body))
    assert exact(document) == exact(record)
    assert document.body == body


@given(records)
def test_an_independent_reader_gives_the_same_record(record: dict[str, Any]) -> None:
    block = re.fullmatch(r"---\n(.*)---\n\n", dumps(record), re.DOTALL)
    assert block is not None
    assert exact(yaml.load(block[1], Loader=StringDates) or {}) == exact(record)


@given(records)
def test_writing_the_read_record_gives_the_same_text(record: dict[str, Any]) -> None:
    text = dumps(record)
    assert dumps(loads(text)) == text
    assert dumps(dict(loads(text))) == text


@given(
    st.one_of(
        texts,
        st.text("a:-?[]{}#&*!|>'\"%@`, \n\r\t\\0~<=.\x85\u2028\ufeff\ud800\x00", max_size=60),
        st.lists(st.sampled_from(["a: ", "- ", "? ", "\n", "  ", "|+", "'", '"', "[", "}", "---"])),
    ).map("".join)
)
def test_any_text_is_read_or_refused(block: str) -> None:
    for text in (block, f"---\n{block}\n---\n", f"---\r\n{block}\r\n---"):
        read = read_or_refusal(text)
        if isinstance(read, str):
            assert re.match(r"line \d+: .+; .+", read, re.DOTALL)
        else:
            assert exact(loads(dumps(read))) == exact(read)
            assert exact(loads(dumps(dict(read)))) == exact(read)


@given(
    st.lists(st.tuples(st.sampled_from(GAPS), st.sampled_from(FIELDS)), max_size=6),
    st.sampled_from(GAPS),
    st.sampled_from(["\n", "\r\n"]),
    edits,
)
def test_any_edit_of_an_authored_file_is_kept(
    parts: list[tuple[str, str]], tail: str, line_end: str, changes: list[tuple[str, str, Any]]
) -> None:
    lines = "".join(
        f"{gap}{field.format(name)}\n" for name, (gap, field) in zip("abcdef", parts, strict=False)
    )
    text = f"---\n{lines}{tail}---\nbody\n".replace("\n", line_end)
    document = loads(text)
    assert re.sub(r"\s+", "", dumps(document)) == re.sub(r"\s+", "", text) or "|+" in text
    for change, name, value in changes:
        if change == "set":
            document[name] = value
        elif name in document:
            old = document.pop(name)
            if change == "move":
                document[name] = old
    again = loads(dumps(document))
    assert exact(again) == exact(document)
    assert again.body == document.body
