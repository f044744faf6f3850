"""Tasks: the work of an input that may be too much for one step.

Each task goes on until it is done or the step is full; its cursor says how far it came. The state
and the task say everything that is needed to continue, so it does not matter where a process ends.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.duplicates import have_same_text
from newsloom.pipeline.curation.stories import delete_aliases, provider_of
from newsloom.pipeline.lane.pending import Task, TaskKind
from newsloom.pipeline.lane.rows import LiveArticle

_CHUNK = 100
MAX_EXAMINED = 2_000
"""The most articles that a step looks at and leaves as they are."""


def run_tasks(changes: Changeset) -> None:
    """Continues the pending tasks, one after another, until all are done or the step is full.

    In a lane of form 1 all are done.
    """
    while changes.tasks:
        task = changes.tasks[0]
        if _RUN[task.kind](changes, task):
            changes.tasks.pop(0)
        elif changes.lane.remembers:
            return


def _delete_aliases(changes: Changeset, task: Task) -> bool:
    return delete_aliases(changes, task.subject)


def _move_copies(changes: Changeset, task: Task) -> bool:
    for copy_id in _copies(changes, task):
        if changes.is_full:
            return False
        _set_root(changes, copy_id, task.target)
    changes.mark_if_live(task.target)
    return True


def _review_copies(changes: Changeset, task: Task) -> bool:
    live = changes.articles[task.subject]
    for examined, copy_id in enumerate(_copies(changes, task)):
        if changes.is_full or examined == MAX_EXAMINED:
            return False
        if have_same_text(live, changes.articles[copy_id]):
            if task.target is not None:
                _set_root(changes, copy_id, task.target)
            else:
                _join_story_of(changes, changes.articles[copy_id], live)
        else:
            _set_root(changes, copy_id, task.extra[0] if task.extra else None)
            task.extra = task.extra or [copy_id]
    _finish_review(changes, task)
    return True


def _finish_review(changes: Changeset, task: Task) -> None:
    """Publishes the roots of the reviewed copies, whose copies are complete now."""
    for root_id in task.extra:
        changes.mark_if_live(root_id)
    if task.target is not None:
        changes.mark_if_live(task.target)
        changes.articles_to_publish.pop(task.subject, None)  # it comes after its copies
        _set_root(changes, task.subject, task.target)
    elif task.extra:
        changes.mark_if_live(task.subject)
        changes.tasks.insert(1, Task(TaskKind.APART, task.subject, task.extra[0]))


def _part_copies(changes: Changeset, task: Task) -> bool:
    root_id, is_copy = task.target, changes.articles.is_copy
    assert root_id is not None
    for examined, copy_id in enumerate(_copies(changes, task)):
        if changes.is_full or examined == MAX_EXAMINED:
            return False
        named = filter(changes.articles.get, changes.articles[copy_id].related)
        if any(other_id == root_id or is_copy(other_id, root_id) for other_id in named):
            changes.mark_if_live(copy_id)
    return True


def _publish_namers(changes: Changeset, task: Task) -> bool:
    for article_id in changes.state.named_by(task.subject, *task.extra):
        if changes.is_full:
            return False
        changes.mark_if_live(article_id)
        task.extra = [article_id]
    return True


def _publish_related(changes: Changeset, task: Task) -> bool:
    moved = {*changes.stories.members(task.subject), *task.extra}
    for examined, article_id in _possible_namers(changes, task, moved):
        if changes.is_full or examined > MAX_EXAMINED:
            return False
        live = changes.articles.get(article_id)
        if live is not None and article_id not in moved and not moved.isdisjoint(live.related):
            changes.mark_if_live(article_id)
    return True


def _possible_namers(changes: Changeset, task: Task, named: set[str]) -> Iterator[tuple[int, str]]:
    """The articles of story `target` after the cursor, the newest first, that may name one of
    `named`, each with the number of chunks' articles looked at before. The cursor follows."""
    stories, table = changes.state.stories, changes.state.articles.table
    assert task.target is not None
    for examined in count(0, _CHUNK):
        numbers = stories.articles_after(task.target, task.cursor, _CHUNK)
        if not numbers:
            return
        for number in table.may_reference_any(numbers, named):
            yield examined, table.id_of(number)
            task.cursor = number
        task.cursor = numbers[-1]


def _move_members(changes: Changeset, task: Task) -> bool:
    assert task.target is not None
    members = changes.stories.latest_members(task.subject, changes.room)
    for article_id in reversed(members):  # the newest first finds its place in the story fastest
        changes.move_article(article_id, task.target)
    changes.articles_to_publish |= dict.fromkeys(members)
    if not changes.stories.is_empty(task.subject):
        return False
    lead = changes.stories.lead(task.target)
    changes.mark_if_live(lead and lead[2])
    return True


def _copies(changes: Changeset, task: Task) -> Iterator[str]:
    """The copies of `subject` after the cursor, in the order of first sight. The cursor follows."""
    while copies := changes.articles.copies_after(task.subject, task.cursor, _CHUNK):
        for sequence, copy_id in copies:
            yield copy_id
            task.cursor = sequence


def _set_root(changes: Changeset, article_id: str, root_id: str | None) -> None:
    changes.articles.set_root(article_id, root_id)
    changes.articles_to_publish[article_id] = None
    root = changes.articles.get(root_id) if root_id is not None else None
    if root is not None:
        _join_story_of(changes, changes.articles[article_id], root)


def _join_story_of(changes: Changeset, live: LiveArticle, root: LiveArticle) -> None:
    """Moves a copy to the story of its root."""
    current_id = changes.stories.current_id
    former_id, story_id = current_id(live.story_id), current_id(root.story_id)
    if former_id != story_id:
        provider = provider_of(live.article)
        changes.stories.count(former_id, provider, live.event_at, -1)
        changes.move_article(live.article["id"], story_id)
        changes.articles_to_publish[live.article["id"]] = None
        changes.stories.count(story_id, provider, live.event_at, 1)
        changes.stories_left[former_id] = live.article["id"], story_id


_RUN: Mapping[TaskKind, Callable[[Changeset, Task], bool]] = {
    TaskKind.ALIASES: _delete_aliases,
    TaskKind.COPIES: _move_copies,
    TaskKind.REVIEW: _review_copies,
    TaskKind.APART: _part_copies,
    TaskKind.NAMED: _publish_namers,
    TaskKind.RELATED: _publish_related,
    TaskKind.MEMBERS: _move_members,
}
"""What does the work of each kind. True: the task is done. False: the step is full."""
