"""Fragments: the parts of an article that other records contain, encoded as JSON once.

An article appears in the records of a dozen others. Encoding it again for each of them took a fifth
of the time of a run.
"""

from typing import NamedTuple, get_args

import orjson

from newsloom.records.curated import Article, ArticleReference, RelatedArticle, Relation

MAX_RELATED_BYTES = 64 * 1024
"""A record contains up to twelve related articles. A larger one is included without its images."""

_ENDS: dict[Relation, list[bytes]] = {
    relation: [
        b',"relation":"%b","similarity":%b}' % (relation.encode(), orjson.dumps(n / 100))
        for n in range(101)
    ]
    for relation in get_args(Relation)
}
"""The end of a RelatedArticle by relation, then by similarity in hundredths."""
_RELATED_FIELDS = tuple(RelatedArticle.__annotations__)


class Fragments(NamedTuple):
    """The fragments of one article.

    `related` and `reference` are JSON objects without their last fields and closing bracket:
    `related` lacks `relation` and `similarity`, `reference` the `title` that it has in a story.
    `title` is a JSON string, `topics` a JSON array.
    """

    related: bytes
    reference: bytes
    title: bytes
    topics: bytes


def build_fragments(article: Article) -> Fragments:
    """The fragments of `article`, their fields in the order of the records."""
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
    """A copy that takes no more memory than its length; bytes from orjson take 4 KiB or more."""
    return bytes(memoryview(encoded))


def as_related(fragments: Fragments, relation: Relation, similarity: int) -> orjson.Fragment:
    """A RelatedArticle. `similarity` is in thousandths; the record has it in hundredths."""
    return orjson.Fragment(fragments.related + _ENDS[relation][(similarity + 5) // 10])


def as_reference(fragments: Fragments) -> orjson.Fragment:
    """An ArticleReference."""
    return orjson.Fragment(fragments.reference + b"}")


def as_story_article(fragments: Fragments) -> orjson.Fragment:
    """A StoryArticle."""
    return orjson.Fragment(b'%b,"title":%b}' % (fragments.reference, fragments.title))
