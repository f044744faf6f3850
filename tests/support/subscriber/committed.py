"""The transactions of a lane on Kafka, as far as a reader of committed records can know them.

In: the records of one partition of curated articles and of stories with their offsets, and the
revisions at which the lane committed, from its row on the topic lane-state. Out: the records of one
transaction after the other, and whether it is certain that all of them are there.

A commit marker takes an offset, so records without a gap between their offsets are of one
transaction. The greatest revision among them says which one: the first commit at or after it. A
tombstone has no revision. If all records of a transaction in one topic are tombstones, they are
taken as late as possible, and the transactions between are not checked.
"""

import json
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Committed(NamedTuple):
    """One committed record, compressed to save memory. A tombstone has no revision and no value."""

    offset: int
    id: str
    revision: int | None
    packed: bytes | None

    @classmethod
    def of(cls, offset: int, key: bytes, value: bytes | None) -> "Committed":
        """A record as it was read."""
        if value is None:
            return cls(offset, key.decode(), None, None)
        return cls(offset, key.decode(), json.loads(value)["revision"], zlib.compress(value, 1))

    @property
    def record(self) -> dict[str, Any]:
        """The record as a view takes it."""
        if self.packed is None:
            return {"id": self.id, "withdrawn": True}
        record: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return record


@dataclass(slots=True)
class _Group:
    """Records without a gap, and the first and the last commit that they may belong to."""

    records: list[Committed]
    first: int = 0
    last: int = 0

    def revision(self) -> int | None:
        """The greatest revision; None if all are tombstones."""
        return max((r.revision for r in self.records if r.revision is not None), default=None)


@dataclass(slots=True)
class Transaction:
    """The records of one transaction, in order. `commit` is the number of the lane's commit."""

    commit: int
    articles: list[Committed] = field(default_factory=list)
    stories: list[Committed] = field(default_factory=list)
    is_certain: bool = True

    def inputs(self) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
        """The articles and stories in parts, so that a story follows the articles that it counts.

        A lane publishes the articles of an input before its stories.
        """
        ordered = sorted([*_by_revision(self.articles, 0), *_by_revision(self.stories, 1)])
        articles: list[dict[str, Any]] = []
        stories: list[dict[str, Any]] = []
        for _, kind, number in ordered:
            if kind == 0 and stories:
                yield articles, stories
                articles, stories = [], []
            if kind == 0:
                articles.append(self.articles[number].record)
            else:
                stories.append(self.stories[number].record)
        yield articles, stories


def _by_revision(records: Sequence[Committed], kind: int) -> Iterator[tuple[int, int, int]]:
    """(revision, kind, place) of each record; a tombstone has the revision of the one before it."""
    revision = 0
    for number, record in enumerate(records):
        revision = record.revision or revision
        yield revision, kind, number


def transactions(
    articles: Iterable[Committed], stories: Iterable[Committed], commits: Sequence[int]
) -> Iterator[Transaction]:
    """The transactions of one lane, in order. `commits` are the revisions of its commits."""
    commits = sorted(set(commits))
    waiting = [list(_place(articles, commits)), list(_place(stories, commits))]
    while any(waiting):
        number = min(groups[0].last for groups in waiting if groups)
        transaction = Transaction(number)
        for groups, records in zip(
            waiting, (transaction.articles, transaction.stories), strict=True
        ):
            while groups and groups[0].last == number:
                records += groups.pop(0).records
            if groups and groups[0].first <= number:
                transaction.is_certain = False
        yield transaction


def _place(records: Iterable[Committed], commits: Sequence[int]) -> Iterator[_Group]:
    """The groups of one topic with the commits that they may belong to."""
    known, unknown = 0, list[_Group]()
    for group in _groups(records):
        revision = group.revision()
        group.first = known
        if revision is None:
            unknown.append(group)
            continue
        known = group.first = group.last = bisect_left(commits, revision)
        for tombstones in unknown:
            tombstones.last = known
        yield from unknown
        yield group
        unknown = []
    for tombstones in unknown:
        tombstones.last = len(commits)
    yield from unknown


def _groups(records: Iterable[Committed]) -> Iterator[_Group]:
    group: list[Committed] = []
    for record in records:
        if group and record.offset != group[-1].offset + 1:
            yield _Group(group)
            group = []
        group.append(record)
    if group:
        yield _Group(group)
