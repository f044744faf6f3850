"""Newsloom's own labelled stream, for two cases that labelled news rarely contains.

A *bridge* is an article that reports both an incident and its sequel: their stories must merge.
A *touch* is an article about an incident that only mentions an unrelated subject: the two stories
must stay apart. story_bridges.toml defines both and holds the sentences, all invented.
"""

import tomllib
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from benchmarks.story_streams import LabelledEvent
from newsloom.rules.clock import format_time

_FILE = Path(__file__).with_suffix(".toml")
_START_S = 1_772_445_600  # 2026-03-02T10:00:00Z
_APART_S = 5 * 3600 + 660
"""The time from the start of one subject to the start of the next."""
_SPAN_S = 46 * 3600
"""The time from the first article of a subject to its last."""
_OUTLETS = 14
"""No subject has more articles than that, so no outlet has two articles of one subject."""

Subject = dict[str, list[str]]
"""The sentences of a subject by kind: reports, sequel, bridge, other, touch."""


def bridges() -> list[LabelledEvent]:
    """Every article in order of publication. All are within ten days, so none leaves the window."""
    subjects = tomllib.loads(_FILE.read_text("utf-8"))
    events = chain.from_iterable(
        _events(name, subject, number) for number, (name, subject) in enumerate(subjects.items())
    )
    return sorted(events, key=lambda labelled: str(labelled.event["publishedDateTime"]))


def _events(name: str, subject: Subject, number: int) -> Iterator[LabelledEvent]:
    """The articles of a subject. Every third subject has titles only, as in some feeds."""
    articles = _in_order(subject, number)
    for position, article in enumerate(articles):
        at_s = _START_S + number * _APART_S + _SPAN_S * position // (len(articles) - 1)
        outlet = (5 * number + position) % _OUTLETS
        title, _, excerpt = article.partition(" | ")
        event: dict[str, Any] = {
            "webUrl": f"https://outlet-{outlet}.example/{number}/{position}",
            "title": title,
            "publishedDateTime": format_time(at_s),
            "locale": "en",
        }
        if number % 3 != 1:
            event["excerpt"] = excerpt
        yield LabelledEvent(event, f"{name}, other" if article in subject["other"] else name)


def _in_order(subject: Subject, number: int) -> list[str]:
    """The articles of a subject in order of arrival.

    One to three reports alternate with one or two articles of the sequel. In every fourth subject
    the sequel is first. In another fourth the touch arrives before the subject that it mentions.
    """
    reports = min(1 + number // 3 % 3, len(subject["reports"]) - 1)
    sequel = 1 + number % 2
    both_sides = (subject["reports"][:reports], subject["sequel"][:sequel])
    turns = zip_longest(*(reversed(both_sides) if number % 4 == 3 else both_sides))
    other_kinds = ("touch", "other") if number % 4 == 1 else ("other", "touch")
    return [
        *(text for turn in turns for text in turn if text is not None),
        *chain(*(subject[kind] for kind in other_kinds)),
        *subject["bridge"],
        *subject["reports"][reports:],
        *subject["sequel"][sequel:],
    ]
