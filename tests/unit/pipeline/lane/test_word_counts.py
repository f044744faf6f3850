"""Word counts of a lane: computed from its live articles, and the same after a restart."""

import os
import subprocess
import sys

from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import LiveArticle, decode_row, encode_row
from newsloom.pipeline.lane.state import State
from tests.support.lanes import DAY_S, event, new_pipeline, take
from tests.support.newsstand import Newsstand, ident

SUBJECT = "Northfield regatta"
NAMES = ("aldermoor", "breksund", "carrick", "dunmore", "eskdale", "fenwick", "grasmere", "harlow")


def _title(number: int, subject: str = SUBJECT) -> str:
    """A title about one subject, with two names and a number of its own."""
    first, second = NAMES[number % 8], NAMES[number // 8 % 8]
    return f"{subject}: {first}{number} beats {second}x{number} after {1000 + number} strokes"


def _report_many(stand: Newsstand, count: int) -> None:
    for number in range(count):
        stand.report(f"outlet{number}.example/{number}", _title(number), number * 60)


def test_the_subject_of_a_lane_counts_for_less_with_each_text() -> None:
    stand = Newsstand()
    _report_many(stand, 1)
    first = stand.pipeline.state.articles[ident("outlet0.example/0")].vector
    _report_many(stand, 400)
    last = stand.pipeline.state.articles[ident("outlet399.example/399")].vector
    assert last["regatta"] < 0.75 * first["regatta"]
    assert last["harlow399"] > first["aldermoor0"]
    common = stand.pipeline.state.words.common_here(last, "en")
    assert {"regatta", "northfield"} <= set(common)
    assert not {"harlow399", "breksundx399"} & set(common)


def test_another_language_is_counted_apart() -> None:
    stand = Newsstand()
    _report_many(stand, 200)
    vector = {"regatta": 700, "northfield": 700}
    assert stand.pipeline.state.words.weigh(vector, "fi-FI") == vector
    assert stand.pipeline.state.words.common_here(vector, "fi-FI") == []
    english = stand.pipeline.state.words.common_here(vector, "en-GB")
    assert english == stand.pipeline.state.words.common_here(vector, "und") != []


def test_articles_that_leave_the_window_count_no_more() -> None:
    stand = Newsstand()
    _report_many(stand, 50)
    for number in range(3):
        stand.report(f"late.example/{number}", f"Choir {NAMES[number]} sings", 12 * DAY_S)
    words = stand.pipeline.state.words.canonical()
    fresh = Newsstand()
    for number in range(3):
        fresh.report(f"late.example/{number}", f"Choir {NAMES[number]} sings", 12 * DAY_S)
    assert words == fresh.pipeline.state.words.canonical()


def test_an_article_of_a_former_release_counts_nothing() -> None:
    stand = Newsstand()
    _report_many(stand, 3)
    rows = []
    for key, row in stand.pipeline.state.rows():
        if isinstance(row, LiveArticle):
            row = row.copy()
            row.repeats = []
        rows.append(decode_row(key, encode_row(row)))
    assert restore(rows).words.canonical() == [[], []]


PROGRAM = """
from tests.support.lanes import new_pipeline
from tests.unit.pipeline.lane.test_word_counts import digest
print(digest())
"""


def digest() -> str:
    """The vectors and word counts of a lane after many articles and some restarts."""
    pipeline = new_pipeline()
    for number in range(120):
        take(pipeline, event(f"outlet{number}.example/1", _title(number), number * 3_600))
        if number % 40 == 39:
            rows = [(key, encode_row(row)) for key, row in pipeline.state.rows()]
            pipeline = new_pipeline(restore(decode_row(key, value) for key, value in rows))
    vectors = sorted(
        (live.placed, sorted(live.vector.items()), live.repeats)
        for _, live in pipeline.state.articles.items()
    )
    return repr((vectors, pipeline.state.words.canonical()))


def test_two_hash_seeds_and_restarts_give_the_same_counts() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] == digest() + "\n"
    undisturbed = State()
    pipeline = new_pipeline(undisturbed)
    for number in range(120):
        take(pipeline, event(f"outlet{number}.example/1", _title(number), number * 3_600))
    assert repr(undisturbed.words.canonical()) in runs[0]
