"""What curation receives: an enriched article, or word that one is withdrawn."""

from typing import NamedTuple

from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.words.terms import Vector
from newsloom.rules.words.text import title_without_outlet


class ArticleArrival(NamedTuple):
    """One version of an article, enriched. Times are seconds since the epoch.

    `version` orders versions of one article (updated, else published); `digest` tells whether
    two are the same but for who reported them and where; `vector` is the matter it is compared by,
    of which the first `title_terms` terms stand in its title.
    `image_checks` is what became of its images, None if they were not checked;
    `unillustrated_quality` what the quality would be without any, None if they do not count towards
    it.
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
    """Word that an article is taken back. Every lane hears of it; one of them counts it."""

    article_id: str
    is_counted: bool = True


Arrival = ArticleArrival | WithdrawalArrival


def compared_title(article: Article) -> str:
    """The title by which an article is compared: without its outlet, or another that ends it."""
    told = article.get("comparedTitle")
    if told is not None:
        return told
    provider = article["provider"]
    return title_without_outlet(article["title"], provider["name"], provider["domain"])
