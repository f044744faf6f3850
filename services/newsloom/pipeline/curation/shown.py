"""How an article is shown inside other records: cut from it once, encoded, and never changed.

An article stands in the records of a dozen others; cutting and encoding it anew for each of them
was a fifth of all the time of a run.
"""

from typing import Any, NamedTuple, get_args

import orjson

from newsloom.records.curated import (
    Article,
    ArticleReference,
    RelatedArticle,
    Relation,
    StoryArticle,
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
    """The parts of an article that others show, as JSON.

    `related` is open at its end: it lacks what only the pair can tell.
    """

    related: bytes
    reference: bytes
    in_story: bytes
    topics: bytes


def cut(article: Article) -> Shown:
    """The parts of `article` that others show, in the order of their records."""
    reference: ArticleReference = {
        "id": article["id"],
        "webUrl": article["webUrl"],
        "provider": article["provider"],
        "publishedDateTime": article["publishedDateTime"],
    }
    in_story: StoryArticle = {**reference, "title": article["title"]}
    fields = {name: article[name] for name in _RELATED_FIELDS if name in article}  # type: ignore[literal-required]
    related = _encode(fields)
    if "images" in fields and len(related) > MAX_RELATED_BYTES:
        del fields["images"]
        related = _encode(fields)
    topics = _encode(article.get("topics", []))
    return Shown(related[:-1], _encode(reference), _encode(in_story), topics)


def _encode(value: Any) -> bytes:
    return exact(orjson.dumps(value))


def exact(encoded: bytes) -> bytes:
    """A copy, to be kept: what orjson gives holds 4 KiB, however little is in it."""
    return bytes(memoryview(encoded))


def as_related(related: bytes, relation: Relation, similarity: int) -> orjson.Fragment:
    """`related` with what it is to another, and how near, in thousandths, told in hundredths."""
    return orjson.Fragment(related + _ENDS[relation][(similarity + 5) // 10])
