"""Decode: the result for each malformed event of the catalogue, and the messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.pipeline.decode import Decoded, RawInput, Rejected, WithdrawnArticle, decode
from newsloom.pipeline.normalise import identify
from newsloom.records.event import ArticleEvent, Withdrawal
from newsloom.records.faults import Fault, Reason
from tests.support.malformed import Case, cases
from tests.support.pipeline import decode_bytes


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_each_malformed_event_has_its_expected_result(case: Case) -> None:
    decoded = decode_bytes(case.payload)
    if case.reason is None:
        assert isinstance(decoded, Decoded), decoded
        assert sorted(decoded.faulty_fields) == sorted(case.faulty_fields)
    else:
        assert isinstance(decoded, Fault), decoded
        assert (decoded.reason.value, decoded.field) == (case.reason, case.field)
        assert decoded.detail
        assert "\n" not in decoded.detail


@given(st.binary(max_size=300))
def test_decoding_any_bytes_never_raises(payload: bytes) -> None:
    assert isinstance(decode_bytes(payload), Decoded | Fault)


def test_null_and_blank_fields_count_as_absent() -> None:
    full = (
        b'{"webUrl":"https://a.example/1","title":"T","publishedDateTime":"2026-03-02T10:00:00Z",'
    )
    with_nulls = decode_bytes(
        full + b'"excerpt":null,"images":null,"locale":" ","provider":{"name":null}}'
    )
    without = decode_bytes(full + b'"provider":{}}')
    assert with_nulls == without


def test_only_the_faulty_elements_of_a_list_are_dropped() -> None:
    decoded = decode_bytes(
        b'{"webUrl":"https://a.example/1","title":"T","publishedDateTime":"2026-03-02T10:00:00Z",'
        b'"topics":["one",2,"three"],"images":[{"url":"ftp://x"},{"url":"https://i.example/a.jpg",'
        b'"width":"wide","height":300}]}'
    )
    assert isinstance(decoded, Decoded)
    assert isinstance(decoded.event, ArticleEvent)
    assert decoded.event.topics == ["one", "three"]
    assert [(i.url, i.width, i.height) for i in decoded.event.images] == [
        ("https://i.example/a.jpg", None, 300)
    ]
    assert sorted(decoded.faulty_fields) == ["images", "topics"]


def test_a_withdrawal_needs_only_its_url() -> None:
    decoded = decode_bytes(b'{"webUrl":"https://a.example/1","withdrawn":true,"title":5}')
    assert isinstance(decoded, Decoded)
    assert isinstance(decoded.event, Withdrawal)


def test_a_fault_names_the_field_and_the_fix() -> None:
    decoded = decode_bytes(
        b'{"webUrl":"https://a.example/1","title":"T","publishedDateTime":"2026-03-02"}'
    )
    assert isinstance(decoded, Fault)
    assert decoded.detail == (
        "publishedDateTime is not an RFC 3339 date-time with an offset, "
        "such as 2026-03-02T10:00:00Z"
    )


def _event(**fields: str) -> bytes:
    event = {
        "webUrl": "https://a.example/1",
        "title": "Ferry aground",
        "publishedDateTime": "2026-03-02T10:00:00Z",
    }
    return json.dumps(event | fields).encode()


def test_a_tombstone_withdraws_the_article_that_its_key_names() -> None:
    url = "https://a.example/1?utm_source=feed"
    article_id = identify(Withdrawal.model_validate({"webUrl": "https://a.example/1"}))
    assert decode(RawInput(None, url.encode())) == WithdrawnArticle(article_id)
    assert decode(RawInput(None, article_id.encode())) == WithdrawnArticle(article_id)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        pytest.param(None, Reason.MISSING, id="no key"),
        pytest.param(b"", Reason.MISSING, id="an empty key"),
        pytest.param(b"\xff", Reason.NOT_UTF8, id="a key that is not UTF-8"),
        pytest.param(b"ferry-17", Reason.BAD_URL, id="neither an id nor a URL"),
    ],
)
def test_a_tombstone_with_another_key_is_rejected(key: bytes | None, reason: Reason) -> None:
    rejected = decode(RawInput(None, key))
    assert isinstance(rejected, Rejected)
    assert (rejected.fault.reason, rejected.fault.field) == (reason, "webUrl")


def test_cloud_event_headers_fill_only_fields_that_the_event_does_not_state() -> None:
    headers = [("ce_source", b"crawler-1"), ("ce_id", b"e-7"), ("ce_type", b"article")]
    filled = decode(RawInput(_event(), headers=headers))
    assert isinstance(filled, Decoded)
    assert isinstance(filled.event, ArticleEvent)
    assert (filled.source, filled.event.event_id) == ("crawler-1", "e-7")
    stated = decode(RawInput(_event(source="crawler-2"), headers=headers))
    assert isinstance(stated, Decoded)
    assert stated.source == "crawler-2"


def test_a_rejected_event_names_its_source_if_that_is_readable() -> None:
    rejected = decode(RawInput(_event(source="crawler-2", title=" ")))
    assert isinstance(rejected, Rejected)
    assert rejected.source == "crawler-2"
    unreadable = decode(RawInput(_event(source="x" * 65, title=" ")))
    assert isinstance(unreadable, Rejected)
    assert unreadable.source is None


def test_topics_beyond_the_100th_are_not_read() -> None:
    topics = [f"Topic {number}" for number in range(100)]
    event = {
        "webUrl": "https://a.example/1",
        "title": "T",
        "publishedDateTime": "2026-03-02T10:00:00Z",
        "topics": [None, *topics, 1, "x" * 500],
    }
    decoded = decode_bytes(json.dumps(event).encode())
    assert isinstance(decoded, Decoded)
    assert isinstance(decoded.event, ArticleEvent)
    assert decoded.event.topics == topics
    assert decoded.faulty_fields == ()


@pytest.mark.parametrize(("digits", "is_valid"), [(79, True), (80, False), (1_000_000, False)])
def test_a_time_has_at_most_100_characters(digits: int, is_valid: bool) -> None:
    time = f"2026-03-02T10:00:00.{'5' * digits}Z"
    event = {"webUrl": "https://a.example/1", "title": "T", "publishedDateTime": time}
    decoded = decode_bytes(json.dumps(event).encode())
    assert isinstance(decoded, Decoded) == is_valid
    assert isinstance(decoded, Decoded) or decoded.reason is Reason.BAD_TIME
