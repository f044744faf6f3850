"""What curation receives: an enriched article, or word that one is withdrawn."""

from typing import NamedTuple

from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck


class ArticleArrival(NamedTuple):
    """One version of an article, enriched. Times are seconds since the epoch.

    `version` orders versions of one article (updated, else published); `digest` tells whether
    two are the same but for who reported them and where. `image_checks` is what became of its
    images, None if they were not checked; `unillustrated_quality` what the quality would be
    without any, None if they do not count towards it.
    """

    article: Article
    published_at: int
    version: int
    arrived_at: int
    digest: str
    image_checks: list[ImageCheck] | None = None
    unillustrated_quality: int | None = None


class WithdrawalArrival(NamedTuple):
    """Word that an article is taken back."""

    article_id: str


Arrival = ArticleArrival | WithdrawalArrival
