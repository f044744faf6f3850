"""Reads and writes Markdown files with YAML front matter, the format of static site generators.

In: the text of a file, or a record. Out: a `Document`, or the text of a file. A file that is read
and written without changes keeps its text. A changed field is written by the rules of `form`; the
other fields keep their text. It never cleans, validates or converts a value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from newsloom.adapters.front_matter.form import FrontMatterError, is_set_apart, write_field
from newsloom.adapters.front_matter.reader import BlockReader, SourceField, fault_at

__all__ = ["MAX_BYTES", "Document", "FrontMatterError", "dumps", "loads"]

MAX_BYTES = 1 << 20  # the same bound as for an event

_OPENING = re.compile("\ufeff?---[ \t]*\r?\n")
_CLOSING = re.compile(r"^---[ \t]*\r?(?:\n|\Z)", re.MULTILINE)


class _Source(NamedTuple):
    opening: str
    fields: dict[str, SourceField]  # empty if the fields do not all begin on their own line
    tail: str  # comments after the last field
    closing: str


_NO_SOURCE = _Source("---\n", {}, "", "---\n")


class Document(dict[str, Any]):
    """The fields of a front matter in file order, and `body`: the text after the closing line.

    Otherwise a plain dict. A document that `loads` returned keeps its source text for `dumps`.
    """

    def __init__(
        self, fields: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), body: str = "\n"
    ) -> None:
        """Creates a document with these fields. The default body is one empty line."""
        super().__init__(fields)
        self.body = body
        self._source = _NO_SOURCE


def loads(text: str) -> Document:
    """Reads a Markdown file that begins with YAML front matter.

    No field is required. All fields are kept, in order; names are strings. Plain `true`, `false`,
    `null`, `~`, empty values, integers and decimals get their type. Every other value is the string
    as written: `2020-02-26T22:57:00Z`, `12:30`, `1_000`, `0x1F`, `007`, `yes`. Tags, anchors,
    aliases, equal names in one mapping, names longer than 128 characters, nesting deeper than 64
    and texts larger than 1 MiB are refused. Raises FrontMatterError with the 1-based line and the
    fix, and no other error for any string.
    """
    if _is_too_large(text):
        raise fault_at(text, 0, "the file is larger than 1 MiB", "shorten it")
    opening = _OPENING.match(text)
    if opening is None:
        raise fault_at(text, 0, "no opening '---'", "begin the file with a line '---'")
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        fix = "end the front matter with a line '---'"
        raise fault_at(text, len(text), "no closing '---'", fix)
    reader = BlockReader(text, opening.end(), closing.start())
    document = Document(reader.read(), text[closing.end() :])
    fields, tail = reader.sources(document)
    document._source = _Source(opening[0], fields, tail, closing[0])
    return document


def dumps(record: Mapping[str, Any], body: str | None = None) -> str:
    """Writes a record as a Markdown file with front matter, its fields in the mapping's order.

    There is a blank line before and after each non-empty mapping, each non-empty list and
    `secured`; `form.write_field` describes the quoting. Unchanged fields of a `Document` from
    `loads` keep their text, with comments, quotes and line endings; otherwise the text depends only
    on the fields and their order. `body` defaults to the document's body, else to one empty line.
    `loads` reads the result as an equal record. Raises FrontMatterError for a record that `loads`
    could not read.
    """
    source = record._source if isinstance(record, Document) else _NO_SOURCE
    if body is None:
        body = record.body if isinstance(record, Document) else "\n"
    needs_line_break = body and not source.closing.endswith("\n")
    closing = source.closing + (_line_ending(source) if needs_line_break else "")
    text = "".join((source.opening, *_field_texts(record, source), source.tail, closing, body))
    if _is_too_large(text):
        raise FrontMatterError("the record is larger than 1 MiB as front matter; shorten it")
    return text


def _field_texts(record: Mapping[str, Any], source: _Source) -> Iterator[str]:
    line_ending = _line_ending(source)
    is_first, was_set_apart = True, False
    for key, value in record.items():
        written = write_field(key, value)
        needs_blank_lines = is_set_apart(key, value)
        field = source.fields.get(key)
        if field is not None:
            yield field.lead
        elif not is_first and (needs_blank_lines or was_set_apart):
            yield line_ending
        is_unchanged = field is not None and field.written == written
        yield field.text if field and is_unchanged else written.replace("\n", line_ending)
        is_first, was_set_apart = False, needs_blank_lines


def _line_ending(source: _Source) -> str:
    return "\r\n" if source.opening.endswith("\r\n") else "\n"


def _is_too_large(text: str) -> bool:
    return len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES
