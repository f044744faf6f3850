"""Markdown files with YAML front matter, the form in which static sites keep curated records.

What enters is a file's text or a record; what leaves is a `Document` or a file's text. A file read
and written back is the same text; a field that changed in between is written by the rule of
`front_matter_form`, its neighbours stay as they were. It never cleans, judges or converts a value.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from newsloom.adapters.front_matter.form import FrontMatterError, is_set_apart, write_field
from newsloom.adapters.front_matter.reader import BlockReader, SourceField, fault_at

__all__ = ["MAX_BYTES", "Document", "FrontMatterError", "dumps", "loads"]

MAX_BYTES = 1 << 20  # the same bound as for an event

_OPENING = re.compile("\ufeff?---[ \t]*\r?\n")
_CLOSING = re.compile(r"^---[ \t]*\r?(?:\n|\Z)", re.MULTILINE)


class _Source(NamedTuple):
    opening: str
    fields: dict[str, SourceField]  # empty when the fields do not each begin a line
    tail: str  # comments after the last field
    closing: str


_NO_SOURCE = _Source("---\n", {}, "", "---\n")


class Document(dict[str, Any]):
    """The fields of a front matter in file order, and `body`: the text after the closing line.

    A plain dict in all other respects. One that `loads` returned remembers its text for `dumps`.
    """

    def __init__(
        self, fields: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), body: str = "\n"
    ) -> None:
        """Hold the fields; the body is one empty line unless given."""
        super().__init__(fields)
        self.body = body
        self._source = _NO_SOURCE


def loads(text: str) -> Document:
    """Read a Markdown file that opens with YAML front matter.

    No field is required, all are kept in order, names are strings. Plain `true`, `false`, `null`,
    `~`, nothing, integers and decimals get their type; every other value is the string as written:
    `2020-02-26T22:57:00Z`, `12:30`, `1_000`, `0x1F`, `007`, `yes`. Refused are tags, anchors and
    aliases, equal names in one mapping, names longer than 128 characters, nesting deeper than 64
    and more than 1 MiB of text. Raises FrontMatterError, and nothing else for any string, with the
    1-based line and the mend.
    """
    if _is_too_large(text):
        raise fault_at(text, 0, "the file is larger than 1 MiB", "shorten it")
    opening = _OPENING.match(text)
    if opening is None:
        raise fault_at(text, 0, "no opening '---'", "begin the file with a line '---'")
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise fault_at(
            text, len(text), "no closing '---'", "end the front matter with a line '---'"
        )
    reader = BlockReader(text, opening.end(), closing.start())
    document = Document(reader.read(), text[closing.end() :])
    fields, tail = reader.sources(document)
    document._source = _Source(opening[0], fields, tail, closing[0])
    return document


def dumps(record: Mapping[str, Any], body: str | None = None) -> str:
    """Write a record as a Markdown file with front matter, its fields in the mapping's order.

    The same record gives the same text. A blank line stands before and after each mapping, each
    list and `secured`; quoting is described at `front_matter_form.write_field`. The fields of a
    `Document` from `loads` that are unchanged stand as they were read, with their comments, quotes
    and line ends. `body` defaults to the document's own, else to one empty line. `loads` reads what
    is returned as an equal record; raises FrontMatterError for a record that it could not read.
    """
    source = record._source if isinstance(record, Document) else _NO_SOURCE
    if body is None:
        body = record.body if isinstance(record, Document) else "\n"
    line_end = "\r\n" if source.opening.endswith("\r\n") else "\n"
    out = [source.opening]
    was_apart = False
    for key, value in record.items():
        written = write_field(key, value)
        is_apart = is_set_apart(key, value)
        field = source.fields.get(key)
        if field is not None:
            out.append(field.lead)
        elif len(out) > 1 and (is_apart or was_apart):
            out.append(line_end)
        if field is not None and field.written == written:
            out.append(field.text)
        else:
            out.append(written if line_end == "\n" else written.replace("\n", line_end))
        was_apart = is_apart
    out += (source.tail, source.closing)
    if body and not source.closing.endswith("\n"):
        out.append(line_end)
    out.append(body)
    text = "".join(out)
    if _is_too_large(text):
        raise FrontMatterError("the record is larger than 1 MiB as front matter; shorten it")
    return text


def _is_too_large(text: str) -> bool:
    return len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES
