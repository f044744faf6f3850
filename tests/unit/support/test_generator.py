"""The generator of test events: the properties that tests and benchmarks depend on."""

import os
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import combinations, islice
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from tests.support.generator import DEFAULT_START, generate, gold
from tests.support.generator_languages import LANGUAGES

ROOT = Path(__file__).parents[3]
COUNT = 12_000
SHARES = {"update": 0.1, "copy": 0.15, "withdrawal": 0.05, "late": 0.1, "repeat": 0.08}

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    shares = {f"{kind}_share": share for kind, share in SHARES.items()}
    return list(generate(7, COUNT, **shares))  # type: ignore[arg-type]


def run_python(*arguments: str, hash_seed: str) -> bytes:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    ).stdout


def article_of(event: Event) -> str:
    """The URL of an event's article, without tracking parameters."""
    url = str(event.get("originalUrl", event["webUrl"]))
    return url.partition("#")[0].partition("utm_")[0].rstrip("?&")


def arrival_of(position: int) -> datetime:
    return DEFAULT_START + timedelta(seconds=position * 86_400 // 20_000)


def published_of(event: Event) -> datetime:
    return datetime.fromisoformat(event["publishedDateTime"])


def kinds_of(events: list[Event]) -> list[str]:
    """The kind of each event, determined from the stream only."""
    kinds, articles, seen = [], set(), set()
    for position, event in enumerate(events):
        if "withdrawn" in event:
            kind = "withdrawal"
        elif event["eventId"] in seen:
            kind = "repeat"
        elif article_of(event) in articles:
            kind = "update"
        elif "/syndicated/" in event["webUrl"]:
            kind = "copy"
        elif arrival_of(position) - published_of(event) >= timedelta(days=1):
            kind = "late"
        else:
            kind = "new"
        articles.add(article_of(event))
        seen.add(event["eventId"])
        kinds.append(kind)
    return kinds


def test_the_same_seed_gives_the_same_bytes_under_any_hash_seed() -> None:
    command = ("-m", "tests.support.generator", "--count", "3000", "--seed", "5")
    first, second = (run_python(*command, hash_seed=seed) for seed in ("1", "4242"))
    assert first == second
    assert first.count(b"\n") == 3000


def test_another_seed_gives_other_events() -> None:
    assert list(generate(1, 50)) != list(generate(2, 50))


def test_a_longer_stream_begins_with_the_shorter_one() -> None:
    assert list(islice(generate(3, 5_000), 500)) == list(generate(3, 500))


def test_the_generator_imports_nothing_of_newsloom() -> None:
    script = (
        "import sys, tests.support.generator; print([m for m in sys.modules if 'newsloom' in m])"
    )
    assert run_python("-c", script, hash_seed="0").strip() == b"[]"


def test_each_article_event_has_the_required_fields(events: list[Event]) -> None:
    assert len(events) == COUNT
    for event in events:
        assert event["webUrl"].startswith("https://")
        if "withdrawn" not in event:
            assert event["title"].strip()
            assert published_of(event).tzinfo is not None
            assert event["excerpt"].strip()


@pytest.mark.parametrize(("kind", "share"), SHARES.items())
def test_shares_are_close_to_the_requested_ones(
    events: list[Event], kind: str, share: float
) -> None:
    assert kinds_of(events).count(kind) / COUNT == pytest.approx(share, abs=0.012)


def test_a_withdrawal_names_an_earlier_article_and_is_its_last_event(events: list[Event]) -> None:
    articles: set[str] = set()
    withdrawn: set[str] = set()
    for event in events:
        article = article_of(event)
        assert article not in withdrawn
        if "withdrawn" in event:
            assert article in articles
            withdrawn.add(article)
        articles.add(article)


def test_repeats_equal_the_latest_version_and_updates_are_newer(events: list[Event]) -> None:
    latest: dict[str, Event] = {}
    other_spellings = 0
    for event, kind in zip(events, kinds_of(events), strict=True):
        before = latest.get(article_of(event))
        if kind == "repeat":
            assert event == before
        elif kind == "update":
            assert before is not None
            assert event["updatedDateTime"] >= before.get("updatedDateTime", "")
            assert event["excerpt"] != before["excerpt"]
            assert event["publishedDateTime"] == before["publishedDateTime"]
            other_spellings += event["webUrl"] != before["webUrl"]
        latest[article_of(event)] = event
    assert other_spellings > 100


def test_only_late_articles_are_older_than_an_hour(events: list[Event]) -> None:
    for position, (event, kind) in enumerate(zip(events, kinds_of(events), strict=True)):
        if kind in ("new", "copy"):
            assert timedelta(0) <= arrival_of(position) - published_of(event) < timedelta(hours=1)


def test_labels_group_articles_that_share_words() -> None:
    texts: dict[str, list[set[str]]] = defaultdict(list)
    for event in generate(
        11, 6_000, update_share=0, repeat_share=0, withdrawal_share=0, copy_share=0
    ):
        if event.get("locale", "").startswith("en"):
            texts[str(gold(event))].append(set(f"{event['title']} {event['excerpt']}".split()))
    sizes = Counter(len(group) for group in texts.values())
    assert sizes[1] > sum(sizes.values()) / 3
    assert max(sizes) >= 8
    same_label = [len(a & b) for group in texts.values() for a, b in combinations(group, 2)]
    other_labels = [len(a[0] & b[0]) for a, b in combinations(list(texts.values())[:100], 2)]
    assert mean(same_label) > mean(other_labels) + 4


def test_a_withdrawal_has_no_label(events: list[Event]) -> None:
    assert all((gold(event) is None) == ("withdrawn" in event) for event in events)


def test_the_stream_has_articles_in_every_language(events: list[Event]) -> None:
    assert {event["locale"][:2] for event in events if "locale" in event} == set(LANGUAGES)


def test_memory_does_not_grow_with_the_number_of_events() -> None:
    stream = generate(1, 16_000, articles_per_day=2_000)
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(2):
            for _ in islice(stream, 8_000):
                pass
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"start": datetime(2026, 3, 2)}, id="no offset"),
        pytest.param({"update_share": -0.1}, id="a negative share"),
        pytest.param({"update_share": 0.7, "copy_share": 0.7}, id="shares above 1 together"),
    ],
)
def test_invalid_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"offset|shares"):
        generate(1, 1, **arguments)
