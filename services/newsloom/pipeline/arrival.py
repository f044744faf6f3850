"""Arrivals: what the curate stage receives, an enriched article or a withdrawal."""

from typing import NamedTuple, TypeAlias

from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.clock import bounded_time
from newsloom.rules.words.terms import Vector
from newsloom.rules.words.text import title_without_outlet


class ArticleArrival(NamedTuple):
    """One version of an article, enriched. Times are in Unix seconds.

    `version` orders the versions of an article (updated, else published). Reports with
    the same content have the same `digest`, from any crawler. `vector` is the term vector; its
    first `title_terms` terms occur in the title. `image_checks` is None if images are not checked.
    `unillustrated_quality` is the quality without images. It is None if the crawler gave the
    quality, or if no image was checked. `address` is the article id that its `webUrl` gives, if
    that is not its own.
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
    address: str = ""


class WithdrawalArrival(NamedTuple):
    """A withdrawal. Every lane receives it, and the one with `is_counted` counts the input.

    `article_ids` are the ids that its addresses give, one or two: that of the `originalUrl` first.
    """

    article_ids: tuple[str, ...]
    is_counted: bool = True
    moved_version: int | None = None
    """The version with which the article arrived in another lane, because its language changed: an
    older one is withdrawn from this lane. Not an input of its own."""


Arrival: TypeAlias = ArticleArrival | WithdrawalArrival


def moved_away(arrival: ArticleArrival) -> WithdrawalArrival:
    """What the other lanes receive of an article: one of them may hold an older version."""
    version = bounded_time(arrival.version, arrival.arrived_at)
    return WithdrawalArrival((arrival.article["id"],), is_counted=False, moved_version=version)


def compared_title(article: Article) -> str:
    """The title by which an article is compared: without the name of an outlet at its end."""
    compared = article.get("comparedTitle")
    if compared is not None:
        return compared
    provider = article["provider"]
    return title_without_outlet(article["title"], provider["name"], provider["domain"])
