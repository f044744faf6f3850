"""Duplicates: which earlier article has the same text, and which root a set of copies has."""

from collections.abc import Mapping
from hashlib import sha256

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.pending import Task, TaskKind
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.rules.duplicates import MIN_FOUND_SIMILARITY, Text, is_duplicate
from newsloom.rules.words.terms import UNIT, dot_product


def find_first_seen(
    changes: Changeset, live: LiveArticle, neighbours: Mapping[str, int]
) -> LiveArticle | None:
    """The first-seen neighbour that has the same text as `live` and was seen before it."""
    original, text = None, None
    for other_id, found_similarity in neighbours.items():
        if found_similarity < MIN_FOUND_SIMILARITY:
            continue
        other = changes.articles[other_id]
        if other.sequence < (original or live).sequence:
            text = text or compared_text(live)
            if is_duplicate(text, compared_text(other), _similarity(live, other)):
                original = other
    return original


def _similarity(live: LiveArticle, other: LiveArticle) -> int:
    """The cosine over all terms, in thousandths. A search may have skipped common terms."""
    return dot_product(live.vector, other.vector) // UNIT


def compared_text(live: LiveArticle) -> Text:
    """The parts of an article that decide whether it is a duplicate."""
    article = live.article
    return Text(
        title=live.compared_title,
        excerpt=article.get("excerpt", ""),
        domain=article["provider"]["domain"],
        time=live.event_at,
    )


def have_same_text(live: LiveArticle, other: LiveArticle) -> bool:
    """Whether two articles are duplicates."""
    return is_duplicate(compared_text(live), compared_text(other), _similarity(live, other))


def _is_same(former: LiveArticle, live: LiveArticle) -> bool:
    """Whether two versions of an article are compared by the same text."""
    return former.vector == live.vector and compared_text(former) == compared_text(live)


def replace_root(changes: Changeset, root_id: str) -> None:
    """Makes one of the copies of a withdrawn article their new root, and publishes it.

    It is the one with the lowest SHA-256 of both ids, so that whoever takes down all copies of a
    text, in whatever order, seldom takes down the root. The other copies follow as a task.
    """
    copies = [article_id for _, article_id in changes.articles.copies_after(root_id, -1)]
    if copies:
        new_id = min(copies, key=lambda copy_id: sha256(f"{root_id}{copy_id}".encode()).digest())
        changes.articles.set_root(new_id, None)
        changes.articles_to_publish[new_id] = None
        changes.tasks.append(Task(TaskKind.COPIES, root_id, new_id))


def review_copies(
    changes: Changeset, live: LiveArticle, former: LiveArticle | None, root_id: str | None
) -> bool:
    """Has the copies of an article compared with its new version, if it has any.

    The article itself becomes a duplicate of `root_id` after its copies. An article that left the
    window and is reported again has copies too. Returns whether there is anything to compare.
    """
    if not changes.articles.copy_count(live.article["id"]):
        return False
    is_compared = former is not None and _is_same(former, live)
    if root_id is None and is_compared:
        return False
    changes.tasks.append(Task(TaskKind.REVIEW, live.article["id"], root_id))
    return True
