"""How an article is shown inside other records: cut from it once, encoded, and never changed.

An article stands in the records of a dozen others; cutting and encoding it anew for each of them
was a fifth of all the time of a run.
"""

from typing import NamedTuple, get_args

import orjson

from newsloom.records.curated import (
    Article,
    ArticleReference,
    RelatedArticle,
    Relation,
)

MAX_RELATED_BYTES = 64 * 1024
"""A dozen articles stand in one record: what is longer than this is shown without its images."""

_ENDS: dict[Relation, list[bytes]] = {
    relation: [
        b',"relation":"%b","similarity":%b}' % (relation.encode(), orjson.dumps(n / 100))
        for n in range(101)
    ]
    for relation in get_args(Relation)
}
_RELATED_FIELDS = tuple(RelatedArticle.__annotations__)


class Shown(NamedTuple):
    """The parts of an article that others show, as JSON objects open at their end.

    `related` lacks what only the pair can tell, `reference` the `title` that it has in a story;
    `topics` are an array.
    """

    related: bytes
    reference: bytes
    title: bytes
    topics: bytes


def cut(article: Article) -> Shown:
    """The parts of `article` that others show, in the order of their records."""
    reference: ArticleReference = {
        "id": article["id"],
        "webUrl": article["webUrl"],
        "provider": article["provider"],
        "publishedDateTime": article["publishedDateTime"],
    }
    fields = {name: article[name] for name in _RELATED_FIELDS if name in article}  # type: ignore[literal-required]
    related = orjson.dumps(fields)
    if "images" in fields and len(related) > MAX_RELATED_BYTES:
        del fields["images"]
        related = orjson.dumps(fields)
    return Shown(
        related[:-1],
        orjson.dumps(reference)[:-1],
        exact(orjson.dumps(article["title"])),
        exact(orjson.dumps(article.get("topics", []))),
    )


def exact(encoded: bytes) -> bytes:
    """A copy, to be kept: what orjson gives holds 4 KiB, however little is in it."""
    return bytes(memoryview(encoded))


def as_related(shown: Shown, relation: Relation, similarity: int) -> orjson.Fragment:
    """A RelatedArticle: what it is to another, and how near, in thousandths, told in hundredths."""
    return orjson.Fragment(shown.related + _ENDS[relation][(similarity + 5) // 10])


def as_reference(shown: Shown) -> orjson.Fragment:
    """An ArticleReference."""
    return orjson.Fragment(shown.reference + b"}")


def in_story(shown: Shown) -> orjson.Fragment:
    """A StoryArticle."""
    return orjson.Fragment(b'%b,"title":%b}' % (shown.reference, shown.title))
