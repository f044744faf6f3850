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


class Fragments(NamedTuple):
    """The parts of an article that others show, as JSON objects open at their end.

    `related` lacks what only the pair can tell, `reference` the `title` that it has in a story;
    `topics` are an array.
    """

    related: bytes
    reference: bytes
    title: bytes
    topics: bytes


def build_fragments(article: Article) -> Fragments:
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
    return Fragments(
        related[:-1],
        orjson.dumps(reference)[:-1],
        compact_copy(orjson.dumps(article["title"])),
        compact_copy(orjson.dumps(article.get("topics", []))),
    )


def compact_copy(encoded: bytes) -> bytes:
    """A copy, to be kept: what orjson gives holds 4 KiB, however little is in it."""
    return bytes(memoryview(encoded))


def as_related(fragments: Fragments, relation: Relation, similarity: int) -> orjson.Fragment:
    """A RelatedArticle: what it is to another, and how near, in thousandths, told in hundredths."""
    return orjson.Fragment(fragments.related + _ENDS[relation][(similarity + 5) // 10])


def as_reference(fragments: Fragments) -> orjson.Fragment:
    """An ArticleReference."""
    return orjson.Fragment(fragments.reference + b"}")


def in_story(fragments: Fragments) -> orjson.Fragment:
    """A StoryArticle."""
    return orjson.Fragment(b'%b,"title":%b}' % (fragments.reference, fragments.title))
