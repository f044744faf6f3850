"""Duplicates: which earlier article has the same text, and which root a set of copies has."""

from collections.abc import Iterable, Mapping

from newsloom.pipeline.curation.changeset import Changeset
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


def review_copies(changes: Changeset, live: LiveArticle) -> None:
    """Compares the copies of an article with its new version.

    Copies that no longer have its text become copies of the first of them. If the article itself
    has become a duplicate, its other copies get its root.
    """
    differing = []
    copies = changes.articles.copies(live.article["id"])
    for copy_id in sorted(copies, key=changes.articles.sequence):
        copy = changes.articles[copy_id]
        if not is_duplicate(compared_text(live), compared_text(copy), _similarity(live, copy)):
            differing.append(copy_id)
        elif live.duplicate_of is not None:
            assign_root(changes, [copy_id], live.duplicate_of)
    assign_root(changes, differing)


def assign_root(changes: Changeset, article_ids: Iterable[str], root: str | None = None) -> None:
    """Makes articles duplicates of `root`; without one, of the first of them. Publishes them."""
    for article_id in article_ids:
        changes.articles.edit(article_id).duplicate_of = root
        changes.articles_to_publish[article_id] = None
        root = root or article_id
