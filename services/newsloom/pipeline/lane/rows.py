"""State rows: all that a lane remembers, one row per live article, story, alias and the lane.

Everything else in a lane is computed from these. Rows are JSON objects under a key that says
their kind; encoding and decoding are exact inverses.
"""

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeAlias

import orjson

from newsloom.pipeline.arrival import compared_title
from newsloom.pipeline.lane.fragments import Fragments, build_fragments, compact_copy
from newsloom.pipeline.search.compiled import Integers
from newsloom.pipeline.search.postings import hash_terms
from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.clock import Witness
from newsloom.rules.scoring import LeadKey, lead_key
from newsloom.rules.words.terms import Vector

LANE_KEY = "lane"
_BEFORE_VECTOR, _AFTER_VECTOR = b'"vector":', b',"title_terms":'


@dataclass(slots=True)
class LiveArticle:
    """An article in the window. Times are seconds since the epoch.

    `vector` is its matter as weighed when it came: a restart need not weigh it anew, nor can other
    weights in a later version change what was compared; the first `title_terms` of its terms stand
    in the title. `sequence` numbers articles as they were
    first seen, `placed` their versions as they came. `event_at` is its event time as far as it
    is believed, `told_duplicates` how many duplicates its last publication knew of, `related` the
    ids that one named, `image_checks` what became of its images.
    """

    article: Article
    vector: Vector
    title_terms: int
    sequence: int
    placed: int
    version: int
    digest: str
    event_at: int
    leaves_at: int
    story_id: str
    duplicate_of: str | None = None
    revision: int = 0
    related: list[str] = field(default_factory=list)
    published_duplicates: int = 0
    image_checks: list[ImageCheck] = field(default_factory=list)
    # Made of the article when first asked for; what starts with _ is no part of the row.
    _encoded: bytes | None = field(default=None, repr=False, compare=False)
    _compared_title: str | None = field(default=None, repr=False, compare=False)
    _terms: Integers | None = field(default=None, repr=False, compare=False)
    _fragments: Fragments | None = field(default=None, repr=False, compare=False)
    _rank: LeadKey | None = field(default=None, repr=False, compare=False)

    def copy(self) -> "LiveArticle":
        """The same in another row, as `dataclasses.replace` makes it, but several times as fast."""
        copied = LiveArticle(*_fields_of(self))
        copied._encoded = None
        return copied

    @property
    def rank(self) -> LeadKey:
        """Sorts the articles of a story, or those related to another, the best first."""
        if self._rank is None:
            article = self.article
            self._rank = lead_key(article["quality"], article["publishedDateTime"], article["id"])
        return self._rank

    @property
    def compared_title(self) -> str:
        """The title by which it is compared."""
        if self._compared_title is None:
            self._compared_title = compared_title(self.article)
        return self._compared_title

    @property
    def terms(self) -> Integers:
        """Its vector as it is searched by."""
        if self._terms is None:
            self._terms = hash_terms(self.vector)
        return self._terms

    @property
    def has_fragments(self) -> bool:
        """Whether `shown` was asked for."""
        return self._fragments is not None

    @property
    def fragments(self) -> Fragments:
        """The parts of the article that other records show."""
        if self._fragments is None:
            self._fragments = build_fragments(self.article)
        return self._fragments


_ARTICLE_FIELDS = [each.name for each in fields(LiveArticle)]
_fields_of = attrgetter(*_ARTICLE_FIELDS)


@dataclass(slots=True)
class LiveStory:
    """A story with at least one live article.

    Counts include articles that have left the window, but no withdrawn ones. `told_*` is what
    its last publication said.
    """

    id: str
    opened: int
    first_at: int
    last_at: int
    article_count: int = 0
    providers: dict[str, tuple[str, int]] = field(default_factory=dict)
    published_lead: str | None = None
    published_count: int = 0
    was_published: bool = False
    _encoded: bytes | None = field(default=None, repr=False, compare=False)

    def copy(self) -> "LiveStory":
        """The same in another row, to be changed."""
        copied = LiveStory(*_fields_of_story(self))
        copied.providers = dict(self.providers)
        copied._encoded = None
        return copied


_STORY_FIELDS = [each.name for each in fields(LiveStory)]
_fields_of_story = attrgetter(*_STORY_FIELDS)

# Rows written by every release so far hold these names, so the stored names stay as they are.
_STORED_NAMES = {
    "published_duplicates": "told_duplicates",
    "published_lead": "told_lead",
    "published_count": "told_count",
    "was_published": "told_published",
}
_ARTICLE_NAMES = [_STORED_NAMES.get(n, n) for n in _ARTICLE_FIELDS if not n.startswith("_")]
_STORY_NAMES = [_STORED_NAMES.get(n, n) for n in _STORY_FIELDS if not n.startswith("_")]


@dataclass(slots=True)
class StoryAlias:
    """A story that went up in another, kept as long as that one lives."""

    id: str
    merged_into: str


@dataclass(slots=True)
class Lane:
    """The lane's own row: its clock with witnesses, its counters, and how each input ended."""

    clock: int | None = None
    witnesses: list[Witness] = field(default_factory=list)
    sequence: int = 0
    placed: int = 0
    revision: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


Row: TypeAlias = LiveArticle | LiveStory | StoryAlias | Lane


def article_key(article_id: str) -> str:
    """The key of an article's row."""
    return f"article/{article_id}"


def is_article_key(key: str) -> bool:
    """Whether it is the key of an article's row."""
    return key.startswith("article/")


def story_key(story_id: str) -> str:
    """The key of a story's row, be it live or an alias."""
    return f"story/{story_id}"


def encode_row(row: Row) -> bytes:
    """`row` as a JSON object; kept with that of an article or a story, which may be laid aside."""
    if not isinstance(row, LiveArticle | LiveStory):
        return orjson.dumps(row)
    if row._encoded is None:
        is_article = isinstance(row, LiveArticle)
        names = _ARTICLE_NAMES if is_article else _STORY_NAMES
        values = _fields_of(row) if is_article else _fields_of_story(row)
        # The fields that are not stored come last, where zip leaves them out.
        row._encoded = compact_copy(orjson.dumps(dict(zip(names, values, strict=False))))
    return row._encoded


def decode_row(key: str, value: bytes) -> Row:
    """The row that `encode_row` wrote under `key`."""
    row = orjson.loads(value)
    if key == LANE_KEY:
        row["witnesses"] = [(time, ident) for time, ident in row["witnesses"]]
        return Lane(**row)
    if is_article_key(key):
        return _article(row, value)
    return StoryAlias(**row) if "merged_into" in row else _story(row)


def decode_article(value: bytes) -> LiveArticle:
    """The row of a live article."""
    return _article(orjson.loads(value), value)


def decode_vector(value: bytes) -> Vector:
    """The vector of the row of a live article, without the rest."""
    # In a text a quotation mark is escaped, so these are the names of fields, which follow.
    start = value.index(_BEFORE_VECTOR) + len(_BEFORE_VECTOR)
    end = value.index(_AFTER_VECTOR, start)
    vector: Vector = orjson.loads(memoryview(value)[start:end])
    return vector


def decode_story(value: bytes) -> LiveStory:
    """The row of a live story."""
    return _story(orjson.loads(value))


def _article(row: dict[str, Any], encoded: bytes) -> LiveArticle:
    _use_field_names(row)
    return LiveArticle(**row, _encoded=encoded)


def _use_field_names(row: dict[str, Any]) -> None:
    for field_name, stored_name in _STORED_NAMES.items():
        if stored_name in row:
            row[field_name] = row.pop(stored_name)


def _story(row: dict[str, Any]) -> LiveStory:
    _use_field_names(row)
    row["providers"] = {k: (name, count) for k, (name, count) in row["providers"].items()}
    return LiveStory(**row)
