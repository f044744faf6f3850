"""The curated article and the story: the records that subscribers read.

The types are the records themselves, as typed dictionaries: a record is built once, in the order of
the fields here, and written without conversion. An absent field is left out, never null.
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
    """An image of an article. Sizes are in pixels, absent if unknown."""

    url: str
    width: NotRequired[int]
    height: NotRequired[int]
    title: NotRequired[str]
    attribution: NotRequired[str]


class Provider(TypedDict):
    """Who published the article: a name, a registrable domain, logos."""

    name: str
    domain: str
    images: NotRequired[list[Image]]


class Article(TypedDict):
    """An article after enriching, without the fields that depend on other articles.

    Enrich passes this dictionary to curate, and the state stores it. Curated articles, related
    articles and references are built from its fields.
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
    """The title without an outlet's name at its end, if that name is not the provider's. Not
    published.
    """


class ArticleReference(TypedDict):
    """Another article, with the fields to show it in one line."""

    id: ArticleId
    webUrl: str
    provider: Provider
    publishedDateTime: DateTime


class StoryArticle(ArticleReference):
    """An article of a story, with its title."""

    title: str


class RelatedArticle(TypedDict):
    """An article near this one in its words, with the fields to show it."""

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
    similarity: Annotated[
        float, Field(ge=0, le=1, description="The cosine of the texts, to two decimals.")
    ]


class CuratedArticle(TypedDict):
    """One publication of a curated article. The highest `revision` of an `id` is current."""

    category: str
    title: str
    excerpt: NotRequired[str]
    publishedDateTime: DateTime
    webUrl: str
    ampWebUrl: NotRequired[str]
    cdnAmpWebUrl: NotRequired[
        Annotated[str, Field(description="The URL of the AMP page in the AMP cache.")]
    ]
    type: str
    quality: Annotated[Quality, Field(description="The article's own score, without its story.")]
    heat: Annotated[
        int,
        Field(
            ge=-1,
            le=300,
            description="A lead's quality plus 10 for each further provider; else -1.",
        ),
    ]
    published: Annotated[
        bool, Field(description="Whether it leads its story and its heat reaches the threshold.")
    ]
    provider: Provider
    topics: NotRequired[list[str]]
    images: NotRequired[list[Image]]
    related: NotRequired[
        Annotated[
            list[RelatedArticle], Field(description="Related articles, highest quality first.")
        ]
    ]
    secured: NotRequired[
        Annotated[
            str, Field(description="The seal of private data: base64 parts joined by semicolons.")
        ]
    ]
    id: ArticleId
    revision: Annotated[
        int, Field(ge=1, description="Rises strictly per id, with gaps. The highest is current.")
    ]
    storyId: ArticleId
    duplicateOf: NotRequired[
        Annotated[ArticleId, Field(description="The first-seen article with the same text.")]
    ]
    duplicates: NotRequired[
        Annotated[
            list[ArticleReference],
            Field(description="Later articles with the same text: the latest 50."),
        ]
    ]
    locale: Annotated[
        str, Field(description="BCP 47 language tag; `und` if it could not be detected.")
    ]
    originalUrl: NotRequired[
        Annotated[str, Field(description="The publisher's own URL, if webUrl is that of a copy.")]
    ]
    updatedDateTime: NotRequired[DateTime]
    curatedDateTime: Annotated[
        DateTime, Field(description="The lane clock at publication, not the system's time.")
    ]
    source: NotRequired[
        Annotated[str, Field(description="The name of the crawler that reported it.")]
    ]
    schemaVersion: int
    catalogueVersion: NotRequired[
        Annotated[
            str, Field(description="Digest of the catalogue that gave its provider and topics.")
        ]
    ]


class Tombstone(TypedDict):
    """Withdraws an id: of a withdrawn article, or of a story whose last article was withdrawn."""

    id: ArticleId
    revision: int
    withdrawn: Literal[True]


class StoryProvider(TypedDict):
    """A provider with articles in a story, and their number."""

    name: str
    domain: str
    articleCount: int


class Story(TypedDict):
    """The articles about one occurrence, as of one publication of the story's lead."""

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
    """A story that was merged into another; its articles are published with the other's id."""

    id: ArticleId
    mergedInto: Annotated[ArticleId, Field(description="The id of the story that continues.")]
    revision: Annotated[int, Field(ge=1)]
    schemaVersion: int
