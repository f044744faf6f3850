"""The part of `newsloom explain` about articles: duplicates, near misses and related articles.

In: a lane and one of its articles. Out: lines and a table for a person. It applies the rules of
curation to the articles as they are now.
"""

from collections.abc import Iterator, Mapping

from rich.table import Table
from rich.text import Text

from newsloom.commands.display.terminal import plain
from newsloom.pipeline.curation.duplicates import compared_text
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.rules.duplicates import (
    MIN_CANDIDATE_SIMILARITY,
    TEXT_OVERLAP,
    TEXT_SIMILARITY,
    TITLE_ONLY_SIMILARITY,
    compare_texts,
    find_difference,
)
from newsloom.rules.stories import MAX_RELATED, RELATED_FLOOR, choose_related
from newsloom.rules.words.terms import UNIT, dot_product

MAX_NEAR_MISSES = 4
MAX_DUPLICATES = 5
MAX_SHARED_TERMS = 6
MAX_DIFFERING = 6
"""The number of numbers, and of names, that are printed of each text."""


def duplicate_lines(
    state: State, live: LiveArticle, similarities: Mapping[str, int]
) -> Iterator[str]:
    """Lines about the root of `live`, its duplicates, and its near misses with the reason.

    A near miss is an article that is similar enough to be compared as a duplicate, but is not one.
    `similarities` maps the ids of the nearest articles to their cosines.
    """
    if live.duplicate_of is not None:
        yield from _root_lines(state, live, live.duplicate_of)
    article_id = live.article["id"]
    duplicates = [copy_id for _, copy_id in state.copies.after(article_id, -1)]
    for duplicate_id in duplicates[:MAX_DUPLICATES]:
        duplicate = state.articles[duplicate_id]
        yield f"has a duplicate, which was seen later: {article_text(duplicate)}"
        yield f"  {_comparison(live, duplicate)}"
    if len(duplicates) > MAX_DUPLICATES:
        yield f"and {len(duplicates) - MAX_DUPLICATES} more duplicates"
    others = _others(state, live, similarities)
    if live.duplicate_of is None and not duplicates:
        limit = _decimal(MIN_CANDIDATE_SIMILARITY)
        none_near = f"none: no article near it in time has similarity {limit} or more"
        yield "none" if others else none_near
    for other in others[:MAX_NEAR_MISSES]:
        yield _near_miss_text(live, other)
        yield f"  {_comparison(live, other)}"


def _root_lines(state: State, live: LiveArticle, root_id: str) -> Iterator[str]:
    root = state.articles.get(root_id)
    if root is None:
        yield f"duplicate of article {root_id}, which has left the window"
    else:
        yield f"duplicate of {article_text(root)}, which was seen first"
        yield f"  {_comparison(live, root)}"


def _near_miss_text(live: LiveArticle, other: LiveArticle) -> str:
    similarity = _similarity(live, other)
    difference = find_difference(compared_text(live), compared_text(other), similarity)
    if difference is None:
        return (
            f"not linked: {article_text(other)} matches by the rules now. Articles are compared "
            "only when one arrives, and linked only to the earliest match"
        )
    return (
        f"near miss: nearly a duplicate of {article_text(other)}; "
        f"the reason it is not: {difference}"
    )


def _others(state: State, live: LiveArticle, similarities: Mapping[str, int]) -> list[LiveArticle]:
    """The articles that could be duplicates of `live` but have another root; nearest first."""
    root_id = live.duplicate_of or live.article["id"]
    others = []
    for other_id, similarity in sorted(similarities.items(), key=lambda item: (-item[1], item[0])):
        other = state.articles[other_id]
        if similarity >= MIN_CANDIDATE_SIMILARITY and root_id != (other.duplicate_of or other_id):
            others.append(other)
    return others


def _comparison(live: LiveArticle, other: LiveArticle) -> str:
    """One line of what two texts share and where they differ."""
    likeness = compare_texts(compared_text(live), compared_text(other))
    parts = (
        _similarity_text(live, other),
        f"{likeness.overlap // 10} % of the shorter text's words are in the other",
        _difference_text("numbers", likeness.numbers),
        _difference_text("names", likeness.names),
        f"{_duration(likeness.gap_s)} apart",
    )
    return "; ".join(parts)


def _similarity_text(live: LiveArticle, other: LiveArticle) -> str:
    """The similarity of two articles, and what the rules ask for at that similarity."""
    similarity = _similarity(live, other)
    excerpts = ["excerpt" in article for article in (live.article, other.article)]
    if not any(excerpts):
        rule = f" (titles alone must reach {_decimal(TITLE_ONLY_SIMILARITY)})"
    elif not all(excerpts):
        rule = ""
    elif similarity >= TEXT_SIMILARITY:
        rule = f" ({_decimal(TEXT_SIMILARITY)} or more, so the words need not agree)"
    else:
        limit = _decimal(TEXT_SIMILARITY)
        rule = f" (below {limit}, so {TEXT_OVERLAP // 10} % of the words must agree)"
    return f"similarity {_decimal(similarity)}{rule}"


def _difference_text(kind: str, only_in: tuple[frozenset[str], frozenset[str]]) -> str:
    only_here, only_there = (", ".join(sorted(found)[:MAX_DIFFERING]) for found in only_in)
    if only_here and only_there:
        return f"{kind} differ (only here: {only_here}; only in the other: {only_there})"
    if only_here:
        return f"{kind} agree, except that only this article has {only_here}"
    if only_there:
        return f"{kind} agree, except that only the other has {only_there}"
    return f"{kind} agree"


def related_heading() -> str:
    """The line above the table of related articles."""
    return (
        f"related articles, nearest first: at most {MAX_RELATED}, with similarity "
        f"{_decimal(RELATED_FLOOR)} or more (* = also related in its last published record)"
    )


def related_table(state: State, live: LiveArticle, similarities: Mapping[str, int]) -> Table | None:
    """The related articles of `live` now, nearest first, with the shared terms; None if none."""
    related = choose_related(similarities, live.article["id"])
    if not related:
        return None
    table = Table(box=None)
    table.add_column("similarity", justify="right", no_wrap=True, min_width=10)
    table.add_column("relation", no_wrap=True, min_width=10)
    table.add_column("shared words, heaviest first", no_wrap=True, min_width=38, max_width=38)
    table.add_column("article", no_wrap=True)
    for other_id, similarity in related:
        mark = "*" if other_id in live.related else " "
        cells = _related_cells(live, state.articles[other_id])
        table.add_row(f"{_decimal(similarity)}{mark}", *cells)
    return table


def _related_cells(live: LiveArticle, other: LiveArticle) -> tuple[str, Text, Text]:
    """The relation, the shared terms and the title of a related article."""
    title = plain(article_text(other))
    title.truncate(53, overflow="ellipsis")
    return _relation(live, other), plain(", ".join(_shared_terms(live, other))), title


def _shared_terms(live: LiveArticle, other: LiveArticle) -> list[str]:
    """The terms that add most to the cosine of two articles, heaviest first."""
    own = live.vector
    products = {t: own[t] * weight for t, weight in other.vector.items() if t in own}
    return sorted(products, key=lambda term: (-products[term], term))[:MAX_SHARED_TERMS]


def _relation(live: LiveArticle, other: LiveArticle) -> str:
    roots = {article.duplicate_of or article.article["id"] for article in (live, other)}
    if len(roots) == 1:
        return "duplicate"
    return "same-story" if live.story_id == other.story_id else "related"


def _similarity(live: LiveArticle, other: LiveArticle) -> int:
    return dot_product(live.vector, other.vector) // UNIT


def article_text(live: LiveArticle) -> str:
    """An article's title and provider, for a line of text."""
    return f"“{live.article['title']}” ({live.article['provider']['name']})"


def _decimal(thousandths: int) -> str:
    return f"{thousandths / 1000:.2f}"


def _duration(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
