"""What curation receives: an enriched article, or word that one is withdrawn."""

from dataclasses import dataclass

from newsloom.records.curated import Article


@dataclass(frozen=True, slots=True)
class ArticleArrival:
    """One version of an article, enriched. Times are seconds since the epoch.

    `version` orders versions of one article (updated, else published); `digest` tells whether
    two are the same but for who reported them and where.
    """

    article: Article
    published_at: int
    version: int
    arrived_at: int
    digest: str


@dataclass(frozen=True, slots=True)
class WithdrawalArrival:
    """Word that an article is taken back."""

    article_id: str


Arrival = ArticleArrival | WithdrawalArrival
