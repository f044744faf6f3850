"""Inputs that cause much work in a lane: a text with many copies, a merge, a back-fill.

In: numbers of articles. Out: events as they are sent to Kafka, keyed by webUrl. Event times are in
the past, so the time of arrival changes nothing. It imports nothing of newsloom.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from tests.support.generator import DEFAULT_START, generate
from tests.support.generator_articles import Subject, open_subject, write_article
from tests.support.workers import Event

ORDERS = ("arrival", "id", "reverse")
MERGE_BIAS = 8_000
"""The bias of joining a story. With that of Newsloom, a story of thousands takes in few articles
that are not copies."""
_APART, _BETWEEN = timedelta(days=5), timedelta(days=3)
"""An article joins no story that is more than four days away."""
_BACK_FILL_DAYS = 20
_TEXT = {
    "title": "Selkie ferry runs aground off Northfield pier",
    "excerpt": "The car ferry struck the disused coal pier on Monday evening with 312 passengers "
    "aboard, and divers found a gash of nine metres below the vehicle deck, the harbour master "
    "said.",
    "locale": "en",
}


def _url(name: str, number: int) -> str:
    return f"https://{name}{number}.example/1"


def _sent(event: dict[str, Any]) -> Event:
    return event["webUrl"].encode(), json.dumps(event).encode()


def copies(count: int) -> Iterator[Event]:
    """One text at `count` outlets, a second apart."""
    for number in range(count):
        published = DEFAULT_START + timedelta(seconds=number)
        yield _sent(
            _TEXT | {"webUrl": _url("outlet", number), "publishedDateTime": published.isoformat()}
        )


def withdrawals(count: int, order: str) -> Iterator[Event]:
    """The withdrawals of all `copies`, in one of ORDERS."""
    urls = [_url("outlet", number) for number in range(count)]
    if order == "id":
        urls.sort(key=lambda url: sha256(url.encode()).digest())
    elif order == "reverse":
        urls.reverse()
    for url in urls:
        yield _sent({"webUrl": url, "withdrawn": True})


def two_stories(count: int) -> Iterator[Event]:
    """Two stories of `count` articles each, in turn: the same subject, five days apart.

    No article has the text of another one.
    """
    rng, subject = _subject()
    for number in range(count):
        for part, start in enumerate((DEFAULT_START, DEFAULT_START + _APART)):
            published = start + timedelta(seconds=2 * number)
            yield _sent(_article(rng, subject, 2 * number + part, published))


def bridge() -> Event:
    """An article between the two stories, which merges them."""
    rng, subject = _subject()
    return _sent(_article(rng, subject, -1, DEFAULT_START + _BETWEEN))


def _subject() -> tuple[Random, Subject]:
    rng, latest = Random(3), dict[str, Subject]()
    subject = open_subject(rng, 1, latest)
    while subject.language != "en":
        subject = open_subject(rng, 1, latest)
    return rng, replace(subject)


def _article(rng: Random, subject: Subject, number: int, published: datetime) -> dict[str, Any]:
    event = write_article(rng, subject, number, published, published)
    return _at(_url("teller", number + 1), event) | {"locale": "en"}


def _at(url: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event at another URL."""
    others = ("originalUrl", "ampWebUrl")
    return {name: v for name, v in event.items() if name not in others} | {"webUrl": url}


def ordinary(name: str, count: int, days: float) -> Iterator[Event]:
    """New articles of many subjects, from `days` after the start on."""
    start = DEFAULT_START + timedelta(days=days)
    for number, event in enumerate(_new(start, count, 20_000)):
        yield _sent(_at(_url(name, number), event))


def back_fill(count: int) -> Iterator[Event]:
    """`count` new articles of 20 days, the last of them 20 days before the start."""
    start = DEFAULT_START - timedelta(days=2 * _BACK_FILL_DAYS)
    yield from map(_sent, _new(start, count, -(-count // _BACK_FILL_DAYS)))


def _new(start: datetime, count: int, per_day: int) -> Iterator[dict[str, Any]]:
    return generate(
        1,
        count,
        start=start,
        articles_per_day=per_day,
        update_share=0,
        withdrawal_share=0,
        late_share=0,
        repeat_share=0,
    )
