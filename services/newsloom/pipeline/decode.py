"""Decode: one input in; an event, a withdrawal or a rejection out.

Both runtimes decode here: lines and documents of files, and records and tombstones of Kafka. A
fault in a required field rejects the input. A faulty optional field is dropped and reported.
Decoding never raises for any bytes, and reads nothing but the one input.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from newsloom.pipeline.parse_json import parse_json
from newsloom.records.event import REQUIRED_FIELDS, ArticleEvent, Withdrawal
from newsloom.records.faults import Fault, Reason
from newsloom.rules.addresses.urls import article_id, canonical_url, url_fault

MAX_ITEMS = {"images": 20, "topics": 100}
"""Further items of these lists are dropped without being read."""
MAX_SOURCE_CHARACTERS = 64

_ARTICLE_ID = re.compile(r"[0-9a-f]{32}")
_REASONS = frozenset(reason.value for reason in Reason)
_CLOUD_EVENT_FIELDS = {"ce_source": "source", "ce_id": "eventId"}

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
Record: TypeAlias = dict[str, Any]


class RawInput(NamedTuple):
    """One input as it was read.

    `payload` is None for a Kafka tombstone, whose `key` names the article. `headers` are those of
    a Kafka record. `parse` turns the payload into a record; other formats have their own.
    """

    payload: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    parse: Callable[[bytes], Record | Fault] = parse_json


class WithdrawnArticle(NamedTuple):
    """An article that a tombstone withdraws."""

    article_id: str


class Decoded(NamedTuple):
    """An input that can be curated, and the top-level names of the fields that were dropped."""

    event: ArticleEvent | Withdrawal
    faulty_fields: tuple[str, ...] = ()

    @property
    def source(self) -> str | None:
        """The crawler's name, if the event states one."""
        return self.event.source if isinstance(self.event, ArticleEvent) else None


class Rejected(NamedTuple):
    """An input that cannot be curated: why, and the crawler's name if it could be read."""

    fault: Fault
    source: str | None = None


def decode(raw: RawInput) -> Decoded | WithdrawnArticle | Rejected:
    """The event or the withdrawal in an input, or why it is rejected."""
    if raw.payload is None:
        return _decode_tombstone(raw.key)
    record = raw.parse(raw.payload)
    if isinstance(record, Fault):
        return Rejected(record)
    _add_cloud_event_fields(record, raw.headers)
    decoded = decode_record(record)
    return Rejected(decoded, _source_of(record)) if isinstance(decoded, Fault) else decoded


def _add_cloud_event_fields(record: Record, headers: Headers) -> None:
    """Fills `source` and `eventId` from CloudEvents headers (binary mode) where they are absent."""
    for name, value in headers:
        field = _CLOUD_EVENT_FIELDS.get(name)
        if field is not None and record.get(field) is None and value is not None:
            record[field] = value.decode("utf-8", "replace")


def _source_of(record: Record) -> str | None:
    source = record.get("source")
    is_name = isinstance(source, str) and len(source) <= MAX_SOURCE_CHARACTERS
    return source if is_name else None


def _decode_tombstone(key: bytes | None) -> WithdrawnArticle | Rejected:
    """The article that a tombstone withdraws: its key is the article id or the webUrl."""
    if not key:
        detail = "a tombstone without a key withdraws nothing"
        return Rejected(Fault(Reason.MISSING, "webUrl", detail))
    try:
        text = key.decode()
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} of the key is not UTF-8"
        return Rejected(Fault(Reason.NOT_UTF8, "webUrl", detail))
    if _ARTICLE_ID.fullmatch(text):
        return WithdrawnArticle(text)
    if url_fault(text):
        detail = "the key of a tombstone is neither an article id nor a webUrl"
        return Rejected(Fault(Reason.BAD_URL, "webUrl", detail))
    return WithdrawnArticle(article_id(canonical_url(text)))


def decode_record(record: Record) -> Decoded | Fault:
    """The event in a parsed JSON object or front matter, or the fault that rejects it."""
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
        for location in sorted((e["loc"] for e in errors), key=_deepest_last, reverse=True):
            faulty.append(str(location[0]))
            if not _drop(record, location):
                record.pop(str(location[0]), None)


def _decode_withdrawal(record: Record) -> Decoded | Fault:
    try:
        return Decoded(Withdrawal.model_validate(record))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
    fault = _required_fault(errors)
    if fault is not None:
        return fault
    record = {name: value for name, value in record.items() if name != "originalUrl"}
    return Decoded(Withdrawal.model_validate(record), ("originalUrl",))


def _without_absent(record: Record) -> Record:
    """The record without nulls, blank optional strings, and items beyond `MAX_ITEMS`."""
    return {n: _prune(n, v) for n, v in record.items() if v is not None and not _is_blank(n, v)}


def _is_blank(name: str, value: Any) -> bool:
    return name not in REQUIRED_FIELDS and isinstance(value, str) and not value.strip()


def _prune(name: str, value: Any) -> Any:
    if isinstance(value, dict) and name != "private":
        return _without_absent(value)
    if isinstance(value, list):
        items = [item for item in value if item is not None]
        items = items[: MAX_ITEMS.get(name)]
        return [_without_absent(item) if isinstance(item, dict) else item for item in items]
    return value


def _required_fault(errors: list[Any]) -> Fault | None:
    """The fault of the first required field that failed validation."""
    by_field = {error["loc"][0]: error for error in errors if len(error["loc"]) == 1}
    for name in REQUIRED_FIELDS:
        if name in by_field:
            error = by_field[name]
            if error["type"] == "missing":
                return Fault(Reason.MISSING, name, f"{name} is missing")
            reason = Reason(error["type"]) if error["type"] in _REASONS else Reason.WRONG_TYPE
            detail = error["msg"] if reason is not Reason.WRONG_TYPE else "is not a string"
            return Fault(reason, name, f"{name} {detail}")
    return None


def _deepest_last(location: tuple[int | str, ...]) -> tuple[int, tuple[str, ...]]:
    # Values are dropped in the reverse of this order, so that list indexes stay valid.
    return len(location), tuple(
        f"{part:09}" if isinstance(part, int) else part for part in location
    )


def _drop(record: Record, location: tuple[int | str, ...]) -> bool:
    """Deletes the value at `location`; if there is none, the object that lacks it."""
    parent: Any = record
    try:
        for part in location[:-1]:
            parent = parent[part]
        if isinstance(parent, dict) and location[-1] not in parent:
            return _drop(record, location[:-1])
        del parent[location[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True
