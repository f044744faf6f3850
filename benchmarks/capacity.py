"""docs/capacity.md from the figures below: everything in its tables follows from them.

    python -m benchmarks.capacity    # writes the page's tables anew

In: figures measured elsewhere, by the commands named beside them. Out: tables. A test says when the
page is not what the figures give.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from newsloom.rules.stories import LANE_CAP
from newsloom.runtimes.kafka.topics.definitions import (
    ARTICLE_EVENTS,
    CURATED_ARTICLES,
    ENRICHED_ARTICLES,
    LANE_STATE,
    STORIES,
    WINDOW_DAYS,
    KafkaTopic,
)

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
_SIZE = "`make bench-size`"
_SOAK = "`make soak`, its warm-up"
_RECORDS = f"`python -m benchmarks.record_bytes`, {MEASURED_EVENTS:,} events"

FIGURES = {
    "all": Figure(3_775, "events/s", "`worker all`, images off, two cores for everything", _BENCH),
    "enrich": Figure(6_530, "events/s", "one enrich worker, images off", _BENCH),
    "curate": Figure(4_298, "events/s", "one curate worker", _BENCH),
    "restore": Figure(28_200, "articles/s", "restoring a lane (200,000 in 7.1 s)", _BENCH),
    "images": Figure(
        130, "events/s", "one enrich worker, an image each, 2 % of them failing", _SOAK
    ),
    "peak": Figure(3, "times the mean", "the busiest hour", "assumed"),
    "load": Figure(0.6, "of its speed", "asked of a worker at the peak", "assumed"),
    "replicas": Figure(3, "copies", "of each record", "`newsloom topics create`, three brokers"),
    "dirty": Figure(2, "times", "what a compacted topic holds of what lives", "Kafka's default"),
}

# All that is said of memory and scratch disk. To be set anew from `make bench`: see the page.
MEMORY = {
    "enrich_mib": Figure(390, "MiB", "an enrich worker that checks images", "`make soak`"),
    "curate_mib": Figure(210, "MiB", "a curate worker with an empty lane", _BENCH),
    "rows_mib": Figure(390, "MiB", "what a lane was asked for last, held at hand", _SIZE),
    "article_bytes": Figure(710, "bytes", "memory of a live article besides", _SIZE),
    "scratch_bytes": Figure(3_450, "bytes", "scratch disk of a live article", _SIZE),
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
        return math.ceil(self.live / LANE_CAP)

    @property
    def lane_live(self) -> int:
        """Live articles of a lane, were all alike."""
        return self.live // self.lanes

    @property
    def enrichers(self) -> int:
        """By the wait for images; two at least, so that one may be missed."""
        return max(2, math.ceil(self.peak / (value("images") * value("load"))))

    @property
    def partitions(self) -> int:
        """Of article-events: room for twice as many workers."""
        return max(4, 1 << math.ceil(math.log2(2 * self.enrichers)))

    @property
    def curators(self) -> int:
        """One for each lane, for a restore takes a core and memory; and one that stands by."""
        return self.lanes + 1

    @property
    def enrich_backlog_s(self) -> float:
        """How long a day's articles take to be enriched, their images looked at."""
        return self.articles / (self.enrichers * value("images"))

    @property
    def curate_backlog_s(self) -> float:
        """How long a day's articles take to be curated, were all lanes alike."""
        return self.articles / (self.lanes * value("curate"))

    @property
    def curate_share(self) -> float:
        """The share of a curate worker's speed that a lane takes at the peak."""
        return self.peak / self.lanes / value("curate")

    @property
    def lane_memory(self) -> float:
        """Bytes of a curate worker with one lane."""
        fixed = value("curate_mib") + value("rows_mib")
        return fixed * MIB + self.lane_live * value("article_bytes")

    @property
    def lane_scratch(self) -> float:
        """Bytes of its scratch file."""
        return self.lane_live * value("scratch_bytes")

    @property
    def restore_s(self) -> float:
        """How long a lane is read back."""
        return self.lane_live / value("restore")

    def written(self, topic: KafkaTopic) -> float:
        """Bytes a day into a topic, before copies."""
        return self.articles * INPUT_BYTES[topic.suffix]

    def kept(self, topic: KafkaTopic) -> float:
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
    units = ((1024 * GIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"))
    unit, name = next(pair for pair in units if count >= pair[0] or pair[0] == KIB)
    return f"{figures(count / unit)} {name}"


def duration(seconds: float) -> str:
    """A time, to two figures."""
    units = ((3600, "h"), (60, "min"), (1, "s"))
    unit, name = next(pair for pair in units if seconds >= 1.5 * pair[0] or pair[0] == 1)
    return f"{figures(seconds / unit)} {name}"


def figures(amount: float) -> str:
    """A number, to two figures."""
    digits = 0 if amount >= 10 else 1 if amount >= 1 else 2
    return f"{amount:,.{digits}f}"


Row = tuple[str, Callable[[Plan], str]]
WORKERS: tuple[Row, ...] = (
    ("articles/s, mean", lambda p: figures(p.articles / DAY_S)),
    ("articles/s, busiest hour", lambda p: figures(p.peak)),
    ("live articles, ten days", lambda p: f"{p.live:,}"),
    ("lanes", lambda p: f"{p.lanes:,}"),
    ("partitions of article-events", lambda p: f"{p.partitions}"),
    ("enrich workers", lambda p: f"{p.enrichers}"),
    ("curate workers, one standing by", lambda p: f"{p.curators}"),
    ("of a curate worker's speed, at the peak", lambda p: f"{p.curate_share:.2%}"),
    ("a day's backlog, images looked at", lambda p: duration(p.enrich_backlog_s)),
    ("a day's backlog, curated", lambda p: duration(p.curate_backlog_s)),
    ("restore of a lane", lambda p: duration(p.restore_s)),
)
STATE: tuple[Row, ...] = (
    ("memory of an enrich worker", lambda _: size(value("enrich_mib") * MIB)),
    ("memory of a curate worker", lambda p: size(p.lane_memory)),
    ("its scratch disk", lambda p: size(p.lane_scratch)),
)
BROKERS: tuple[Row, ...] = (
    ("brokers", lambda _: f"{value('replicas'):g}"),
    *((f"{topic.suffix} a day", lambda p, topic=topic: size(p.written(topic))) for topic in KEPT),
    ("producers at the peak, a second", lambda p: size(p.peak_write)),
    ("disk of all brokers", lambda p: size(p.disk)),
)


def tables() -> str:
    """All tables of the page."""
    speeds = [
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
        ("Figures", "\n".join(speeds)),
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


def main() -> None:
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
