"""The part of `newsloom explain` about articles: which are near, and which are the same text.

In: a lane and one of its articles. Out: lines and a table for a person. It judges by the rules of
curation, on the articles as they are now.
"""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from newsloom.pipeline.curation.duplicates import compared_text
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.rules.duplicates import (
    MIN_CANDIDATE_SIMILARITY,
    TEXT_SIMILARITY,
    compare_texts,
    find_difference,
)
from newsloom.rules.stories import RELATED_FLOOR, RELATED_LIMIT, choose_related
from newsloom.rules.words.terms import UNIT, dot_product

MAX_NEAR_MISSES = 4
MAX_COPIES = 5
MAX_SHARED_TERMS = 6
MAX_SAID = 6
"""So many numbers or names are told of each text."""


def duplicate_lines(state: State, live: LiveArticle, near: dict[str, int]) -> Iterator[str]:
    """Of which article it is a duplicate, and which are its own; then which nearly are, and why
    they are not.
    """
    article_id, root_id = live.article["id"], live.duplicate_of
    copies = sorted(state.copies.get(article_id, ()), key=lambda i: state.articles[i].sequence)
    if root_id is not None:
        root = state.articles.get(root_id)
        yield f"it is one, of {_told(root) if root else f'{root_id}, which has left the window'}"
        if root is not None:
            yield f"  {_likeness(live, root)}"
    for copy_id in copies[:MAX_COPIES]:
        copy = state.articles[copy_id]
        yield f"it was first, and {_told(copy)} is one of it"
        yield f"  {_likeness(live, copy)}"
    if len(copies) > MAX_COPIES:
        yield f"and {len(copies) - MAX_COPIES} more"
    own_root = root_id or article_id
    others = [
        other
        for other_id, similarity in sorted(near.items(), key=lambda item: (-item[1], item[0]))
        if similarity >= MIN_CANDIDATE_SIMILARITY
        and own_root != ((other := state.articles[other_id]).duplicate_of or other_id)
    ]
    if root_id is None and not copies:
        yield "none" if others else f"none: nothing is alike by {_share(MIN_CANDIDATE_SIMILARITY)}"
    for other in others[:MAX_NEAR_MISSES]:
        difference = find_difference(compared_text(live), compared_text(other), _near(live, other))
        why = difference or "it is one by the rules, but neither was there when the other came"
        yield f"near miss: {_told(other)}: {why}"
        yield f"  {_likeness(live, other)}"


def _likeness(live: LiveArticle, other: LiveArticle) -> str:
    """What two texts share and where they differ, in a line."""
    told = compare_texts(compared_text(live), compared_text(other))
    is_alike = "enough" if _near(live, other) >= TEXT_SIMILARITY else "if the words agree"
    return "; ".join(
        (
            f"alike by {_share(_near(live, other))} ({is_alike})",
            f"{told.overlap // 10} % of the shorter text's words are in the other",
            _only("numbers", told.numbers),
            _only("names", told.names),
            f"{_span(told.gap_s)} apart",
        )
    )


def _only(kind: str, differing: tuple[frozenset[str], frozenset[str]]) -> str:
    here, there = (", ".join(sorted(each)[:MAX_SAID]) for each in differing)
    if not here and not there:
        return f"{kind} agree"
    if here and there:
        return f"{kind} differ ({here} here, {there} there)"
    return f"{kind} of the one are all in the other ({here or there} besides)"


def related_table(state: State, live: LiveArticle, near: dict[str, int]) -> Table:
    """The articles that are its related by now, nearest first, and what they have in common."""
    table = Table(
        title=(
            f"related, nearest first: the {RELATED_LIMIT} nearest from {_share(RELATED_FLOOR)} on "
            "(* as last published)"
        ),
        title_justify="left",
        box=None,
    )
    table.add_column("alike", justify="right", no_wrap=True, min_width=5)
    table.add_column("relation", no_wrap=True, min_width=10)
    table.add_column("shared words, heaviest first", no_wrap=True, min_width=38, max_width=38)
    table.add_column("article", no_wrap=True)
    for other_id, similarity in choose_related(near):
        other = state.articles[other_id]
        mark = "*" if other_id in live.related else " "
        title = Text(_told(other))
        title.truncate(58, overflow="ellipsis")
        shared = Text(", ".join(shared_terms(live, other)))
        table.add_row(f"{_share(similarity)}{mark}", _relation(live, other), shared, title)
    return table


def shared_terms(live: LiveArticle, other: LiveArticle) -> list[str]:
    """The terms that bring two articles near to each other, heaviest first."""
    own = live.vector
    products = {t: own[t] * weight for t, weight in other.vector.items() if t in own}
    return sorted(products, key=lambda term: (-products[term], term))[:MAX_SHARED_TERMS]


def _relation(live: LiveArticle, other: LiveArticle) -> str:
    roots = {each.duplicate_of or each.article["id"] for each in (live, other)}
    if len(roots) == 1:
        return "duplicate"
    return "same-story" if live.story_id == other.story_id else "related"


def _near(live: LiveArticle, other: LiveArticle) -> int:
    return dot_product(live.vector, other.vector) // UNIT


def _told(live: LiveArticle) -> str:
    return f"“{live.article['title']}” ({live.article['provider']['name']})"


def _share(thousandths: int) -> str:
    return f"{thousandths / 1000:.2f}"


def _span(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
