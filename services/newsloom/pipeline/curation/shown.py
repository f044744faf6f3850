"""How an article is shown inside other records: cut from it once, and never changed.

An article stands in the records of a dozen others; cutting it anew for each of them was a
twelfth of all the time of a run.
"""

from typing import Any, NamedTuple

import orjson

from newsloom.records.curated import Article, ArticleReference, RelatedArticle, StoryArticle

MAX_RELATED_BYTES = 64 * 1024
"""A dozen articles stand in one record: what is longer than this is shown without its images."""

_RELATED_FIELDS = tuple(RelatedArticle.__annotations__)


class Shown(NamedTuple):
    """The parts of an article that others show.

    `related` lacks what only the pair can tell: the relation and the similarity.
    """

    related: dict[str, Any]
    reference: ArticleReference
    in_story: StoryArticle


def cut(article: Article) -> Shown:
    """The parts of `article` that others show, in the order of their records."""
    reference: ArticleReference = {
        "id": article["id"],
        "webUrl": article["webUrl"],
        "provider": article["provider"],
        "publishedDateTime": article["publishedDateTime"],
    }
    related = {name: article[name] for name in _RELATED_FIELDS if name in article}  # type: ignore[literal-required]
    if "images" in related and len(orjson.dumps(related)) > MAX_RELATED_BYTES:
        del related["images"]
    return Shown(related, reference, {**reference, "title": article["title"]})
