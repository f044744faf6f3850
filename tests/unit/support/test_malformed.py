"""The catalogue of malformed events: the standard library confirms its expected results."""

import json
import re
from typing import Any

import pytest

from tests.support.malformed import (
    FIELD_REASONS,
    MAX_DEPTH,
    MAX_RECORD_BYTES,
    REQUIRED,
    WHOLE_RECORD_REASONS,
    Case,
    cases,
)
from tests.support.malformed_fields import FAULTY

CASES = cases()
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_INVISIBLE = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*")


def _refuse(literal: str) -> None:
    raise ValueError(literal)


def _parse(text: str) -> Any:
    # JSON allows integers of thousands of digits, but `int` refuses them.
    return json.loads(
        text.removeprefix("\ufeff"), parse_constant=_refuse, parse_int=lambda s: int(s[:4_000])
    )


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.sub(r"[^][{}]", "", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _is_encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _outcome_of_whole(payload: bytes) -> str | None:
    if len(payload) > MAX_RECORD_BYTES:
        return "too-large"
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return "not-utf8"
    if _depth(text) > MAX_DEPTH and text.strip()[-1] in "]}":
        # The depth is checked first, because the parser of this test is recursive.
        return "too-deep"
    try:
        record = _parse(text)
    except ValueError:
        return "not-json"
    return None if isinstance(record, dict) else "not-an-object"


def test_the_catalogue_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 330
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.reason for case in CASES} == {None, *WHOLE_RECORD_REASONS, *FIELD_REASONS}


def test_the_catalogue_is_the_same_each_time() -> None:
    assert cases.__wrapped__() == CASES


def test_the_catalogue_covers_every_field() -> None:
    for reason in ("missing", "wrong-type", "blank"):
        assert {case.field for case in CASES if case.reason == reason} == set(REQUIRED)
    assert {name for case in CASES for name in case.faulty_fields} == set(FAULTY)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case_has_its_expected_result(case: Case) -> None:
    whole = case.reason if case.reason in WHOLE_RECORD_REASONS else None
    assert _outcome_of_whole(case.payload) == whole
    assert case.payload.strip(), "a blank line is not an input"
    if whole is not None:
        assert case.field is None
        assert case.faulty_fields == ()
    else:
        _check_fields(case, _parse(case.payload.decode()))


def _check_fields(case: Case, record: dict[str, Any]) -> None:
    assert list(case.faulty_fields) == sorted(set(case.faulty_fields))
    assert all(record[name] is not None for name in case.faulty_fields)
    if case.reason is None:
        wanted = REQUIRED[:1] if record.get("withdrawn") is True else REQUIRED
        assert all(isinstance(record.get(name), str) and record[name] for name in wanted)
        return
    assert case.faulty_fields == ()
    assert case.field in REQUIRED
    value = record.get(case.field)
    is_text = isinstance(value, str) and _is_encodable(value)
    match case.reason:
        case "missing":
            assert value is None
        case "wrong-type":
            assert value is not None
            assert not is_text
        case "blank":
            assert is_text
            assert _INVISIBLE.fullmatch(str(value))
        case "too-long":
            assert is_text
            assert len(str(value)) > (1_000 if case.field == "title" else 2_048)
        case "bad-url" | "bad-time":
            assert is_text
            assert not _INVISIBLE.fullmatch(str(value))
            assert case.field == ("webUrl" if case.reason == "bad-url" else "publishedDateTime")
