"""Measure the bytes that one input writes to each Kafka topic, for benchmarks/capacity.py.

    python -m benchmarks.record_bytes

In: generated events. Out: for each topic, the bytes of keys and values per input, and the bytes per
input that remain after compaction, when only the last record of each key is left.
"""

from collections import Counter
from collections.abc import Iterator

import orjson

from benchmarks.capacity import LAST_BYTES, MEASURED_EVENTS
from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Enricher, Result
from newsloom.records.faults import Fault
from newsloom.runtimes.kafka.stages.enriched_records import decode_arrival, encode_arrival
from newsloom.runtimes.kafka.topics.definitions import (
    ARTICLE_EVENTS,
    CURATED_ARTICLES,
    ENRICHED_ARTICLES,
    LANE_STATE,
    STORIES,
)
from tests.support.generator import generate
from tests.support.pipeline import raw_input

ARRIVED_AT_S = 2**31
"""Later than every generated time, so that no event time is cut."""


def main() -> None:
    enricher, curator = Enricher(load_catalogue(), "trust", None), Curator(State())
    written: Counter[str] = Counter()
    last: dict[str, dict[str, int]] = {suffix: {} for suffix in LAST_BYTES}
    publications = 0
    for event in generate(1, MEASURED_EVENTS):
        sent = orjson.dumps(event)
        written[ARTICLE_EVENTS.suffix] += len(event["webUrl"]) + len(sent)
        prepared = enricher.enrich(raw_input(orjson.loads(sent)), ARRIVED_AT_S)
        assert not isinstance(prepared.arrival, Fault)
        key, enriched = encode_arrival(prepared.arrival)
        written[ENRICHED_ARTICLES.suffix] += len(key) + len(enriched)
        decoded = decode_arrival(enriched)
        assert isinstance(decoded, Enriched)
        for step in curator.curate(decoded):
            publications += len(step.curated)
            for suffix, name, size_bytes in _published(step):
                written[suffix] += size_bytes
                last[suffix][name] = size_bytes
    print(f"curated records per input: {publications / MEASURED_EVENTS:.2f}")
    for suffix, count in written.items():
        print(f"{suffix}: {count / MEASURED_EVENTS:,.0f} bytes per input")
    for suffix, sizes in last.items():
        remaining = sum(sizes.values()) / MEASURED_EVENTS
        print(f"{suffix}: {remaining:,.0f} bytes per input after compaction")


def _published(result: Result) -> Iterator[tuple[str, str, int]]:
    """Topic, key and size in bytes of each record that a curate worker sends for one step."""
    for suffix, records in (
        (CURATED_ARTICLES.suffix, result.curated),
        (STORIES.suffix, result.stories),
    ):
        for record in records:
            yield suffix, record.id, len(record.id) + len(record.value)
    for name, row in result.rows.items():
        yield LANE_STATE.suffix, name, len(name) + len(row or b"")


if __name__ == "__main__":
    main()
