"""Parse: bytes in; a JSON object within the bounds on size, depth and encoding, or a fault, out.

It never raises for any bytes. A value that JSON can express but no field can hold (a lone
surrogate, a number beyond a float) becomes a fault of that field only, not of the record.
"""

import json
import re
from math import isfinite
from typing import Any

import orjson

from newsloom.records.faults import Fault, Reason

MAX_RECORD_BYTES = 1024 * 1024
MAX_DEPTH = 64

# Possessive repetitions: others remember each step, 100 MB for a string of 1 MB.
_STRINGS_AND_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Unreadable:
    """Replaces a value that no field accepts, so that validation rejects its field."""


_UNREADABLE = _Unreadable()


def parse_json(payload: bytes) -> dict[str, Any] | Fault:
    """The JSON object in `payload`: at most 1 MiB of UTF-8, nested at most 64 levels deep."""
    if len(payload) > MAX_RECORD_BYTES:
        return too_large(payload)
    if _is_too_deep(payload):
        return Fault(Reason.TOO_DEEP, None, f"nested deeper than {MAX_DEPTH}")
    try:
        record = orjson.loads(payload)
    except orjson.JSONDecodeError:
        record = _parse_leniently(payload)
        if isinstance(record, Fault):
            return record
    if not isinstance(record, dict):
        return Fault(Reason.NOT_AN_OBJECT, None, "a record must be a JSON object, {...}")
    return record


def too_large(payload: bytes) -> Fault:
    """The fault of a record that is larger than MAX_RECORD_BYTES."""
    return Fault(Reason.TOO_LARGE, None, f"{len(payload):,} bytes; at most 1 MiB can be read")


def _is_too_deep(payload: bytes) -> bool:
    """Whether brackets outside strings are nested deeper than MAX_DEPTH."""
    if payload.count(b"{") + payload.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(payload):
        token = match[0]
        if token in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token in b"]}":
            depth -= 1
    return False


def _parse_leniently(payload: bytes) -> Any:
    """Parses a payload that orjson rejected: replaces unreadable values, or returns a fault.

    The standard library's parser also accepts lone surrogates and numbers of any size.
    """
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Fault(Reason.NOT_UTF8, None, f"byte {error.start} is not UTF-8")
    try:
        record = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_parse_number,
            parse_float=_parse_number,
        )
    except (ValueError, RecursionError) as error:
        return Fault(Reason.NOT_JSON, None, f"not JSON: {error}")
    return _without_surrogates(record)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _parse_number(digits: str) -> int | float | _Unreadable:
    # int() refuses thousands of digits. Beyond 64 bits only the magnitude matters.
    if len(digits) < 19 and digits.lstrip("-").isdigit():
        return int(digits)
    number = float(digits)
    return number if isfinite(number) else _UNREADABLE


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() or not _SURROGATE.search(value) else _UNREADABLE
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {k: _without_surrogates(v) for k, v in value.items() if not _SURROGATE.search(k)}
    return value
