"""The curated article and the story: what subscribers read.

These are the wire shapes themselves, as typed dictionaries: a record is built once, in the
field order given here, and written as it stands. Absent fields are left out, never null.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

SCHEMA_VERSION = 1

DateTime = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
ArticleId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Quality = Annotated[int, Field(ge=0, le=200)]
Relation = Literal["duplicate", "same-story", "related"]


class Image(TypedDict):
    """An image that may be shown. Sizes in pixels, as far as they are known."""

    url: str
    width: NotRequired[int]
    height: NotRequired[int]
    title: NotRequired[str]
    attribution: NotRequired[str]


class Provider(TypedDict):
    """Who published it: a name, a registrable domain, logos."""

    name: str
    domain: str
    images: NotRequired[list[Image]]


class Article(TypedDict):
    """An article after normalising and enriching: everything in a record that is its own.

    The same dictionary crosses from enrich to curate, rests in a state row, and is the stock
    from which curated records, related items and references are cut.
    """

    category: str
    title: str
    excerpt: NotRequired[str]
    publishedDateTime: DateTime
    webUrl: str
    ampWebUrl: NotRequired[str]
    cdnAmpWebUrl: NotRequired[str]
    type: str
    quality: Quality
    provider: Provider
    topics: NotRequired[list[str]]
    images: NotRequired[list[Image]]
    secured: NotRequired[str]
    id: ArticleId
    locale: str
    originalUrl: NotRequired[str]
    updatedDateTime: NotRequired[DateTime]
    source: NotRequired[str]
    catalogueVersion: NotRequired[str]
    comparedTitle: NotRequired[str]
    """Where it ends in the name of an outlet that its provider does not tell; not published."""


class ArticleReference(TypedDict):
    """Another article, named so that it can be shown in a line."""

    id: ArticleId
    webUrl: str
    provider: Provider
    publishedDateTime: DateTime


class StoryArticle(ArticleReference):
    """An article of a story, with the title to show for it."""

    title: str


class RelatedArticle(TypedDict):
    """An article near this one in matter, with all it takes to show it."""

    title: str
    excerpt: NotRequired[str]
    publishedDateTime: DateTime
    webUrl: str
    ampWebUrl: NotRequired[str]
    cdnAmpWebUrl: NotRequired[str]
    type: str
    provider: Provider
    quality: Quality
    images: NotRequired[list[Image]]
    id: ArticleId
    relation: Relation
    similarity: Annotated[float, Field(ge=0, le=1, description="How near, to two decimals.")]


class CuratedArticle(TypedDict):
    """One publication of a curated article. The highest `revision` of an `id` wins."""

    category: str
    title: str
    excerpt: NotRequired[str]
    publishedDateTime: DateTime
    webUrl: str
    ampWebUrl: NotRequired[str]
    cdnAmpWebUrl: NotRequired[
        Annotated[str, Field(description="The AMP page as the AMP cache serves it.")]
    ]
    type: str
    quality: Annotated[Quality, Field(description="The article's own score.")]
    heat: Annotated[
        int,
        Field(
            ge=-1,
            le=300,
            description="A lead's quality plus 10 for each further provider; else -1.",
        ),
    ]
    published: Annotated[
        bool, Field(description="Whether it leads its story and is hot enough to show.")
    ]
    provider: Provider
    topics: NotRequired[list[str]]
    images: NotRequired[list[Image]]
    related: NotRequired[
        Annotated[list[RelatedArticle], Field(description="Near articles, highest quality first.")]
    ]
    secured: NotRequired[
        Annotated[
            str, Field(description="What was private, sealed: base64 parts joined by semicolons.")
        ]
    ]
    id: ArticleId
    revision: Annotated[
        int, Field(ge=1, description="Strictly rising for an id, with gaps. The highest wins.")
    ]
    storyId: ArticleId
    duplicateOf: NotRequired[
        Annotated[ArticleId, Field(description="The first-seen article of the same text.")]
    ]
    duplicates: NotRequired[
        Annotated[
            list[ArticleReference],
            Field(description="Later articles of the same text: the latest 50."),
        ]
    ]
    locale: Annotated[
        str, Field(description="BCP 47 language tag; `und` when it could not be told.")
    ]
    originalUrl: NotRequired[
        Annotated[str, Field(description="The publisher's own URL, when webUrl is a copy's.")]
    ]
    updatedDateTime: NotRequired[DateTime]
    curatedDateTime: Annotated[
        DateTime, Field(description="The lane clock at publication: news time, not wall time.")
    ]
    source: NotRequired[
        Annotated[str, Field(description="The name of the crawler that reported it.")]
    ]
    schemaVersion: int
    catalogueVersion: NotRequired[
        Annotated[
            str, Field(description="The catalogue that told its provider and topics, as a digest.")
        ]
    ]


class Tombstone(TypedDict):
    """The end of a record: a withdrawn article, or a story whose last article was withdrawn."""

    id: ArticleId
    revision: int
    withdrawn: Literal[True]


class StoryProvider(TypedDict):
    """A provider that covers a story, and in how many articles."""

    name: str
    domain: str
    articleCount: int


class Story(TypedDict):
    """The matter that several articles cover, as it stood at one publication of its lead."""

    id: ArticleId
    lead: Annotated[ArticleId, Field(description="The article to show for the story.")]
    articleCount: int
    articles: Annotated[list[StoryArticle], Field(description="The latest 100.")]
    providers: list[StoryProvider]
    firstPublishedDateTime: DateTime
    lastPublishedDateTime: DateTime
    heat: Annotated[int, Field(ge=0, le=300, description="The heat of the lead.")]
    topics: NotRequired[list[str]]
    locale: str
    revision: Annotated[int, Field(ge=1)]
    schemaVersion: int


class MergedStory(TypedDict):
    """A story that went up in another; its articles are published with the other's id."""

    id: ArticleId
    mergedInto: Annotated[ArticleId, Field(description="The id of the story that goes on.")]
    revision: Annotated[int, Field(ge=1)]
    schemaVersion: int
