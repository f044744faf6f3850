"""docs/capacity.md from the figures below: everything in its tables follows from them.

    python -m benchmarks.capacity              # writes the page's tables anew
    python -m benchmarks.capacity --measure    # measures the bytes of records, to set below

In: figures measured elsewhere, by the commands named beside them. Out: tables. A test says when the
page is not what the figures give.
"""

import argparse
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from newsloom.adapters.catalogue_files import load_catalogue
from newsloom.pipeline.curation.state import State
from newsloom.pipeline.recipe import Curation, Preparation, Result
from newsloom.records.faults import Fault
from newsloom.rules.lanes import MAX_LIVE_ARTICLES
from newsloom.runtimes.kafka.enriched import decode_arrival, encode_arrival
from newsloom.runtimes.kafka.topics import (
    ARTICLE_EVENTS,
    CURATED_ARTICLES,
    ENRICHED_ARTICLES,
    LANE_STATE,
    STORIES,
    WINDOW_DAYS,
    Topic,
)
from tests.support.generator import generate

PAGE = Path(__file__).parents[1] / "docs" / "capacity.md"
BEGIN, END = "<!-- made by python -m benchmarks.capacity -->\n", "<!-- made so far -->\n"
LOADS = (10_000, 100_000, 1_000_000, 10_000_000)
"""Articles a day."""
MEASURED_EVENTS = 20_000
DAY_S = 86_400
KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured or assumed, and where that comes from."""

    value: float
    unit: str
    what: str
    source: str


_BENCH = "`make bench`, two cores, one broker beside the workers"
_RECORDS = f"`--measure`: {MEASURED_EVENTS:,} generated events, 20,000 a day"

FIGURES = {
    "all": Figure(3_797, "events/s", "`worker all`, images off, two cores for everything", _BENCH),
    "enrich": Figure(15_206, "events/s", "one enrich worker, images off", _BENCH),
    "curate": Figure(4_541, "events/s", "one curate worker", _BENCH),
    "restore": Figure(25_600, "articles/s", "restoring a lane (200,000 in 7.8 s)", _BENCH),
    "fetches": Figure(100, "at a time", "images that one enrich worker fetches", "adapters/web.py"),
    "fetch_s": Figure(0.5, "s", "an image takes", "assumed: a web of middling speed"),
    "peak": Figure(3, "times the mean", "the busiest hour", "assumed"),
    "load": Figure(0.6, "of its speed", "asked of a worker at the peak", "assumed"),
    "replicas": Figure(3, "copies", "of each record", "`newsloom topics create`, three brokers"),
    "dirty": Figure(2, "times", "what a compacted topic holds of what lives", "Kafka's default"),
}

# All that is said of memory and scratch disk. To be set anew from `make bench`: see the page.
MEMORY = {
    "enrich_mib": Figure(126, "MiB", "an enrich worker at its most", _BENCH),
    "curate_mib": Figure(165, "MiB", "a curate worker with an empty lane", _BENCH),
    "article_bytes": Figure(1_000, "bytes", "memory of a live article", "set as the goal"),
    "scratch_bytes": Figure(1_500, "bytes", "scratch disk of a live article", "set as the goal"),
}

KEPT = (ARTICLE_EVENTS, ENRICHED_ARTICLES, CURATED_ARTICLES, STORIES, LANE_STATE)
"""Dead letters are few."""

# Keys and values of what one input makes, uncompressed; and of what one article leaves in the end.
INPUT_BYTES = {
    "article-events.v1": 786,
    "enriched-articles.v1": 1_535,
    "curated-articles.v1": 5_379,
    "stories.v1": 1_226,
    "lane-state.v1": 3_312,
}
PUBLICATIONS = 1.52
"""Curated records that one input makes, its own and those of others that it changes."""
LAST_BYTES = {"curated-articles.v1": 3_470, "stories.v1": 522, "lane-state.v1": 1_831}


def value(name: str) -> float:
    """A figure."""
    return (FIGURES | MEMORY)[name].value


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many articles a day take."""

    articles: int

    @property
    def peak(self) -> float:
        """Articles a second in the busiest hour."""
        return self.articles / DAY_S * value("peak")

    @property
    def live(self) -> int:
        """Articles in the window of all lanes."""
        return self.articles * WINDOW_DAYS

    @property
    def lanes(self) -> int:
        """So many that none is beyond what a lane is built for."""
        return math.ceil(self.live / MAX_LIVE_ARTICLES)

    @property
    def lane_live(self) -> int:
        """Live articles of a lane, were all alike."""
        return self.live // self.lanes

    @property
    def enrichers(self) -> int:
        """By the wait for images; two at least, so that one may be missed."""
        each = value("fetches") / value("fetch_s")
        return max(2, math.ceil(self.peak / (each * value("load"))))

    @property
    def partitions(self) -> int:
        """Of article-events: room for twice as many workers."""
        return max(4, 2 ** math.ceil(math.log2(2 * self.enrichers)))

    @property
    def curators(self) -> int:
        """One for each lane, for a restore takes a core and memory; and one that stands by."""
        return self.lanes + 1

    @property
    def curate_share(self) -> float:
        """The share of a curate worker's speed that a lane takes at the peak."""
        return self.peak / self.lanes / value("curate")

    @property
    def lane_memory(self) -> float:
        """Bytes of a curate worker with one lane."""
        return value("curate_mib") * MIB + self.lane_live * value("article_bytes")

    @property
    def lane_scratch(self) -> float:
        """Bytes of its scratch file."""
        return self.lane_live * value("scratch_bytes")

    @property
    def restore_s(self) -> float:
        """How long a lane is read back."""
        return self.lane_live / value("restore")

    def written(self, topic: Topic) -> float:
        """Bytes a day into a topic, before copies."""
        return self.articles * INPUT_BYTES[topic.suffix]

    def kept(self, topic: Topic) -> float:
        """Bytes that a topic holds, before copies."""
        if topic.cleanup == "delete":
            return self.written(topic) * (topic.retention_days or 0)
        days = topic.retention_days or WINDOW_DAYS
        return self.articles * days * LAST_BYTES[topic.suffix] * value("dirty")

    @property
    def disk(self) -> float:
        """Bytes on all brokers together."""
        return sum(map(self.kept, KEPT)) * value("replicas")

    @property
    def peak_write(self) -> float:
        """Bytes a second that producers send at the peak."""
        return sum(INPUT_BYTES.values()) * self.peak


def size(count: float) -> str:
    """Bytes, to two figures."""
    for unit, name in ((1024 * GIB, "TiB"), (GIB, "GiB"), (MIB, "MiB")):
        if count >= unit:
            break
    amount = count / unit
    return f"{amount:.1f} {name}" if amount < 10 else f"{amount:,.0f} {name}"


Row = tuple[str, Callable[[Plan], str]]
WORKERS: tuple[Row, ...] = (
    ("articles/s, mean", lambda p: f"{p.articles / DAY_S:,.2g}"),
    ("articles/s, busiest hour", lambda p: f"{p.peak:,.2g}"),
    ("live articles, ten days", lambda p: f"{p.live:,}"),
    ("lanes", lambda p: f"{p.lanes:,}"),
    ("partitions of article-events", lambda p: f"{p.partitions}"),
    ("enrich workers", lambda p: f"{p.enrichers}"),
    ("curate workers, one standing by", lambda p: f"{p.curators}"),
    ("a lane's share of a worker at the peak", lambda p: f"{p.curate_share:.2%}"),
    ("restore of a lane", lambda p: f"{p.restore_s:,.0f} s" if p.restore_s >= 1 else "< 1 s"),
)
STATE: tuple[Row, ...] = (
    ("memory of an enrich worker", lambda _: size(value("enrich_mib") * MIB)),
    ("memory of a curate worker", lambda p: size(p.lane_memory)),
    ("its scratch disk", lambda p: size(p.lane_scratch)),
)
BROKERS: tuple[Row, ...] = (
    ("brokers", lambda _: f"{value('replicas'):g}"),
    *(
        (f"{topic.suffix} a day", lambda p, topic=topic: size(p.written(topic)))  # type: ignore[misc]
        for topic in KEPT
    ),
    ("producers at the peak, a second", lambda p: size(p.peak_write)),
    ("disk of all brokers", lambda p: size(p.disk)),
)


def tables() -> str:
    """All tables of the page."""
    figures = [
        "| figure | | from |\n|---|---|---|",
        *(f"| {f.what} | {f.value:,g} {f.unit} | {f.source} |" for f in FIGURES.values()),
        *(
            f"| one input in {suffix} | {count:,} bytes | {_RECORDS} |"
            for suffix, count in INPUT_BYTES.items()
        ),
        *(
            f"| what an article leaves in {suffix} | {count:,} bytes | {_RECORDS} |"
            for suffix, count in LAST_BYTES.items()
        ),
    ]
    memory = [
        "| memory | | from |\n|---|---|---|",
        *(f"| {f.what} | {f.value:,g} {f.unit} | {f.source} |" for f in MEMORY.values()),
    ]
    parts = [
        ("Figures", "\n".join(figures)),
        ("Figures of memory", "\n".join(memory)),
        ("Workers", _table(WORKERS)),
        ("Memory and scratch disk", _table(STATE)),
        ("Brokers", _table(BROKERS)),
    ]
    return "".join(f"\n## {title}\n{table}\n" for title, table in parts)


def _table(rows: tuple[Row, ...]) -> str:
    plans = [Plan(articles) for articles in LOADS]
    lines = ["| articles a day | " + " | ".join(f"{p.articles:,}" for p in plans) + " |"]
    lines.append("|---" * (len(plans) + 1) + "|")
    lines += [f"| {what} | " + " | ".join(map(tell, plans)) + " |" for what, tell in rows]
    return "\n".join(lines)


def page() -> str:
    """The page, its tables made anew."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + tables() + "\n" + END + after


def measure() -> None:
    """Prints the bytes of records, by topic: what one input makes, and what an article leaves."""
    preparation, curation = Preparation(load_catalogue(), "trust", None), Curation(State())
    made: Counter[str] = Counter()
    last: dict[str, dict[str, int]] = {suffix: {} for suffix in LAST_BYTES}
    publications = 0
    for event in generate(1, MEASURED_EVENTS):
        sent = orjson.dumps(event)
        made[ARTICLE_EVENTS.suffix] += len(event["webUrl"]) + len(sent)
        prepared = preparation.prepare(orjson.loads(sent), 2**31)
        assert not isinstance(prepared.arrival, Fault)
        key, enriched = encode_arrival(prepared.arrival)
        made[ENRICHED_ARTICLES.suffix] += len(key) + len(enriched)
        result = curation.curate(decode_arrival(enriched))
        publications += len(result.curated)
        for suffix, name, size_bytes in _published(curation, result):
            made[suffix] += size_bytes
            last[suffix][name] = size_bytes
    print(f"publications an input: {publications / MEASURED_EVENTS:.2f}")
    for suffix, count in made.items():
        print(f"{suffix}: {count / MEASURED_EVENTS:,.0f} bytes an input")
    for suffix, sizes in last.items():
        print(f"{suffix}: {sum(sizes.values()) / MEASURED_EVENTS:,.0f} bytes are left of one")


def _published(curation: Curation, result: Result) -> Iterator[tuple[str, str, int]]:
    """Topic, key and bytes of each record that a curate worker would send for one input."""
    changed = map(dict.fromkeys, (result.changed_articles, result.changed_stories))
    for suffix, records in (
        (CURATED_ARTICLES.suffix, result.curated),
        (STORIES.suffix, result.stories),
    ):
        for record in records:
            yield suffix, record["id"], len(record["id"]) + len(orjson.dumps(record))
    for name, row in curation.state.encode_rows(*changed).items():
        yield LANE_STATE.suffix, name, len(name) + len(row or b"")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="measure bytes of records")
    if parser.parse_args().measure:
        measure()
    else:
        PAGE.write_text(page())


if __name__ == "__main__":
    main()
