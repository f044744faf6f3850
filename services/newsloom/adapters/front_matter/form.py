"""How front matter is written: quotes, indents and blank lines of each field.

In: a field name and a JSON-like value. Out: YAML text that `reader` and any YAML 1.1 or 1.2 parser
read as that value. It never reorders, rounds or cleans values.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

MAX_DEPTH = 64
MAX_KEY_CHARS = 128  # libyaml limits a written key to 1,024 characters; an escape has up to six
MAX_DIGITS = 320  # enough for every float; int() refuses thousands of digits

_QUOTED_FIELDS = {"title", "excerpt", "attribution", "secured", "url"}
_INDENT = "  "
# Characters with which a plain scalar cannot begin, or only in some contexts.
_INDICATORS = frozenset(" -?:,[]{}#&*!|>'\"%@`")
# Plain text that YAML 1.1 or 1.2 reads as null, a boolean, a number, a date or a merge key.
_OTHER_TYPE = re.compile(
    r"~|=|<<|null|true|false|yes|no|on|off|y|n"
    r"|[-+]?(?:\.?\d[\d_,.:]*(?:e[-+]?\d+)?|0[xob][\da-f_]+|\.(?:inf|nan))"
    r"|\d{4}-\d\d?-\d\d?.*",
    re.IGNORECASE | re.ASCII,
)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)", re.ASCII)
# Characters that JSON does not escape but YAML forbids, or reads as a line break or a byte order
# mark.
_NOT_RAW = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_encode_json = json.JSONEncoder(ensure_ascii=False).encode
_INTEGER_BOUND = 10**MAX_DIGITS
_CONSTANTS = {None: "null", True: "true", False: "false"}


class FrontMatterError(ValueError):
    """A text is not front matter, or a record cannot be written as it. The message says the fix."""


def is_block(value: object) -> bool:
    """Whether a value is written on separate lines: a mapping or a list that is not empty."""
    return isinstance(value, (dict, list, tuple, Mapping)) and bool(value)


def is_set_apart(key: str, value: object) -> bool:
    """Whether a top-level field has a blank line before and after it: a block, or `secured`."""
    return key == "secured" or is_block(value)


def write_field(key: str, value: object) -> str:
    """Writes one top-level field, with a line break at the end and no blank lines.

    Strings in `title`, `excerpt`, `attribution`, `secured`, `url` and `…Url` are always
    double-quoted. Other strings are plain if every YAML parser reads the plain form as that string,
    or if they are a date-time in a `…DateTime` field; else double-quoted. `similarity` has at least
    two decimals. Raises FrontMatterError for a value that front matter cannot represent.
    """
    out: list[str] = []
    _write_mapping(out, {key: value}, "", "", 1)
    return "".join(out)


def _write_mapping(
    out: list[str], mapping: Mapping[Any, Any], first: str, indent: str, depth: int
) -> None:
    """Appends a mapping's lines: `first` begins the first line, `indent` each later one."""
    _check_depth(depth)
    for key, value in mapping.items():
        written, is_quoted = _form_of(key)
        if type(value) is str:  # the most frequent case, tested first for speed
            out.append(f"{first}{written} {_written_text(key, value, is_quoted)}\n")
        elif is_block(value):
            out.append(f"{first}{written}\n")
            _write_block(out, key, value, indent + _INDENT, indent + _INDENT, depth + 1)
        else:
            out.append(f"{first}{written} {_written_scalar(key, value, depth)}\n")
        first = indent


def _write_block(out: list[str], key: str, value: Any, first: str, indent: str, depth: int) -> None:
    if isinstance(value, Mapping):
        _write_mapping(out, value, first, indent, depth)
        return
    _check_depth(depth)
    for item in value:
        if is_block(item):
            _write_block(out, key, item, first + "- ", indent + _INDENT, depth + 1)
        else:
            out.append(f"{first}- {_written_scalar(key, item, depth)}\n")
        first = indent


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise FrontMatterError(f"a value is nested deeper than {MAX_DEPTH}; flatten it")


@lru_cache(maxsize=512)
def _form_of(key: object) -> tuple[str, bool]:
    """The written name of a field with its colon, and whether its text is always quoted."""
    if not isinstance(key, str):
        raise FrontMatterError(f"the field name {key!r} is not text; make it a string")
    if len(key) > MAX_KEY_CHARS:
        fix = f"use at most {MAX_KEY_CHARS} characters"
        raise FrontMatterError(f"the field name {key[:20]!r}… is too long; {fix}")
    written = key if _is_plain(key) else _quoted(key, key)
    return f"{written}:", key in _QUOTED_FIELDS or key.endswith("Url")


def _written_scalar(key: str, value: object, depth: int) -> str:
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, str):
        return _written_text(key, value, _form_of(key)[1])
    if isinstance(value, int):
        if not -_INTEGER_BOUND < value < _INTEGER_BOUND:
            raise FrontMatterError(f"{key!r} contains a number that is too long; make it a string")
        return str(int(value))
    if isinstance(value, float):
        return _written_float(key, value)
    if isinstance(value, (list, tuple, Mapping)):  # empty: a non-empty one is a block
        _check_depth(depth + 1)
        return "{}" if isinstance(value, Mapping) else "[]"
    types = "text, a number, a boolean, null, a list or a mapping"
    raise FrontMatterError(f"{key!r} contains a {type(value).__name__}; give {types}")


def _written_text(key: str, text: str, is_quoted: bool) -> str:
    if not is_quoted and (
        _is_plain(text) or (key.endswith("DateTime") and _DATE_TIME.fullmatch(text))
    ):
        return text
    return _quoted(key, text)


def _is_plain(text: str) -> bool:
    return (
        text.isprintable()  # no line breaks, tabs, controls or surrogates
        and text != ""
        and text[0] not in _INDICATORS
        and text[-1] not in " :"
        and ": " not in text
        and " #" not in text
        and text[:3] != "..."
        and not _OTHER_TYPE.fullmatch(text)
    )


def _quoted(key: str, text: str) -> str:
    """Double-quotes text with JSON's escapes, which YAML shares, and those that only YAML needs."""
    written = _encode_json(text)
    if text.isprintable():
        return written
    return _NOT_RAW.sub(lambda found: _escape(key, found[0]), written)


def _escape(key: str, character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        raise FrontMatterError(f"{key!r} contains half of a surrogate pair; remove it")
    return f"\\u{ord(character):04x}"


def _written_float(key: str, number: float) -> str:
    if not isfinite(number):
        raise FrontMatterError(f"{key!r} is {number!r}, not a finite number; leave the field out")
    text = repr(float(number))
    if "e" in text:  # every YAML parser reads a plain decimal as a number, but not 1e-07
        text = format(Decimal(text), "f")
        if "." not in text:
            text += ".0"
    if key == "similarity":
        whole, _, decimals = text.partition(".")
        text = f"{whole}.{decimals:0<2}"
    return text
