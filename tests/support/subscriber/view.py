"""What a subscriber of one lane holds, and whether it is consistent after every transaction.

In: the curated articles and the stories of one lane, as dictionaries, in the order of their
revisions. A tombstone is `{"id": ..., "withdrawn": true}`; on Kafka it has no revision. Out: the
violations, each with its rule, its ids and the number of the transaction. The rules are in
`article_rules` and `story_rules`. It imports nothing of newsloom, so that a wrong rule of newsloom
cannot confirm itself.

`check` looks only at what the last transactions changed and at the records that refer to it;
`check_all` looks at everything, and fails if the two do not agree.

How long an article is live cannot be read from its records exactly. It leaves the window ten days
after the later of its event time and the lane clock at its arrival. The view knows the clock at
which a version was first published, so it knows articles that are certainly live and articles that
have certainly left. Rules about live articles are applied to those that are certainly live.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

# Importing the rules enters them in RULES.
from tests.support.subscriber import article_rules, story_rules  # noqa: F401
from tests.support.subscriber.held import (
    REMEMBERED_S,
    WINDOW_S,
    HeldArticle,
    HeldStory,
    Record,
    content,
    event_time,
    leaves_before,
    listed_by,
    named_by,
    shortened,
)
from tests.support.subscriber.rules import RULES, STREAM_RULES, Rule, Subject, seconds

ALL_RULES = RULES.keys() | STREAM_RULES


class Violation(NamedTuple):
    """A broken rule. `subject` is the id of the article or story that breaks it."""

    rule: str
    subject: str
    transaction: int
    message: str

    def __str__(self) -> str:
        return f"transaction {self.transaction}: {self.rule}: {self.subject}: {self.message}"


class View:
    """The records of one lane as a subscriber keeps them: the highest revision of each id.

    `violations` holds all violations found so far, once for each time they appear; `counts` counts
    them by rule. Only rules in `rules` are checked.
    """

    def __init__(self, rules: Collection[str] = ALL_RULES, threshold: int = 70) -> None:
        unknown = set(rules) - ALL_RULES
        if unknown:
            raise ValueError(f"unknown rules: {sorted(unknown)}")
        self._rules = [rule for name, rule in RULES.items() if name in rules]
        self._checks_order = "revision" in rules
        self.threshold = threshold
        self.transaction = 0
        self.clock = 0
        self.articles: dict[str, HeldArticle] = {}
        self.stories: dict[str, HeldStory] = {}
        self.copies: dict[str, set[str]] = defaultdict(set)
        """The ids of the articles whose `duplicateOf` names an id, held or not."""
        self.withdrawn: set[str] = set()
        """All ids, of articles and stories, whose last record is a tombstone."""
        self.published: dict[Subject, set[str]] = {"article": set(), "story": set()}
        """The ids of the records that the last transaction published and that are held."""
        self.inexact: set[str] = set()
        """The stories that have lost, or got again, an article that the lane may have forgotten."""
        self.violations: list[Violation] = []
        self._by_story: dict[str, set[str]] = defaultdict(set)
        self._merged_from: dict[str, set[str]] = defaultdict(set)
        self._named_in: dict[str, set[str]] = defaultdict(set)
        self._listed_in: dict[str, set[str]] = defaultdict(set)
        self._revisions: dict[str, int] = {}
        self._used: set[int] = set()
        self._sights = 0
        self._dirty: set[tuple[Subject, str]] = set()
        self._leaving: list[tuple[int, str]] = []
        self._standing: dict[tuple[str, str], str] = {}
        self._returned = 0

    # --- what rules ask -------------------------------------------------------------------------

    @property
    def counts(self) -> Counter[str]:
        """The number of violations of each rule."""
        return Counter(violation.rule for violation in self.violations)

    def resolve(self, story_id: str) -> str | None:
        """The story at the end of a chain of merges; None if the chain does not end."""
        passed = {story_id}
        while (held := self.stories.get(story_id)) and "mergedInto" in held.record:
            story_id = held.record["mergedInto"]
            if story_id in passed:
                return None
            passed.add(story_id)
        return story_id

    def story_of(self, article_id: str) -> str | None:
        """The id of the story of a held article, after all merges."""
        return self.resolve(self.articles[article_id].record["storyId"])

    def members(self, story_id: str) -> set[str]:
        """The ids of the held articles of a story, those of stories merged into it included."""
        found: set[str] = set()
        passed, waiting = {story_id}, [story_id]
        while waiting:
            ident = waiting.pop()
            found |= self._by_story.get(ident, set())
            waiting += self._merged_from.get(ident, set()) - passed
            passed |= self._merged_from.get(ident, set())
        return found

    def is_live(self, article_id: str) -> bool:
        """Whether an article is held and is certainly in the window."""
        held = self.articles.get(article_id)
        return held is not None and held.version_clock + WINDOW_S > self.clock

    def has_left(self, article_id: str) -> bool:
        """Whether a held article has certainly left the window."""
        return leaves_before(self.articles[article_id]) <= self.clock

    def may_be_forgotten(self, article_id: str) -> bool:
        """Whether the lane may have forgotten a held article."""
        held = self.articles[article_id]
        return held.version_clock + WINDOW_S + REMEMBERED_S <= self.clock

    def limit(self, leaves_at: Mapping[str, int]) -> None:
        """Says when the articles that a rebuilt lane holds leave the window; others have departed.

        A lane that is curated anew without some of its inputs may place an article earlier. If an
        article has a date far ahead, it may have another report of it, with another arrival time.
        """
        for ident, held in self.articles.items():
            if held.event_at != seconds(held.record["publishedDateTime"]):
                held.event_at = None
                self._mark_references(ident)
            latest = leaves_at.get(ident, self.clock) - WINDOW_S
            if latest < held.version_clock:
                held.version_clock = latest
                for at in (latest + WINDOW_S, latest + WINDOW_S + REMEMBERED_S):
                    heapq.heappush(self._leaving, (at, ident))
                self._mark_references(ident)

    # --- taking records -------------------------------------------------------------------------

    def take(
        self,
        articles: Iterable[Record],
        stories: Iterable[Record],
        arrived_at: int | None = None,
    ) -> None:
        """Takes the records of one transaction, each kind in order.

        `arrived_at` is the arrival time of the input in Unix seconds, if it is known.
        """
        self.transaction += 1
        self._shorten()
        self.published = {"article": set(), "story": set()}
        for record in articles:
            if self._has_new_revision(record, "article"):
                self._take_article(record["id"], record, arrived_at)
        for record in stories:
            if self._has_new_revision(record, "story"):
                self._take_story(record["id"], record)
        for ident in self.published["article"]:
            self.articles[ident].later_copies.clear()
        for ident in self.published["story"]:
            self.stories[ident].joined.clear()
        self._mark_leaving()

    def _shorten(self) -> None:
        """Drops what only the check after a publication needs, to save memory."""
        for ident in self.published["article"]:
            self.articles[ident].record = shortened(self.articles[ident].record)
        for ident in self.published["story"]:
            self.stories[ident].record = shortened(self.stories[ident].record)

    def _has_new_revision(self, record: Record, kind: Subject) -> bool:
        revision, ident = record.get("revision"), record["id"]
        if revision is None:
            return True
        key = f"{kind} {ident}"
        former = self._revisions.get(key, 0)
        if revision <= former:
            self._note_order(ident, f"revision {revision} comes after {former}")
        if revision in self._used:
            self._note_order(ident, f"revision {revision} is used again")
        self._used.add(revision)
        self._revisions[key] = max(former, revision)
        return bool(revision > former)

    def _take_article(self, ident: str, record: Record, arrived_at: int | None) -> None:
        former = self.articles.get(ident)
        self.published["article"].discard(ident)
        left, joined_at = self._remove_article(ident) if former else (None, None)
        self._dirty.add(("article", ident))
        if record.get("withdrawn"):
            self.withdrawn.add(ident)
            self._mark_references(ident)
            return
        self.clock = seconds(record["curatedDateTime"])
        self.withdrawn.discard(ident)
        self.published["article"].add(ident)
        self.articles[ident] = self._hold(record, former, arrived_at)
        self._by_story[record["storyId"]].add(ident)
        for named in named_by(record):
            self._named_in[named].add(ident)
        self._add_copy(ident, record, former)
        story_id = self.resolve(record["storyId"])
        self._join(story_id, {ident}, joined_at if story_id == left else self.clock)
        self._mark_references(ident)

    def _remove_article(self, ident: str) -> tuple[str | None, int | None]:
        """Removes an article. Returns its story, and when it joined that after its publication."""
        record = self.articles[ident].record
        story_id = self.resolve(record["storyId"])
        self._mark_references(ident)
        if story_id is not None and self.may_be_forgotten(ident):
            self.inexact.add(story_id)
        del self.articles[ident]
        self._by_story[record["storyId"]].discard(ident)
        for named in named_by(record):
            self._named_in[named].discard(ident)
        if root := record.get("duplicateOf"):
            self.copies[root].discard(ident)
        story = self.stories.get(story_id) if story_id else None
        return story_id, story.joined.pop(ident, None) if story else None

    def _hold(
        self, record: Record, former: HeldArticle | None, arrived_at: int | None
    ) -> HeldArticle:
        later = former.later_copies if former else set()
        said = content(record)
        if former is not None and former.content == said:
            clock = min(former.version_clock, self.clock)
            event_at = former.event_at
            has_returned = former.version_clock + WINDOW_S <= self.clock  # maybe
            if has_returned and event_at != seconds(record["publishedDateTime"]):
                event_at = None
            held = replace(former, record=record, version_clock=clock, event_at=event_at)
            heapq.heappush(self._leaving, (leaves_before(held), record["id"]))
            return held
        if former is not None and self.clock < leaves_before(former):
            seen = former.seen
        else:
            self._sights += 1
            seen = self._sights
        event_at = event_time(record, arrived_at, self.clock)
        held = HeldArticle(record, seen, self.clock, said, event_at, later)
        leaves = self.clock + WINDOW_S
        for at in {leaves, leaves_before(held), leaves + REMEMBERED_S}:
            heapq.heappush(self._leaving, (at, record["id"]))
        return held

    def _add_copy(self, ident: str, record: Record, former: HeldArticle | None) -> None:
        root = record.get("duplicateOf")
        if root is None:
            return
        self.copies[root].add(ident)
        is_new = former is None or former.record.get("duplicateOf") != root
        if is_new and root in self.articles:
            self.articles[root].later_copies.add(ident)

    def _join(self, story_id: str | None, article_ids: Iterable[str], clock: int | None) -> None:
        story = self.stories.get(story_id) if story_id else None
        if story is not None and clock is not None:
            for ident in article_ids:
                story.joined.setdefault(ident, clock)

    def _take_story(self, ident: str, record: Record) -> None:
        self._mark_story(ident)
        former = self.stories.pop(ident, None)
        self.published["story"].discard(ident)
        if former is not None:
            self._remove_story(ident, former.record)
        if record.get("withdrawn"):
            self.withdrawn.add(ident)
            self._mark_members(ident)
            return
        self.withdrawn.discard(ident)
        self.published["story"].add(ident)
        joined = former.joined if former else {}
        self.stories[ident] = HeldStory(record, self.clock, joined)
        for listed in listed_by(record):
            self._listed_in[listed].add(ident)
        if "mergedInto" in record:
            self._merged_from[record["mergedInto"]].add(ident)
            target = self.resolve(ident)
            self._join(target, self.members(ident), self.clock)
            if target is not None and ident in self.inexact:
                self.inexact.add(target)
        self._mark_story(ident)
        if former is None or former.record.get("mergedInto") != record.get("mergedInto"):
            self._mark_members(ident)

    def _remove_story(self, ident: str, record: Record) -> None:
        for listed in listed_by(record):
            self._listed_in[listed].discard(ident)
        if target := record.get("mergedInto"):
            self._merged_from[target].discard(ident)
            self._mark_story(target)

    # --- checking -------------------------------------------------------------------------------

    def _mark_references(self, ident: str) -> None:
        """Marks an article, its story, its root and copies, and the records that name it."""
        self._dirty.add(("article", ident))
        self._dirty |= {("article", other) for other in self._named_in.get(ident, ())}
        self._dirty |= {("article", other) for other in self.copies.get(ident, ())}
        self._dirty |= {("story", story_id) for story_id in self._listed_in.get(ident, ())}
        if ident in self.articles:
            record = self.articles[ident].record
            self._mark_story(record["storyId"])
            if root := record.get("duplicateOf"):
                self._dirty.add(("article", root))

    def _mark_story(self, story_id: str) -> None:
        """Marks a story, the one that it was merged into, and the lead that either names."""
        for ident in (story_id, self.resolve(story_id)):
            if ident is not None:
                self._dirty.add(("story", ident))
                if ident in self.stories and (lead := self.stories[ident].record.get("lead")):
                    self._dirty.add(("article", lead))

    def _mark_members(self, story_id: str) -> None:
        self._mark_story(story_id)
        for ident in self.members(story_id):
            self._mark_references(ident)

    def _mark_leaving(self) -> None:
        """Marks the articles that certainly leave the window, or that may be forgotten, by now."""
        while self._leaving and self._leaving[0][0] <= self.clock:
            self._mark_references(heapq.heappop(self._leaving)[1])

    def check(self, *, is_settled: bool = True) -> list[Violation]:
        """The violations since the last check.

        With `is_settled` false the input has further transactions: rules that may be broken
        between them are checked with the last one.
        """
        skipped = [] if is_settled else [rule for rule in self._rules if rule.needs_settled]
        for subject in sorted(self._dirty):
            for rule in self._rules:
                if rule.subject == subject[0] and rule not in skipped:
                    self._check_one(rule, subject[1])
        if is_settled:
            self._dirty.clear()
        found = self.violations[self._returned :]
        self._returned = len(self.violations)
        return found

    def _check_one(self, rule: Rule, ident: str) -> None:
        message = rule.check(self, ident)
        if message is None:
            self._standing.pop((rule.name, ident), None)
        elif (rule.name, ident) not in self._standing:
            self._note(rule.name, ident, message)
            if rule.is_standing:
                self._standing[rule.name, ident] = message

    def _note_order(self, ident: str, message: str) -> None:
        if self._checks_order:
            self._note("revision", ident, message)

    def _note(self, rule: str, ident: str, message: str) -> None:
        self.violations.append(Violation(rule, ident, self.transaction, message))

    def check_all(self) -> None:
        """Checks every record. Raises AssertionError if `check` has missed a change of one."""
        found = set()
        for rule in self._rules:
            if rule.is_standing:
                held = self.articles if rule.subject == "article" else self.stories
                found |= {(rule.name, ident) for ident in held if rule.check(self, ident)}
        differing = sorted(found ^ self._standing.keys())
        assert not differing, f"the incremental check differs from the full one: {differing}"
