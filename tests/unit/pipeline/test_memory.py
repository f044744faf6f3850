"""Memory: what the first half of the pipeline keeps from long events is small."""

import json
import tracemalloc

import pytest

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.parse_json import parse_json
from newsloom.pipeline.process import Enriched, Enricher
from newsloom.rules.topics import TopicIndex

MIB = 1024 * 1024


def _enrich(enricher: Enricher, number: int, **fields: object) -> Enriched:
    record = {
        "webUrl": f"https://ledger.example/{number}",
        "title": f"Ferry {number} aground",
        "publishedDateTime": "2026-03-02T10:00:00Z",
        "locale": "en",
    }
    payload = json.dumps(record | fields, ensure_ascii=False).encode()
    return enricher.enrich(RawInput(payload), 1_772_500_000)


def _kept_bytes(events: int, **fields: str) -> int:
    """The bytes that are still allocated after enriching so many events, each with other texts."""
    enricher = Enricher(Catalogue({}, TopicIndex([]), "none"), "trust")
    _enrich(enricher, 0, **fields)
    tracemalloc.start()
    try:
        for number in range(1, events):
            _enrich(enricher, number, **{n: f"{number} {text}" for n, text in fields.items()})
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_long_excerpts_are_not_kept() -> None:
    assert _kept_bytes(40, excerpt="😀 " + "A ferry ran aground. " * 20_000) < 8 * MIB


@pytest.mark.parametrize("field", ["publishedDateTime", "updatedDateTime", "locale", "unknown"])
def test_long_values_are_not_kept(field: str) -> None:
    assert _kept_bytes(40, **{field: "2026-03-02T10:00:00." + "1" * 400_000}) < 4 * MIB


def test_parsing_a_long_string_takes_memory_in_proportion() -> None:
    payload = b'{"a":[' + b"[]," * 80 + b'"' + b"a\\n" * 200_000 + b'"]}'
    tracemalloc.start()
    try:
        assert isinstance(parse_json(payload), dict)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
