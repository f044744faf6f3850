"""However large the events, no record outgrows its topic: Kafka would refuse it amid a commit."""

from typing import Any

import orjson

from newsloom.pipeline.decode import MAX_RECORD_BYTES
from newsloom.pipeline.lane.rows import encode_row
from newsloom.records.curated import RelatedArticle
from newsloom.runtimes.kafka.topics.definitions import CURATED_ARTICLES, LANE_STATE, STORIES
from tests.support.lanes import new_pipeline

WIDE = "\U0001f6a2"  # four bytes in UTF-8, so as long as a text of so many characters can be
ARTICLES = 130
ROOM_FOR_HEADERS = 1024


def _event(number: int) -> dict[str, Any]:
    """An event as large as one may be, one matter with all others."""

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
    room = MAX_RECORD_BYTES - len(orjson.dumps(event))
    event["topics"] = [f"{n:05}".ljust(28, WIDE) for n in range(room // 100)]
    assert MAX_RECORD_BYTES - 20_000 < len(orjson.dumps(event)) <= MAX_RECORD_BYTES
    return event


def test_the_largest_events_make_records_that_fit() -> None:
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
    assert largest["curated"] < CURATED_ARTICLES.max_bytes - ROOM_FOR_HEADERS
    assert largest["stories"] < STORIES.max_bytes - ROOM_FOR_HEADERS
    assert largest["rows"] < LANE_STATE.max_bytes - ROOM_FOR_HEADERS
    # What is left out is shown where there is room: in the article's own record.
    assert "images" not in related[0]
