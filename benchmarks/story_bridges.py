"""A labelled stream of our own: articles that bridge two sides of a matter, or touch another.

Labelled news seldom has either; story_bridges.toml says what they are, and holds the sentences.
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
"""From the start of a matter to that of the next."""
_SPAN_S = 46 * 3600
"""From the first article of a matter to its last."""
_OUTLETS = 14
"""No matter has more articles, so that none comes twice from one outlet."""

Subject = dict[str, list[str]]


def bridges() -> list[LabelledEvent]:
    """Every article, in order of the times at which they came out: within ten days, so that all
    stay in the window.
    """
    matters = tomllib.loads(_FILE.read_text("utf-8"))
    events = chain.from_iterable(
        _tell(name, subject, number) for number, (name, subject) in enumerate(matters.items())
    )
    return sorted(events, key=lambda labelled: str(labelled.event["publishedDateTime"]))


def _tell(name: str, subject: Subject, number: int) -> Iterator[LabelledEvent]:
    """The articles of a matter. Of every third there are only titles, as in some feeds."""
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
    """The articles of a matter as they arrive.

    First come one to three reports in turn with one or two of the sequel, which leads in every
    fourth matter. In some others the touch comes before the matter that it touches.
    """
    reports = min(1 + number // 3 % 3, len(subject["reports"]) - 1)
    sequel = 1 + number % 2
    pair = (subject["reports"][:reports], subject["sequel"][:sequel])
    turns = zip_longest(*(reversed(pair) if number % 4 == 3 else pair))
    apart = ("touch", "other") if number % 4 == 1 else ("other", "touch")
    return [
        *(text for turn in turns for text in turn if text is not None),
        *chain(*(subject[kind] for kind in apart)),
        *subject["bridge"],
        *subject["reports"][reports:],
        *subject["sequel"][sequel:],
    ]
