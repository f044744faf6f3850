"""What the inputs demand of the records that a subscriber holds.

In: for each input what it truly is, as its author knows it (`Truth`), its outcome, and the views of
all lanes. Out: violations, as a view reports them. It computes no ids and compares no URLs: the
author of the inputs says which article an input is about.

An event counts if its version is newer than the one last held, or equal with other content. After a
withdrawal only a newer version counts.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal

from tests.support.subscriber.held import TOLERANCE_S
from tests.support.subscriber.rules import seconds
from tests.support.subscriber.view import View, Violation

INPUT_RULES = {
    "outcome": "each input has the outcome that its author expects",
    "accounting": "the outcomes of all lanes add up to the inputs, and none is negative",
    "withdrawn-held": "a withdrawn article is not held until a newer version brings it back",
    "article-lost": "an article that was reported and not withdrawn is held",
    "older-version": "an older version does not replace a newer one",
    "version-missed": "the newest version is held",
    "one-lane": "an article is held in one lane at most",
}

_NOT_CONTENT = {"webUrl", "source", "eventId"}
"""Fields of an event that say who reported an article, and under which spelling of its URL."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What an input is. `article` is the article id; a faulty input has none.

    `version` is in Unix seconds, `content` differs between versions with other content, `title` is
    the title that the record must have, `times` are its publishedDateTime and updatedDateTime.
    """

    kind: Literal["article", "withdrawal", "faulty"]
    article: str = ""
    version: int = 0
    content: str = ""
    title: str = ""
    times: tuple[str, str | None] = ("", None)
    is_late: bool = False
    """Whether the lane may have forgotten the article, so that the outcome may be `unchanged`."""


def truth_of(event: Mapping[str, Any], article: str, arrived_at: int | None = None) -> Truth:
    """The truth about a valid event of an article.

    Without an arrival time in Unix seconds its dates must not be far ahead.
    """
    if event.get("withdrawn"):
        return Truth("withdrawal", article)
    published, updated = event["publishedDateTime"], event.get("updatedDateTime")
    version = seconds(updated or published)
    said = {name: value for name, value in sorted(event.items()) if name not in _NOT_CONTENT}
    return Truth(
        kind="article",
        article=article,
        version=version if arrived_at is None else min(version, arrived_at + TOLERANCE_S),
        content=blake2b(json.dumps(said).encode(), digest_size=16).hexdigest(),
        title=event["title"],
        times=(_utc(published), updated and _utc(updated)),
    )


def _utc(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC).isoformat()[:19]}Z"


@dataclass(slots=True)
class _Known:
    newest: Truth
    is_withdrawn: bool = False
    was_held: bool = False
    """Whether the newest version was held at some check."""


class Inputs:
    """The newest version of each article, by its author. `counts` counts violations by rule."""

    def __init__(self, rules: Collection[str] = INPUT_RULES.keys()) -> None:
        unknown = set(rules) - INPUT_RULES.keys()
        if unknown:
            raise ValueError(f"unknown rules: {sorted(unknown)}")
        self._rules = rules
        self._known: dict[str, _Known] = {}
        self._wrong: set[tuple[str, str]] = set()
        self._is_repeat = False
        self.taken = 0
        self.violations: list[Violation] = []

    @property
    def counts(self) -> Counter[str]:
        """The number of violations of each rule."""
        return Counter(violation.rule for violation in self.violations)

    def take(self, truth: Truth) -> str:
        """Takes the next input. Returns the outcome that it must have."""
        self.taken += 1
        if truth.kind == "faulty":
            return "dead-lettered"
        known = self._known.get(truth.article)
        self._is_repeat = known is not None and known.newest.content == truth.content
        if truth.kind == "withdrawal":
            if known is None or known.is_withdrawn:
                return "unchanged"
            known.is_withdrawn = True
            return "withdrawn"
        if known is not None and not _is_newer(truth, known):
            return "unchanged"
        self._known[truth.article] = _Known(truth)
        return "curated"

    def check(
        self,
        truth: Truth,
        expected: str,
        outcome: str,
        totals: Counter[str],
        views: Sequence[View],
    ) -> list[Violation]:
        """The violations after an input that `take` has taken.

        `outcome` is the outcome it had, `totals` are the counts of outcomes of all lanes. The
        articles that the views' last transactions published are checked too.
        """
        before = len(self.violations)
        subject = truth.article or f"input {self.taken}"
        # A newer version with the same content changes nothing, unless the article had left.
        may_be_unchanged = truth.is_late or (self._is_repeat and outcome == "unchanged")
        if outcome != expected and not may_be_unchanged:
            message = f"{truth.kind} with version {truth.version} is {outcome}, not {expected}"
            self._note("outcome", subject, message)
        if totals.total() != self.taken or min(totals.values(), default=0) < 0:
            message = f"{dict(totals)} after {self.taken} inputs"
            self._note("accounting", "outcomes", message, once=True)
        published = {ident for view in views for ident in view.published["article"]}
        for ident in sorted(published | {truth.article} - {""}):
            self._check_article(ident, views)
        return self.violations[before:]

    def check_all(self, views: Sequence[View]) -> list[Violation]:
        """Checks every article. Returns what was not found before."""
        before = len(self.violations)
        for ident in sorted(self._known.keys() | {i for view in views for i in view.articles}):
            self._check_article(ident, views)
        return self.violations[before:]

    def _check_article(self, ident: str, views: Sequence[View]) -> None:
        wrong = dict(self._wrongs(ident, views))
        for rule in INPUT_RULES:
            if rule not in wrong:
                self._wrong.discard((rule, ident))
            else:
                self._note(rule, ident, wrong[rule], once=True)

    def _wrongs(self, ident: str, views: Sequence[View]) -> Iterable[tuple[str, str]]:
        held = [view.articles[ident].record for view in views if ident in view.articles]
        known = self._known.get(ident)
        if known is None or known.is_withdrawn:
            if held:
                state = "was never reported" if known is None else "is withdrawn"
                yield "withdrawn-held", f"it {state}, but is held: {held[0]['title']!r}"
            return
        if not held:
            yield "article-lost", f"{known.newest.title!r} is not held"
            return
        if len(held) > 1:
            yield "one-lane", f"it is held in {len(held)} lanes"
        newest = known.newest
        shown = [
            (record["title"], (record["publishedDateTime"], record.get("updatedDateTime")))
            for record in held
        ]
        if (newest.title, newest.times) in shown:
            known.was_held = True
            return
        rule = "older-version" if known.was_held else "version-missed"
        yield rule, f"{shown[0]} is held, not {(newest.title, newest.times)}"

    def _note(self, rule: str, subject: str, message: str, *, once: bool = False) -> None:
        if rule in self._rules and (rule, subject) not in self._wrong:
            self.violations.append(Violation(rule, subject, self.taken, message))
            if once:
                self._wrong.add((rule, subject))


def _is_newer(truth: Truth, known: _Known) -> bool:
    newest = known.newest
    if truth.version != newest.version:
        return truth.version > newest.version
    return not known.is_withdrawn and truth.content != newest.content
