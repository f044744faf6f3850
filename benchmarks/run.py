"""Measure speed and memory of `newsloom run --images off` on one core, and the time per stage.

    python -m benchmarks.run [EVENTS.jsonl] [--rounds N]

In: a file of events; without one, 10,000 generated events. Out: printed figures. Other work on the
machine changes them: use the median, and measure both versions of a comparison in succession.
"""

import argparse
import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import orjson

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.build_records import build_records
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.decode import Decoded
from newsloom.pipeline.enrich import enrich_article
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.normalise import NormalisedArticle, identify, normalise
from newsloom.records.event import ArticleEvent
from newsloom.rules.provider import bare_title, resolve_provider
from newsloom.rules.words.language import detect_language
from newsloom.rules.words.text import clean_text, words
from tests.support.generator import generate
from tests.support.pipeline import decode_bytes

EVENTS = 10_000
ARRIVED_AT_S = 1_790_000_000
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", nargs="?", type=Path, help="events to measure with (JSON Lines)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="measured runs, after one that is not measured (5)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        events = arguments.events or _make_events(Path(scratch))
        inputs = sum(1 for line in events.read_bytes().splitlines() if line.strip())
        print(f"newsloom run --images off, {inputs:,} events of {events.name}, one core")
        seconds = [_run(events, Path(scratch) / f"out{n}") for n in range(arguments.rounds + 1)][1:]
        _print_speed("whole process", inputs, seconds)
        peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"  peak memory        {peak_mib:>8,.0f} MiB")
        empty_runs = [_run(_empty(Path(scratch)), Path(scratch) / f"none{n}") for n in range(3)]
        start_s = statistics.median(empty_runs)
        print(f"  start-up           {start_s:>8.2f} s (a run without events)")
        _print_speed("without start-up", inputs, [s - start_s for s in seconds])
        print("time per stage, in microseconds per event:")
        costs_us = _stage_costs(events)
        for stage, cost_us in costs_us.items():
            print(f"  {stage:<10} {cost_us:>8.1f}")
        enrichment_us = costs_us["normalise"] + costs_us["enrich"]
        print(f"main steps of normalise and enrich, which take {enrichment_us:.1f} together:")
        for step, cost_us in _enrichment_costs(events).items():
            print(f"  {step:<31} {cost_us:>8.1f}")


def _print_speed(what: str, inputs: int, seconds: list[float]) -> None:
    rates = sorted(inputs / s for s in seconds)
    print(
        f"  {what:<18} {statistics.median(rates):>8,.0f} events/s "
        f"(median of {len(rates)} runs, {rates[0]:,.0f} to {rates[-1]:,.0f})"
    )


def _make_events(folder: Path) -> Path:
    path = folder / "generated.jsonl"
    path.write_bytes(b"".join(orjson.dumps(e) + b"\n" for e in generate(seed=1, count=EVENTS)))
    return path


def _empty(folder: Path) -> Path:
    path = folder / "empty.jsonl"
    path.touch()
    return path


def _run(events: Path, folder: Path) -> float:
    """The wall time of one run in a new process on one core, in seconds."""
    command = Path(sys.executable).with_name("newsloom")
    core = min(os.sched_getaffinity(0))
    began = time.perf_counter()
    subprocess.run(
        [command, "run", events, "--images", "off", "--output", folder, "--quiet"],
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    return time.perf_counter() - began


def _stage_costs(events: Path) -> dict[str, float]:
    """The mean time of each stage in this process, in microseconds per input."""
    state, catalogue = State(), load_catalogue()
    spent: dict[str, float] = defaultdict(float)

    def timed(stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        spent[stage] += time.perf_counter() - began
        return result

    gc.freeze()
    lines = [line for line in events.read_bytes().splitlines() if line.strip()]
    for line in lines:
        decoded = timed("decode", lambda line=line: decode_bytes(line))  # type: ignore[misc]
        if not isinstance(decoded, Decoded) or not isinstance(decoded.event, ArticleEvent):
            continue
        event = decoded.event
        normal = timed("normalise", lambda event=event: normalise(event))  # type: ignore[misc]
        arrival = timed(
            "enrich",
            lambda normal=normal: enrich_article(normal, catalogue, "off", ARRIVED_AT_S),  # type: ignore[misc]
        )
        changes = timed("decide", lambda arrival=arrival: decide(state, arrival))  # type: ignore[misc]
        timed("publish", lambda changes=changes: build_records(changes))  # type: ignore[misc]
        timed("apply", changes.apply)
    return {stage: seconds / len(lines) * 1e6 for stage, seconds in spent.items()}


def _enrichment_costs(events: Path) -> dict[str, float]:
    """The mean time of steps within normalise and enrich, in microseconds per article."""
    catalogue = load_catalogue()
    inputs = [decode_bytes(line) for line in events.read_bytes().splitlines() if line.strip()]
    normals = [
        normalise(decoded.event)
        for decoded in inputs
        if isinstance(decoded, Decoded) and isinstance(decoded.event, ArticleEvent)
    ]

    def url(normal: NormalisedArticle) -> str:
        return normal.event.original_url or normal.event.web_url

    steps: dict[str, Callable[[NormalisedArticle], object]] = {
        "clean text": lambda n: (clean_text(n.event.title), clean_text(n.event.excerpt or "")),
        "canonical URL and id": lambda n: identify(n.event),
        "provider": lambda n: resolve_provider(url(n), n.title, catalogue.outlets, catalogue.names),
        "title without outlet names": lambda n: bare_title(
            n.title, catalogue.names, is_from_carrier=False
        ),
        "words, for topics and vectors": lambda n: (words(n.title), words(n.excerpt)),
        "language, if there is no locale": lambda n: detect_language(f"{n.title} {n.excerpt}"),
    }
    costs_us = {}
    for step, work in steps.items():
        costs_us[step] = _mean_us(work, normals)
    texts = [[*words(n.title), "", *words(n.excerpt)] for n in normals]
    costs_us["topics, from the words"] = _mean_us(lambda t: catalogue.topics.match(t, []), texts)
    return costs_us


def _mean_us(work: Callable[[T], object], items: list[T]) -> float:
    began = time.perf_counter()
    for item in items:
        work(item)
    return (time.perf_counter() - began) / len(items) * 1e6


if __name__ == "__main__":
    main()
