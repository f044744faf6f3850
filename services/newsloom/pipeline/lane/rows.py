"""State rows: what a lane stores. There is one for each live article, story and alias, one for each
page of departed articles, and one for the lane itself. Everything else is computed from them.

Rows are JSON objects under a key that states their kind. Encoding and decoding are exact inverses.

Rows have a form, and the lane's row has its number. Form 1 is that of the former release: its
stories have `providers` instead of `earlier`, `heat` and `locale`, no article has an `address` or
`repeats`, and nothing is kept of departed articles or of pending work. A lane of form 2 may still
hold articles and stories of form 1: each gets form 2 when it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, TypeAlias

import orjson

from newsloom.pipeline.arrival import compared_title
from newsloom.pipeline.lane.departed.pages import DepartedPage, decode_page, is_page_key
from newsloom.pipeline.lane.fragments import Fragments, build_fragments, compact_copy
from newsloom.pipeline.lane.pending import PENDING_KEY, Pending, decode_pending
from newsloom.pipeline.search.compiled import Integers
from newsloom.pipeline.search.postings import hash_terms
from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.clock import Witness
from newsloom.rules.scoring import NOT_LEADING, LeadKey, lead_key
from newsloom.rules.words.terms import Vector

LANE_KEY = "lane"
FORM = 2
"""The form in which a new lane is written."""
FORMER_FORM = 1
"""A lane of this form is read, and written in it until it is upgraded."""
_DORMANT_LEAD = "dormant-lead/"
_NO_LOCALE = "und"
_BEFORE_VECTOR, _AFTER_VECTOR = b'"vector":', b',"title_terms":'


@dataclass(slots=True)
class LiveArticle:
    """An article in the window. Times are in Unix seconds.

    `vector` is the term vector as it was weighed on arrival; its first `title_terms` terms occur in
    the title. It is stored, so neither a restart nor other word weights change a comparison.
    `repeats` says for each of its terms how many of the nearest articles held it then.
    `sequence` numbers articles in the order of first sight, `placed` numbers their
    versions. `event_at` is the bounded event time. `published_duplicates` is the number of copies
    when the article was last published, `related` the ids that its last record named. `address` is
    the article id that its `webUrl` gives, if that is not its own.
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
    address: str = ""
    repeats: list[int] = field(default_factory=list)
    # Computed from the article on first use. Names that begin with _ are not stored.
    _encoded: bytes | None = field(default=None, repr=False, compare=False)
    _compared_title: str | None = field(default=None, repr=False, compare=False)
    _terms: Integers | None = field(default=None, repr=False, compare=False)
    _fragments: Fragments | None = field(default=None, repr=False, compare=False)
    _rank: LeadKey | None = field(default=None, repr=False, compare=False)

    def copy(self) -> "LiveArticle":
        """An equal row to change. Several times as fast as `dataclasses.replace`."""
        copied = LiveArticle(*_fields_of_article(self))
        copied._encoded = None
        return copied

    @property
    def rank(self) -> LeadKey:
        """The sort key among the articles of a story or related articles. The best sorts first."""
        if self._rank is None:
            article = self.article
            self._rank = lead_key(article["quality"], article["publishedDateTime"], article["id"])
        return self._rank

    @property
    def compared_title(self) -> str:
        """The title without the outlet's name, by which the article is compared."""
        if self._compared_title is None:
            self._compared_title = compared_title(self.article)
        return self._compared_title

    @property
    def terms(self) -> Integers:
        """The vector in the form that `Postings` searches by."""
        if self._terms is None:
            self._terms = hash_terms(self.vector)
        return self._terms

    @property
    def has_fragments(self) -> bool:
        """Whether the fragments have been built."""
        return self._fragments is not None

    @property
    def fragments(self) -> Fragments:
        """The encoded parts that other records contain."""
        if self._fragments is None:
            self._fragments = build_fragments(self.article)
        return self._fragments


@dataclass(slots=True)
class LiveStory:
    """A story with a live article, or a dormant one, whose articles have all departed. Times are in
    Unix seconds.

    `article_count` counts all articles that were not withdrawn. `earlier` maps the domains of those
    that are no longer remembered to (name, article count): at most 100 domains. `published_lead`,
    `published_count`, `was_published`, `heat` and `locale` are what the story's last record stated;
    the lead is None once the only one was withdrawn.
    """

    id: str
    opened: int
    first_at: int
    last_at: int
    article_count: int = 0
    earlier: dict[str, tuple[str, int]] = field(default_factory=dict)
    published_lead: str | None = None
    published_count: int = 0
    was_published: bool = False
    heat: int = NOT_LEADING
    locale: str = _NO_LOCALE
    _encoded: bytes | None = field(default=None, repr=False, compare=False)
    _all_providers: dict[str, tuple[str, int]] | None = field(default=None, repr=False)
    """As `earlier`, for all articles: only in a row of form 1, which lacks `earlier`."""

    @property
    def all_providers(self) -> dict[str, tuple[str, int]] | None:
        """The providers in a row of form 1, which also counts the articles in the window."""
        return self._all_providers

    def return_to_form_1(self, providers: dict[str, tuple[str, int]]) -> None:
        """Turns a row of form 2 into one of form 1, as it is read again; undoes `take_over`.

        It sorts the providers, because their order depends on when they were counted.
        """
        self.earlier, self._all_providers = {}, dict(sorted(providers.items()))
        self.heat, self.locale = NOT_LEADING, _NO_LOCALE

    def copy(self) -> "LiveStory":
        """An equal row to change."""
        copied = LiveStory(*_fields_of_story(self))
        copied.earlier, copied._all_providers = dict(self.earlier), self._all_providers
        copied._encoded = None
        return copied

    def take_over(self, remembered: Mapping[str, int]) -> None:
        """Turns a row of form 1 into one of form 2, given the remembered articles by domain."""
        assert self._all_providers is not None
        for domain, (name, count) in self._all_providers.items():
            if count > remembered.get(domain, 0):
                self.earlier[domain] = name, count - remembered.get(domain, 0)
        self._all_providers = None


@dataclass(slots=True)
class DormantLead:
    """The row of the departed article that leads a dormant story.

    It is kept if another article may come back to the story: its opener, or that of one that was
    merged into it.
    """

    story_id: str
    live: LiveArticle


@dataclass(slots=True)
class StoryAlias:
    """A story that was merged into another. It is kept as long as that one has a row."""

    id: str
    merged_into: str


@dataclass(slots=True)
class LaneRow:
    """The lane's own row: its clock with the witnesses, its counters, and the outcomes so far."""

    clock: int | None = None
    witnesses: list[Witness] = field(default_factory=list)
    sequence: int = 0
    placed: int = 0
    revision: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    departed: int = 0
    """The number of the article that departed last."""
    form: int = FORM

    @property
    def remembers(self) -> bool:
        """Whether the lane has rows for departed articles and for pending work."""
        return self.form > FORMER_FORM


Row: TypeAlias = (
    LiveArticle | LiveStory | StoryAlias | DormantLead | DepartedPage | LaneRow | Pending
)

_ARTICLE_FIELDS = [column.name for column in fields(LiveArticle)]
_STORY_FIELDS = [column.name for column in fields(LiveStory) if column.name != "_all_providers"]
_fields_of_article = attrgetter(*_ARTICLE_FIELDS)
_fields_of_story = attrgetter(*_STORY_FIELDS)

# Stored rows keep the names under which they have always been written.
_STORED_NAMES = {
    "published_duplicates": "told_duplicates",
    "published_lead": "told_lead",
    "published_count": "told_count",
    "was_published": "told_published",
}
_ARTICLE_NAMES = [_STORED_NAMES.get(n, n) for n in _ARTICLE_FIELDS if not n.startswith("_")]
_STORY_NAMES = [_STORED_NAMES.get(n, n) for n in _STORY_FIELDS if not n.startswith("_")]
_ARTICLE_NAMES_OF_FORM_1 = _ARTICLE_NAMES[: _ARTICLE_NAMES.index("address")]
_STORY_NAMES_OF_FORM_1 = _STORY_NAMES[: _STORY_NAMES.index("heat")]
_LANE_NAMES_OF_FORM_1 = ("clock", "witnesses", "sequence", "placed", "revision", "outcomes")


def article_key(article_id: str) -> str:
    """The key of an article's row."""
    return f"article/{article_id}"


def is_article_key(key: str) -> bool:
    """Whether `key` is the key of an article's row."""
    return key.startswith("article/")


def is_story_key(key: str) -> bool:
    """Whether `key` is the key of a story's row, live or alias."""
    return key.startswith("story/")


def story_key(story_id: str) -> str:
    """The key of a story's row, live or alias."""
    return f"story/{story_id}"


def dormant_lead_key(story_id: str) -> str:
    """The key of the row of a dormant story's lead."""
    return f"{_DORMANT_LEAD}{story_id}"


def is_dormant_lead_key(key: str) -> bool:
    """Whether `key` is the key of the row of a dormant story's lead."""
    return key.startswith(_DORMANT_LEAD)


def id_in_key(key: str) -> str:
    """The id in the key of an article, a story or a dormant lead."""
    return key.rpartition("/")[2]


def is_alias(value: bytes) -> bool:
    """Whether an encoded row under a story's key is that of an alias, without decoding it."""
    # A quotation mark inside a JSON string is escaped, so these bytes are the name of a field.
    return b'"merged_into":' in value


def encode_row(row: Row) -> bytes:
    """`row` as a JSON object. The row of an article or a story keeps its encoding."""
    if isinstance(row, LiveArticle | LiveStory):
        if row._encoded is None:
            stored = _of_article(row) if isinstance(row, LiveArticle) else _of_story(row)
            row._encoded = compact_copy(orjson.dumps(stored))
        return row._encoded
    if isinstance(row, DepartedPage):
        return row.encode()
    if isinstance(row, DormantLead):
        return encode_row(row.live)
    if isinstance(row, LaneRow) and row.form == FORMER_FORM:
        return orjson.dumps({name: getattr(row, name) for name in _LANE_NAMES_OF_FORM_1})
    return orjson.dumps(row)


# The fields that are not stored come last, and there is no name for them.
def _of_article(live: LiveArticle) -> dict[str, Any]:
    names = _ARTICLE_NAMES if live.address or live.repeats else _ARTICLE_NAMES_OF_FORM_1
    return dict(zip(names, _fields_of_article(live), strict=False))


def _of_story(story: LiveStory) -> dict[str, Any]:
    if story.all_providers is None:
        return dict(zip(_STORY_NAMES, _fields_of_story(story), strict=False))
    names = ["providers" if name == "earlier" else name for name in _STORY_NAMES_OF_FORM_1]
    stored = dict(zip(names, _fields_of_story(story), strict=False))
    stored["providers"] = story.all_providers
    return stored


def decode_row(key: str, value: bytes) -> Row:
    """The row that `encode_row` wrote under `key`."""
    if is_article_key(key):
        return decode_article(value)
    if is_page_key(key):
        return decode_page(key, value)
    if is_dormant_lead_key(key):
        return DormantLead(id_in_key(key), decode_article(value))
    row = orjson.loads(value)
    if key == PENDING_KEY:
        return decode_pending(row)
    if key == LANE_KEY:
        row["witnesses"] = [(time, ident) for time, ident in row["witnesses"]]
        row.setdefault("form", FORMER_FORM)
        return LaneRow(**row)
    return StoryAlias(**row) if "merged_into" in row else _story(row, value)


def form_of_lane(value: bytes) -> int:
    """The form of a lane's rows, given its own row in any form."""
    form: int = orjson.loads(value).get("form", FORMER_FORM)
    return form


def upgraded_lane(value: bytes) -> bytes:
    """The row of a lane of form 1 as one of form 2. Its other rows stay as they are."""
    row = decode_row(LANE_KEY, value)
    assert isinstance(row, LaneRow)
    return encode_row(replace(row, form=FORM))


def decode_article(value: bytes) -> LiveArticle:
    """The row of a live article."""
    return LiveArticle(**_with_field_names(orjson.loads(value)), _encoded=value)


def decode_vector(value: bytes) -> Vector:
    """The vector in the row of a live article, without decoding the rest."""
    # A quotation mark inside a JSON string is escaped, so these bytes are the names of fields.
    start = value.index(_BEFORE_VECTOR) + len(_BEFORE_VECTOR)
    end = value.index(_AFTER_VECTOR, start)
    vector: Vector = orjson.loads(memoryview(value)[start:end])
    return vector


def decode_story(value: bytes) -> LiveStory:
    """The row of a live story."""
    return _story(orjson.loads(value), value)


def _story(row: dict[str, Any], value: bytes) -> LiveStory:
    is_former = "providers" in row
    counts = row.pop("providers") if is_former else row.pop("earlier")
    providers = {domain: (name, count) for domain, (name, count) in counts.items()}
    story = LiveStory(**_with_field_names(row), _encoded=value)
    if is_former:
        story._all_providers = providers
    else:
        story.earlier = providers
    return story


def _with_field_names(row: dict[str, Any]) -> dict[str, Any]:
    for field_name, stored_name in _STORED_NAMES.items():
        if stored_name in row:
            row[field_name] = row.pop(stored_name)
    return row
