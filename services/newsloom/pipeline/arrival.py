"""Arrivals: what the curate stage receives, an enriched article or a withdrawal."""

from typing import NamedTuple, TypeAlias

from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.words.terms import Vector
from newsloom.rules.words.text import title_without_outlet


class ArticleArrival(NamedTuple):
    """One version of an article, enriched. Times are in Unix seconds.

    `version` orders the versions of an article (updated, else published). Reports with
    the same content have the same `digest`, from any crawler. `vector` is the term vector; its
    first `title_terms` terms occur in the title. `image_checks` is None if images are not checked.
    `unillustrated_quality` is the quality without images. It is None if the crawler gave the
    quality, or if no image was checked.
    """

    article: Article
    published_at: int
    version: int
    arrived_at: int
    digest: str
    vector: Vector
    title_terms: int
    image_checks: list[ImageCheck] | None = None
    unillustrated_quality: int | None = None


class WithdrawalArrival(NamedTuple):
    """A withdrawal. Every lane receives it, and the one with `is_counted` counts the input."""

    article_id: str
    is_counted: bool = True


Arrival: TypeAlias = ArticleArrival | WithdrawalArrival


def compared_title(article: Article) -> str:
    """The title by which an article is compared: without the name of an outlet at its end."""
    compared = article.get("comparedTitle")
    if compared is not None:
        return compared
    provider = article["provider"]
    return title_without_outlet(article["title"], provider["name"], provider["domain"])
