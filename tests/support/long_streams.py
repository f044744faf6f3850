"""A stream of many days in which much is withdrawn, corrected and reported again.

In: a seed, and how many articles how many days have. Out: steps in order of arrival, each with an
input and the truth about it. The texts are those of `generator_articles`. It imports nothing of
newsloom: the canonical URLs are written here, so an article id is only their SHA-256.

A tenth of the articles is withdrawn or corrected: at once, within the window, after it, or 30 days
later. The stream also has syndicated copies, stories that are told in two halves and then merge,
one provider under two names, aggregators, many spellings of a URL, wild dates, articles that
return (some as copies, though others are copies of them), old versions that arrive late, and texts
of many copies that are all withdrawn.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Literal

from tests.support.generator_articles import (
    Event,
    Subject,
    open_subject,
    outlets,
    write_article,
    write_copy,
)
from tests.support.subscriber.inputs import Truth, truth_of

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
ONE_DOMAIN, TWO_NAMES = "paired.example", ("Foo News", "Bar Sport")
AGGREGATOR = "https://www.newsriver.example/go?id="
TEN_DAYS_S, THIRTY_DAYS_S, FORTY_DAYS_S = 10 * DAY_S, 30 * DAY_S, 40 * DAY_S
"""An article is live for ten days, and a lane remembers it for thirty more."""
DELAYS = (
    (0.25, MINUTE_S, 30 * MINUTE_S),
    (0.35, HOUR_S, 9 * DAY_S),
    (0.25, TEN_DAYS_S + HOUR_S, 16 * DAY_S),
    (0.1, THIRTY_DAYS_S, 32 * DAY_S),
    (0.05, FORTY_DAYS_S + 2 * DAY_S, 55 * DAY_S),
)
"""When an article is withdrawn or corrected: share, least and greatest delay after its arrival."""
COPIES = 8
"""The copies of a text that is withdrawn everywhere, one such text every five days."""


@dataclass(frozen=True, slots=True)
class Step:
    """One input: an `event`, or without one a tombstone under `key`. `arrived_at` is in seconds."""

    event: Event | None
    key: bytes | None
    arrived_at: int
    truth: Truth


@dataclass(slots=True)
class _Piece:
    """An article with its versions, the newest last. `canonical` is its canonical URL."""

    canonical: str
    subject: Subject
    versions: list[Event] = field(default_factory=list)

    @property
    def id(self) -> str:
        return sha256(self.canonical.encode()).hexdigest()[:32]


_Action = Callable[[int], Step]


class _Stream:
    """The events to come, in a heap, and the articles so far."""

    def __init__(self, seed: int, troubled: float, end: int) -> None:
        self.rng = Random(seed)
        self.troubled = troubled
        self.end = end
        self.number = 0
        self.due: list[tuple[int, int, _Action]] = []
        self.pieces: list[_Piece] = []
        self.subjects: list[Subject] = []
        self.latest: dict[str, Subject] = {}

    def later(self, at: float, action: _Action) -> None:
        """Schedules an action, unless the stream ends before it."""
        self.number += 1
        if at < self.end:
            heapq.heappush(self.due, (int(at), self.number, action))

    # --- new articles ---------------------------------------------------------------------------

    def report_new(self, at: int) -> Step:
        """A new article of any kind; some are scheduled to be withdrawn or corrected."""
        draw = self.rng.random()
        if draw < 0.01:
            return self._report_faulty(at)
        if draw < 0.12 and self.pieces:
            original = self._recent()
            event = write_copy(self.rng, original.versions[-1], self.number, _moment(at))
            piece = self._publish(event, original.subject)
            if self.rng.random() < self.troubled:
                self._plan_trouble(original, at)
        else:
            subject = self._next_subject()
            published = self._published(at, draw)
            event = write_article(self.rng, subject, self.number, _moment(at), _moment(published))
            piece = self._publish(event, subject)
        if self.rng.random() < self.troubled:
            self._plan_trouble(piece, at)
        return self._report(piece, at)

    def _published(self, at: int, draw: float) -> int:
        """Most articles are half an hour old at most; some are days old; some dates are wild."""
        if draw > 0.985:
            year = 1990 if draw > 0.9925 else 2090
            return int(datetime(year, 6, 1, tzinfo=UTC).timestamp()) + self.number
        if draw > 0.955:
            return at - self.rng.randrange(DAY_S, 6 * DAY_S)
        return at - self.rng.randrange(30 * MINUTE_S)

    def _report_faulty(self, at: int) -> Step:
        url = f"https://outlet.example/faulty/{self.number}"
        return Step({"webUrl": url, "title": " "}, None, at, Truth("faulty"))

    def _next_subject(self) -> Subject:
        """An open subject, or a new one. Some are first told in two halves, which later merge."""
        rng = self.rng
        if self.subjects and rng.random() < 0.75:
            # Most articles are about the newest subjects.
            last = len(self.subjects) - 1
            subject = self.subjects[last - int(last * rng.random() * rng.random())]
        else:
            subject = open_subject(rng, self.number, self.latest)
            subject.left = rng.choice((1, 2, 6, 12))
            self.subjects.append(subject)
        subject.left -= 1
        if subject.left <= 0:
            self.subjects.remove(subject)
        is_halved = subject.left >= 5 and int(subject.label[1:]) % 2
        return _half(subject, rng.randrange(2)) if is_halved else subject

    def _publish(self, event: Event, subject: Subject) -> _Piece:
        """Gives an event a URL of a known canonical form, and makes an article of it."""
        rng, number = self.rng, self.number
        host = outlets()[rng.randrange(len(outlets()))].domain
        if rng.random() < 0.05:
            host, name = f"{rng.choice('ab')}.{ONE_DOMAIN}", rng.choice(TWO_NAMES)
            event["provider"] = {"name": name, "domain": ONE_DOMAIN}
        else:
            event.pop("provider", None)
        event.pop("originalUrl", None)
        piece = _Piece(f"https://{host}/news/{number}", subject, [event])
        if rng.random() < 0.05:
            event["webUrl"] = f"{AGGREGATOR}{number}"
            event["originalUrl"] = self._spelling(piece)
        else:
            event["webUrl"] = self._spelling(piece)
        self.pieces.append(piece)
        return piece

    def _spelling(self, piece: _Piece) -> str:
        """One of the spellings of a canonical URL."""
        rest = piece.canonical.removeprefix("https://")
        host, _, path = rest.partition("/")
        return self.rng.choice(
            (
                piece.canonical,
                piece.canonical,
                f"http://{rest}",
                f"https://{host.upper()}:443/{path}",
                f"{piece.canonical}?utm_source=feed&utm_medium=social",
                f"{piece.canonical}#comments",
                f"https://{host}/old/../{path}?fbclid=x{self.number}",
            )
        )

    def _recent(self) -> _Piece:
        recent = self.pieces[-100:]
        return recent[self.rng.randrange(len(recent))]

    # --- what happens to them later -------------------------------------------------------------

    def _plan_trouble(self, piece: _Piece, at: int) -> None:
        rng = self.rng
        shares = [share for share, _, _ in DELAYS]
        _, least, greatest = rng.choices(DELAYS, shares)[0]
        action = self._withdraw if rng.random() < 0.6 else self._correct
        if least > FORTY_DAYS_S:
            action = self._withdraw_late
        self.later(at + rng.randrange(least, greatest), lambda at: action(piece, at))

    def _report(self, piece: _Piece, at: int, version: int = -1) -> Step:
        event = piece.versions[version]
        return Step(event, None, at, truth_of(event, piece.id, at))

    def _correct(self, piece: _Piece, at: int) -> Step:
        """A newer version; then perhaps an old version arrives late, or another one follows."""
        event = self._corrected(piece, at)
        piece.versions.append(event)
        draw = self.rng.random()
        wait_s = self.rng.randrange(HOUR_S, 3 * DAY_S)
        if draw < 0.4:
            if draw < 0.1:
                wait_s += TEN_DAYS_S
            self.later(at + wait_s, lambda at: self._report(piece, at, -2))
        elif draw < 0.5:
            self.later(at + wait_s, lambda at: self._correct(piece, at))
        elif draw < 0.7:
            self.later(at + wait_s, lambda at: self._withdraw(piece, at))
        return self._report(piece, at)

    def _corrected(self, piece: _Piece, at: int) -> Event:
        """The next version: only its time is newer, or its title, its date or its text differ."""
        old, rng = piece.versions[-1], self.rng
        event = old | {"updatedDateTime": _format(at)}
        if "originalUrl" not in old and rng.random() < 0.3:
            event["webUrl"] = self._spelling(piece)
        draw = rng.random()
        if old["publishedDateTime"][:4] in ("1990", "2090"):
            event["publishedDateTime"] = _format(at - HOUR_S)
        elif draw < 0.4:
            event["title"] = f"{old['title'].partition(' | ')[0]} {rng.choice(('now', 'anew'))}"
        elif draw < 0.6:
            other = self._recent().versions[-1]
            event |= {name: other[name] for name in ("title", "excerpt")}
        elif draw < 0.7:
            event["quality"] = rng.randrange(140)
        elif draw < 0.8:
            name = rng.choice(TWO_NAMES)
            event["provider"] = {"name": name, "domain": ONE_DOMAIN}
        elif draw < 0.85:
            event["locale"] = "de" if old.get("locale", "en")[:2] != "de" else "en"
        return event

    def _withdraw(self, piece: _Piece, at: int) -> Step:
        """A withdrawal by any of its names; the article may be reported again later."""
        if self.rng.random() < 0.5:
            wait_s = self.rng.randrange(HOUR_S, 3 * DAY_S)
            action = self.rng.choice((self._correct, self._report, self._report))
            self.later(at + wait_s, lambda at: action(piece, at))
        return self._withdrawal(piece, at)

    def _withdraw_late(self, piece: _Piece, at: int) -> Step:
        """A withdrawal that a lane cannot assign: only the article id or its URL finds the record.

        Nobody reports the article again.
        """
        truth = Truth("withdrawal", piece.id, is_late=True)
        if self.rng.random() < 0.5:
            return Step(None, piece.id.encode(), at, truth)
        return Step({"webUrl": self._spelling(piece), "withdrawn": True}, None, at, truth)

    def _withdrawal(self, piece: _Piece, at: int) -> Step:
        event, truth = piece.versions[-1], Truth("withdrawal", piece.id)
        names = [event["webUrl"], piece.canonical, self._spelling(piece)]
        if "originalUrl" in event:
            names.append(event["originalUrl"])
        name, draw = self.rng.choice(names), self.rng.random()
        if draw < 0.15:
            return Step(None, piece.id.encode(), at, truth)
        if draw < 0.3:
            return Step(None, name.encode(), at, truth)
        withdrawal: Event = {"webUrl": name, "withdrawn": True}
        if "originalUrl" in event and draw < 0.5:
            withdrawal |= {"webUrl": event["webUrl"], "originalUrl": event["originalUrl"]}
        return Step(withdrawal, None, at, truth)

    # --- texts that are withdrawn everywhere ----------------------------------------------------

    def plan_syndication(self, at: int, order: Literal["arrival", "id", "reverse"]) -> None:
        """Plans a text with COPIES copies, which are all withdrawn from a day later on."""
        subject = open_subject(self.rng, self.number, self.latest)
        group: list[_Piece] = []

        def report(at: int) -> Step:
            if group:
                event = write_copy(self.rng, group[0].versions[0], self.number, _moment(at))
                event["excerpt"] = group[0].versions[0]["excerpt"]
            else:
                event = write_article(self.rng, subject, self.number, _moment(at), _moment(at))
            group.append(self._publish(event, subject))
            return self._report(group[-1], at)

        def withdraw_next(at: int) -> Step:
            if order == "id":
                group.sort(key=lambda piece: piece.id)
            return self._withdrawal(group.pop(-1 if order == "reverse" else 0), at)

        for copy in range(COPIES + 1):
            self.later(at + copy * 7 * MINUTE_S, report)
            self.later(at + DAY_S + copy * 11 * MINUTE_S, withdraw_next)

    def plan_return(self, at: int, *, is_copy_renewed: bool) -> None:
        """Plans an article with a copy; it leaves the window and returns with another text.

        The copy is reported again before that if `is_copy_renewed`, and is still live then.
        """
        one, two = (open_subject(self.rng, self.number + n, self.latest) for n in range(2))
        group: list[_Piece] = []

        def report(at: int) -> Step:
            if len(group) == 1:
                event = write_copy(self.rng, group[0].versions[0], self.number, _moment(at))
                event["excerpt"] = group[0].versions[0]["excerpt"]
            else:
                subject = two if group else one
                event = write_article(self.rng, subject, self.number, _moment(at), _moment(at))
            group.append(self._publish(event, one))
            return self._report(group[-1], at)

        def change(at: int, number: int, source: int) -> Step:
            text = {name: group[source].versions[0][name] for name in ("title", "excerpt")}
            times = dict.fromkeys(("publishedDateTime", "updatedDateTime"), _format(at))
            event = group[number].versions[-1] | text | times
            group[number].versions.append(event)
            return self._report(group[number], at)

        self.later(at, report)
        self.later(at + HOUR_S, report)
        if is_copy_renewed:
            self.later(at + 9 * DAY_S, lambda at: change(at, 1, 1))
        self.later(at + 11 * DAY_S, report)
        self.later(at + 11 * DAY_S + HOUR_S, lambda at: change(at, 0, 2))


def long_stream(
    seed: int, *, days: int = 60, per_day: int = 100, troubled: float = 0.1
) -> Iterator[Step]:
    """The steps of `days` days with `per_day` new articles each, in order of arrival.

    `troubled` is the share of new articles that are withdrawn or corrected. The same arguments give
    the same steps in every process.
    """
    first = int(START.timestamp())
    stream = _Stream(seed, troubled, first + days * DAY_S)
    for number in range(days * per_day):
        stream.later(first + number * DAY_S // per_day, stream.report_new)
    for number, at in enumerate(range(DAY_S, days * DAY_S, 5 * DAY_S)):
        order: Literal["arrival", "id", "reverse"] = ("arrival", "id", "reverse")[number % 3]
        stream.plan_syndication(first + at, order)
    for number, at in enumerate(range(2 * DAY_S, (days - 12) * DAY_S, 7 * DAY_S)):
        stream.plan_return(first + at, is_copy_renewed=number % 2 == 0)
    while stream.due:
        at, _, action = heapq.heappop(stream.due)
        stream.number += 1
        yield action(at)


def _half(subject: Subject, which: int) -> Subject:
    """A subject as some tell it: with one half of its names and particulars."""
    names, particulars = subject.names, subject.particulars
    if which:
        return replace(subject, names=names[2:] * 3, particulars=particulars[1::2])
    return replace(subject, names=(names[:2] * 2)[:3], particulars=particulars[::2])


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _format(at: int) -> str:
    return f"{_moment(at).isoformat()[:19]}Z"
