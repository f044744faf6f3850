"""Streams of many events: records have valid fields, and `decide` is pure and deterministic."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from newsloom.pipeline.arrival import Arrival, WithdrawalArrival
from newsloom.pipeline.build_records import build_records
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.decode import Decoded, decode_record
from newsloom.pipeline.enrich import enrich_article
from newsloom.pipeline.lane.state import state_digest
from newsloom.pipeline.normalise import identify, normalise
from newsloom.records.curated import CuratedArticle, MergedStory, Story, Tombstone
from newsloom.records.event import ArticleEvent
from newsloom.rules.topics import TopicIndex
from tests.support.generator import generate
from tests.support.lanes import DAY_S, START_S, new_pipeline


def _values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _values(inner)


def test_all_records_of_a_busy_lane_are_valid() -> None:
    shapes = {
        shape: TypeAdapter[Any](shape) for shape in (CuratedArticle, Tombstone, Story, MergedStory)
    }
    pipeline, seen = new_pipeline(), set()
    for event in generate(11, 1_500, articles_per_day=300, withdrawal_share=0.02):
        result = pipeline.take(event, START_S + 40 * DAY_S)
        for record, whole in [
            *((dict(r), CuratedArticle) for r in result.curated),
            *((dict(r), Story) for r in result.stories),
        ]:
            shape: Any = whole
            if "withdrawn" in record:
                shape = Tombstone
            elif "mergedInto" in record:
                shape = MergedStory
            seen.add(shape)
            shapes[shape].validate_python(record, strict=True)
            assert not record.keys() - shape.__annotations__.keys()
            assert list(record) == [name for name in shape.__annotations__ if name in record]
            assert not any(value in (None, "", [], {}) for value in _values(record))
    assert seen == set(shapes), "the stream has every kind of record"


def test_the_same_events_give_the_same_records() -> None:
    first, second = new_pipeline(), new_pipeline()
    for event in generate(3, 300, articles_per_day=300):
        assert first.take(event, START_S) == second.take(event, START_S)


def test_decide_does_not_change_the_state() -> None:
    pipeline = new_pipeline()
    for number, event in enumerate(generate(5, 260, articles_per_day=20, withdrawal_share=0.05)):
        decoded = decode_record(event)
        if number > 120 and number % 7 == 0 and isinstance(decoded, Decoded):
            before, arrival = state_digest(pipeline.state), _arrive(decoded)
            first = build_records(decide(pipeline.state, arrival))
            assert build_records(decide(pipeline.state, arrival)) == first
            assert state_digest(pipeline.state) == before
        pipeline.take(event, START_S + 40 * DAY_S)
    assert len(pipeline.state.articles) < 220, "some articles left the window during the test"


def _arrive(decoded: Decoded) -> Arrival:
    if isinstance(decoded.event, ArticleEvent):
        nothing = Catalogue({}, TopicIndex([]), "none")
        return enrich_article(normalise(decoded.event), nothing, "trust", START_S + 40 * DAY_S)
    return WithdrawalArrival((identify(decoded.event),))
