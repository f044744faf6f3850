"""Recognises what a file or a pipe holds, by its first bytes.

In: the first bytes. Out: the kind of input, or a sentence that says what else it is and what to do.
Such a file is refused as a whole, because each of its lines would become a dead letter.
"""

import re
from enum import Enum, auto

HEAD_BYTES = 64 * 1024
"""This number of first bytes is enough for `recognise`."""


class Kind(Enum):
    """A kind of input that can be read."""

    LINES = auto()
    ARRAY = auto()
    GZIP = auto()
    ZSTD = auto()


_BOM = b"\xef\xbb\xbf"
_PACKED = {b"\x1f\x8b": Kind.GZIP, b"\x28\xb5\x2f\xfd": Kind.ZSTD}
_UTF_16 = "is UTF-16 text, not UTF-8: convert it with `iconv -f UTF-16 -t UTF-8 OLD > NEW`"
_UTF_32 = "is UTF-32 text, not UTF-8: convert it with `iconv -f UTF-32 -t UTF-8 OLD > NEW`"
_UNPACK = "{}: unpack it first; only gzip and Zstandard are read"
_OUTPUT = (
    "holds records that Newsloom published, not article events: give the files that the run read"
)
_CONVERT = "{}, not article events: write its entries as events, one JSON object a line"

_BINARY = {
    b"\xff\xfe\x00\x00": _UTF_32,
    b"\x00\x00\xfe\xff": _UTF_32,
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"{\x00": _UTF_16,
    b"[\x00": _UTF_16,
    b"\x00{": _UTF_16,
    b"\x00[": _UTF_16,
    b"BZh": _UNPACK.format("is packed with bzip2"),
    b"\xfd7zXZ\x00": _UNPACK.format("is packed with xz"),
    b"PK\x03\x04": _UNPACK.format("is a ZIP archive"),
    b"SQLite format 3\x00": "is a database, not article events: give the files that the run read",
}
_TEXTS = (
    (rb"(?s)(<\?xml|<!--).*?<rss\b|<rss\b", _CONVERT.format("is an RSS feed")),
    (rb"(?s)(<\?xml|<!--).*?<feed\b|<feed\b", _CONVERT.format("is an Atom feed")),
    (rb"(?s)(<\?xml|<!--).*?<rdf:RDF\b|<rdf:RDF\b", _CONVERT.format("is an RSS 1.0 feed")),
    (rb"(?is)(<\?xml|<!--).*?<html\b|<!doctype\s+html|<html\b", _CONVERT.format("is a web page")),
    (rb"<\?xml", _CONVERT.format("is XML")),
    (
        rb'\{[^{}\[\]]*"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org\\?/',
        _CONVERT.format("is a JSON Feed"),
    ),
    (rb"---\s*\n", "is a document with front matter: its name must end with .md"),
    (
        rb"\{\s*\n",
        "is a JSON object over several lines: write each event on one line, as `jq -c .` does",
    ),
    (rb'\{"id":"[0-9a-f]{32}","(lead|revision)":', _OUTPUT),
    (rb'\{"category":"[^\n]*?"quality":\d+,"heat":-?\d+,"published":(true|false)', _OUTPUT),
    (rb'\{"reason":"[a-z0-9-]+","stage":"[a-z]+","(field|detail)":', _OUTPUT),
)
_CSV_NAME = rb'"?[A-Za-z_][\w .-]{0,40}"?'
_CSV_HEADER = re.compile(rb"%s(?:[,;\t]%s)+\r?\n" % (_CSV_NAME, _CSV_NAME))
_CSV_COLUMNS = {b"url", b"weburl", b"link", b"title", b"headline"}
_CSV = _CONVERT.format("is a table (CSV)")


def recognise(head: bytes) -> Kind | str:
    """The kind of an input that begins with `head`, or the rest of a sentence about the input."""
    for beginning, kind in _PACKED.items():
        if head.startswith(beginning):
            return kind
    for beginning, problem in _BINARY.items():
        if head.startswith(beginning):
            return problem
    return _recognise_text(head.removeprefix(_BOM).lstrip())


def recognise_unpacked(head: bytes) -> Kind | str:
    """As `recognise`, for the content of a packed input."""
    kind = recognise(head)
    if kind in (Kind.GZIP, Kind.ZSTD):
        return "is packed twice: unpack it once"
    return kind


def is_enough(head: bytes) -> bool:
    """Whether more bytes of a pipe would not change what `recognise` returns."""
    return len(head) >= HEAD_BYTES or b"\n" in head or recognise(head) in (Kind.GZIP, Kind.ZSTD)


def _recognise_text(text: bytes) -> Kind | str:
    if text.startswith(b"["):
        return Kind.ARRAY
    for pattern, problem in _TEXTS:
        if re.match(pattern, text):
            return problem
    header = _CSV_HEADER.match(text)
    if header and _CSV_COLUMNS & set(re.split(rb'[,;\t\s"]+', header[0].lower())):
        return _CSV
    return Kind.LINES
