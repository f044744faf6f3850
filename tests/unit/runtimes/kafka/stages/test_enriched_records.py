"""Enriched records of both forms, and of a newer one."""

from typing import Any

import orjson
import pytest

from newsloom.pipeline.arrival import ArticleArrival, WithdrawalArrival
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.pipeline.process import Enriched, Enricher
from newsloom.rules.topics import TopicIndex
from newsloom.runtimes.kafka.stages.enriched_records import (
    NewerForm,
    decode_arrival,
    encode_arrival,
)
from tests.support.lanes import START_S, event
from tests.support.pipeline import raw_input

FIRST, SECOND = "a" * 32, "b" * 32
FORM_1_ARTICLE = (
    *("article", "publishedAt", "version", "arrivedAt", "digest", "vector", "titleTerms"),
    *("imageChecks", "unillustratedQuality"),
)


def _arrival() -> ArticleArrival:
    enricher = Enricher(Catalogue({}, TopicIndex([]), "none"), "trust")
    given = event("ledger.example/1", "Ferry aground", originalUrl="https://wire.example/1")
    arrival = enricher.enrich(raw_input(given), START_S).arrival
    assert isinstance(arrival, ArticleArrival)
    return arrival


def _fields(record: tuple[bytes, bytes]) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(record[1])
    return fields


def test_an_article_of_form_1_has_the_fields_of_form_1() -> None:
    arrival = _arrival()
    assert arrival.address
    record = encode_arrival(arrival, FORMER_FORM)
    assert tuple(_fields(record)) == FORM_1_ARTICLE
    decoded = decode_arrival(record[1])
    assert isinstance(decoded, Enriched)
    assert decoded.arrival == arrival._replace(address="")


def test_a_withdrawal_of_form_1_has_one_id() -> None:
    record = encode_arrival(WithdrawalArrival((FIRST,), is_counted=False), FORMER_FORM)
    assert record == (FIRST.encode(), b'{"withdrawn":"%b","isCounted":false}' % FIRST.encode())
    assert decode_arrival(record[1]) == Enriched(WithdrawalArrival((FIRST,), is_counted=False))


@pytest.mark.parametrize(
    "arrival",
    [_arrival(), WithdrawalArrival((FIRST, SECOND)), WithdrawalArrival((FIRST,), False, 7)],
    ids=["article", "withdrawal", "move"],
)
def test_the_newest_form_is_an_exact_inverse(arrival: ArticleArrival | WithdrawalArrival) -> None:
    record = encode_arrival(arrival)
    assert _fields(record)["form"] == FORM
    decoded = decode_arrival(record[1])
    assert isinstance(decoded, Enriched)
    assert decoded.arrival == arrival


def test_a_record_of_a_newer_form_is_no_fault() -> None:
    assert decode_arrival(b'{"form":%d,"anything":1}' % (FORM + 1)) == NewerForm(FORM + 1)
