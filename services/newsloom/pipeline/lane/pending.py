"""Pending work: what is still to be done of the last input, as tasks of a fixed size.

A task names what it works on, and has a cursor. The articles that it still has to change are found
in the rows, so a lane that is restored between two steps continues with the same ones.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PENDING_KEY = "pending"


class TaskKind(StrEnum):
    """What a task does. `subject` and `target` are the fields of the task."""

    ALIASES = "aliases"
    """Deletes the aliases of the ended story `subject`."""
    COPIES = "copies"
    """Makes the copies of the withdrawn root `subject` copies of `target`."""
    REVIEW = "review"
    """Compares the copies of `subject` with its new text. Those that have it become copies of
    `target`, if there is one, and then `subject` too. The others become copies of the first of
    them, whose id is in `extra`."""
    APART = "apart"
    """Publishes the copies of `subject` whose record calls a copy of `target` a duplicate."""
    NAMED = "named"
    """Publishes the articles whose record names `subject`, in the order of their ids. `extra` holds
    the last one."""
    RELATED = "related"
    """Publishes the articles of story `target` whose record names an article of story `subject`,
    which was merged into it. `extra` holds the few articles that are published already."""
    MEMBERS = "members"
    """Moves the articles of story `subject` to story `target`, into which it was merged."""


@dataclass(slots=True)
class Task:
    """Work that may take several steps. `cursor` is the sequence or the number of an article."""

    kind: TaskKind
    subject: str
    target: str | None = None
    cursor: int = 0
    extra: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Pending:
    """The row of the pending tasks, in the order in which they are done; no row without tasks."""

    tasks: list[Task] = field(default_factory=list)


def decode_pending(row: dict[str, Any]) -> Pending:
    """The row of the pending tasks, from its JSON object."""
    return Pending([Task(**{**task, "kind": TaskKind(task["kind"])}) for task in row["tasks"]])
