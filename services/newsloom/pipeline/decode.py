"""Decode: bytes in; an article event, a withdrawal or the fault that prevents one out.

A fault in a required field ends here; a faulty optional field is dropped and named. Never
raises for any bytes, and never looks beyond the one record.
"""

import json
import re
from math import isfinite
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from newsloom.records.event import REQUIRED_FIELDS, ArticleEvent, Withdrawal
from newsloom.records.faults import Fault, Reason

MAX_RECORD_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_IMAGES = 20

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_REASONS = frozenset(reason.value for reason in Reason)


class Decoded(NamedTuple):
    """An input that can be curated, and the top-level names of the fields that were dropped."""

    event: ArticleEvent | Withdrawal
    faulty_fields: tuple[str, ...] = ()


def decode(payload: bytes) -> Decoded | Fault:
    """The event that `payload` (JSON, UTF-8) holds, or what is wrong with it."""
    record = parse_record(payload)
    return record if isinstance(record, Fault) else decode_record(record)


def parse_record(payload: bytes) -> dict[str, Any] | Fault:
    """The JSON object in `payload`, within the bounds on size, depth and encoding."""
    if len(payload) > MAX_RECORD_BYTES:
        return Fault(Reason.TOO_LARGE, None, f"{len(payload):,} bytes; at most 1 MiB can be read")
    if _depth(payload) > MAX_DEPTH:
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


def _depth(payload: bytes) -> int:
    if payload.count(b"{") + payload.count(b"[") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _BRACKETS.finditer(payload):
        token = match[0]
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest


class _Unreadable:
    """Stands for a value that JSON can spell but no field can take: a fault of its field only."""


_UNREADABLE = _Unreadable()


def _parse_leniently(payload: bytes) -> Any:
    """Says why the strict parser refused, and reads what only one field is to blame for."""
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
    # int() refuses thousands of digits, and beyond 64 bits only the size matters.
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


def decode_record(record: dict[str, Any]) -> Decoded | Fault:
    """The event that a parsed JSON object (or front matter) holds."""
    record = _without_absent(record)
    if record.get("withdrawn") is True:
        return _decode_withdrawal(record)
    faulty: list[str] = []
    while True:
        try:
            return Decoded(ArticleEvent.model_validate(record), tuple(dict.fromkeys(faulty)))
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=False)
        fault = _required_fault(errors)
        if fault is not None:
            return fault
        for location in sorted((e["loc"] for e in errors), key=_from_the_back, reverse=True):
            faulty.append(str(location[0]))
            if not _drop(record, location):
                record.pop(str(location[0]), None)


def _decode_withdrawal(record: dict[str, Any]) -> Decoded | Fault:
    try:
        return Decoded(Withdrawal.model_validate(record))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
    fault = _required_fault(errors)
    if fault is not None:
        return fault
    record = {name: value for name, value in record.items() if name != "originalUrl"}
    return Decoded(Withdrawal.model_validate(record), ("originalUrl",))


def _without_absent(record: dict[str, Any]) -> dict[str, Any]:
    """Nulls equal absence, and so do blank optional strings; images beyond the 20th are cut."""
    present = {}
    for name, value in record.items():
        if value is None or (
            name not in REQUIRED_FIELDS and isinstance(value, str) and not value.strip()
        ):
            continue
        if isinstance(value, dict) and name != "private":
            value = _without_absent(value)
        elif isinstance(value, list):
            kept = [item for item in value if item is not None]
            if name == "images":
                kept = kept[:MAX_IMAGES]
            value = [_without_absent(v) if isinstance(v, dict) else v for v in kept]
        present[name] = value
    return present


def _required_fault(errors: list[Any]) -> Fault | None:
    by_field = {error["loc"][0]: error for error in errors if len(error["loc"]) == 1}
    for name in REQUIRED_FIELDS:
        if name in by_field:
            error = by_field[name]
            if error["type"] == "missing":
                return Fault(Reason.MISSING, name, f"{name} is missing")
            reason = Reason(error["type"]) if error["type"] in _REASONS else Reason.WRONG_TYPE
            words = error["msg"] if reason is not Reason.WRONG_TYPE else "is not a string"
            return Fault(reason, name, f"{name} {words}")
    return None


def _from_the_back(location: tuple[int | str, ...]) -> tuple[int, tuple[str, ...]]:
    # Deepest and last first, so that the indexes of what is still to be dropped stay true.
    return len(location), tuple(
        f"{part:09}" if isinstance(part, int) else part for part in location
    )


def _drop(record: dict[str, Any], location: tuple[int | str, ...]) -> bool:
    """Removes what stands at `location`; where that is missing, what should have held it."""
    holder: Any = record
    try:
        for part in location[:-1]:
            holder = holder[part]
        if isinstance(holder, dict) and location[-1] not in holder:
            return _drop(record, location[:-1])
        del holder[location[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True
