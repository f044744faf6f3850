"""The largest events give records that fit their Kafka topics; larger ones would fail a commit."""

from typing import Any

import orjson

from newsloom.pipeline.lane.rows import encode_row
from newsloom.pipeline.parse_json import MAX_RECORD_BYTES
from newsloom.records.curated import RelatedArticle
from newsloom.runtimes.kafka.topics.definitions import CURATED_ARTICLES, LANE_STATE, STORIES
from tests.support.lanes import new_pipeline

WIDE = "\U0001f6a2"
"""A character of four bytes in UTF-8, the most that a character can have."""
ARTICLES = 130
BYTES_FOR_HEADERS = 1024


def _event(number: int) -> dict[str, Any]:
    """An event of the greatest allowed size, on the same subject as all others."""

    def url(kind: str) -> str:
        return f"https://ledger{number}.example/{kind}{number}/".ljust(2_040, WIDE)

    image = {"title": WIDE * 1_000, "attribution": WIDE * 1_000, "width": 900, "height": 600}
    event: dict[str, Any] = {
        "webUrl": url("a"),
        "ampWebUrl": url("amp"),
        "title": f"Selkie ferry aground Northfield {number} ".ljust(990, WIDE),
        "excerpt": "Selkie ferry aground Northfield pier harbour divers ".ljust(2_000, WIDE),
        "publishedDateTime": "2026-03-02T10:00:00Z",
        "provider": {"name": WIDE * 200},
        "images": [image | {"url": url(f"i{n}-")} for n in range(20)],
        "secured": "s" * 60_000,
        "topics": [],
    }
    free_bytes = MAX_RECORD_BYTES - len(orjson.dumps(event))
    event["topics"] = [f"{n:05}".ljust(28, WIDE) for n in range(free_bytes // 100)]
    assert MAX_RECORD_BYTES - 20_000 < len(orjson.dumps(event)) <= MAX_RECORD_BYTES
    return event


def test_the_largest_events_give_records_that_fit() -> None:
    pipeline = new_pipeline()
    largest = {"curated": 0, "stories": 0, "rows": 0}
    related: list[RelatedArticle] = []
    for number in range(ARTICLES):
        result = pipeline.take(_event(number), 1_800_000_000)
        assert result.fault is None
        for kind, records in (("curated", result.curated), ("stories", result.stories)):
            sizes = [len(orjson.dumps(record)) for record in records]
            largest[kind] = max([largest[kind], *sizes])
        for record in result.curated:
            related += record.get("related", [])
    for _, row in pipeline.state.rows():
        largest["rows"] = max(largest["rows"], len(encode_row(row)))
    assert len(related) > 12
    assert len(pipeline.state.stories) == 1
    assert largest["curated"] < CURATED_ARTICLES.max_bytes - BYTES_FOR_HEADERS
    assert largest["stories"] < STORIES.max_bytes - BYTES_FOR_HEADERS
    assert largest["rows"] < LANE_STATE.max_bytes - BYTES_FOR_HEADERS
    # Related articles have no images; the article's own record has them.
    assert "images" not in related[0]
