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

# The types of fields that several records share, each with its meaning.
Category = Annotated[str, Field(description="The kind of record. An open list; `news` by default.")]
Kind = Annotated[str, Field(description="The kind of piece. An open list; `article` by default.")]
Title = Annotated[str, Field(description="The headline, as plain text.")]
Excerpt = Annotated[
    str, Field(description="The opening, as plain text of at most 2,000 characters.")
]
PublishedTime = Annotated[DateTime, Field(description="When the article was published, in UTC.")]
WebUrl = Annotated[str, Field(description="Where the article can be read, as the crawler gave it.")]
AmpWebUrl = Annotated[str, Field(description="The article's AMP page, as the crawler gave it.")]
CdnAmpWebUrl = Annotated[str, Field(description="The AMP page as the AMP cache serves it.")]
OwnQuality = Annotated[Quality, Field(description="The article's own score.")]
OwnId = Annotated[ArticleId, Field(description="The article id.")]
StoryId = Annotated[ArticleId, Field(description="The story id.")]
Topics = Annotated[
    list[str],
    Field(description="The topics' names, at most 20. Those that the crawler gave come first."),
]
Revision = Annotated[
    int,
    Field(
        ge=1, description="Strictly rising for an id in its partition, with gaps. The highest wins."
    ),
]
SchemaVersion = Annotated[
    int, Field(description="The version of the schema that the record follows.")
]


class Image(TypedDict):
    """An image of an article. Sizes are in pixels, absent if unknown."""

    url: Annotated[str, Field(description="Where the image is.")]
    width: NotRequired[Annotated[int, Field(description="The width in pixels.")]]
    height: NotRequired[Annotated[int, Field(description="The height in pixels.")]]
    title: NotRequired[Annotated[str, Field(description="The image's title, as plain text.")]]
    attribution: NotRequired[Annotated[str, Field(description="Whom to credit, as plain text.")]]


Images = Annotated[list[Image], Field(description="The images that may be shown, best first.")]


class Provider(TypedDict):
    """Who published the article: a name, a registrable domain, logos."""

    name: Annotated[str, Field(description="The name to show.")]
    domain: Annotated[str, Field(description="The registrable domain.")]
    images: NotRequired[
        Annotated[list[Image], Field(description="The provider's logos, from the catalogue.")]
    ]


Publisher = Annotated[Provider, Field(description="Who published the article.")]


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

    id: OwnId
    webUrl: WebUrl
    provider: Publisher
    publishedDateTime: PublishedTime


class StoryArticle(ArticleReference):
    """An article of a story, with its title."""

    title: Title


class RelatedArticle(TypedDict):
    """An article with words similar to those of this one, with the fields to show it."""

    title: Title
    excerpt: NotRequired[Excerpt]
    publishedDateTime: PublishedTime
    webUrl: WebUrl
    ampWebUrl: NotRequired[AmpWebUrl]
    cdnAmpWebUrl: NotRequired[CdnAmpWebUrl]
    type: Kind
    provider: Publisher
    quality: OwnQuality
    images: NotRequired[Images]
    id: OwnId
    relation: Annotated[
        Relation,
        Field(
            description="`duplicate`: the same text; `same-story`: another text of the same story; "
            "`related`: an article of another story."
        ),
    ]
    similarity: Annotated[
        float, Field(ge=0, le=1, description="The cosine of the two texts, to two decimals.")
    ]


class CuratedArticle(TypedDict):
    """One publication of a curated article. The highest `revision` of an `id` is current."""

    category: Category
    title: Title
    excerpt: NotRequired[Excerpt]
    publishedDateTime: PublishedTime
    webUrl: WebUrl
    ampWebUrl: NotRequired[AmpWebUrl]
    cdnAmpWebUrl: NotRequired[CdnAmpWebUrl]
    type: Kind
    quality: OwnQuality
    heat: Annotated[
        int,
        Field(
            ge=-1,
            le=300,
            description="A lead's quality plus 10 for each further provider, at most 100 more; "
            "-1 for other articles.",
        ),
    ]
    published: Annotated[
        bool,
        Field(description="Whether the heat reaches the publish threshold, so that it is shown."),
    ]
    provider: Publisher
    topics: NotRequired[Topics]
    images: NotRequired[Images]
    related: NotRequired[
        Annotated[
            list[RelatedArticle],
            Field(description="The nearest articles, at most 12, highest quality first."),
        ]
    ]
    secured: NotRequired[
        Annotated[
            str, Field(description="The seal of `private`: base64 parts joined by semicolons.")
        ]
    ]
    id: OwnId
    revision: Revision
    storyId: Annotated[ArticleId, Field(description="The story that the article belongs to.")]
    duplicateOf: NotRequired[
        Annotated[
            ArticleId,
            Field(
                description="The first-seen article with the same text, or the one that took its "
                "place when it was withdrawn."
            ),
        ]
    ]
    duplicates: NotRequired[
        Annotated[
            list[ArticleReference],
            Field(description="Its duplicates in the window: the latest 50."),
        ]
    ]
    locale: Annotated[
        str, Field(description="BCP 47 language tag; `und` if no language was detected.")
    ]
    originalUrl: NotRequired[
        Annotated[str, Field(description="The publisher's own URL, where webUrl is a copy's.")]
    ]
    updatedDateTime: NotRequired[
        Annotated[DateTime, Field(description="When this version was written, in UTC.")]
    ]
    curatedDateTime: Annotated[
        DateTime, Field(description="The lane clock at publication, not the system's time.")
    ]
    source: NotRequired[
        Annotated[str, Field(description="The name of the crawler that reported it.")]
    ]
    schemaVersion: SchemaVersion
    catalogueVersion: NotRequired[
        Annotated[
            str,
            Field(description="A digest of the catalogue that gave the provider and the topics."),
        ]
    ]


class Tombstone(TypedDict):
    """Withdraws an id: of a withdrawn article, or of a story whose articles were all withdrawn."""

    id: Annotated[ArticleId, Field(description="The article id or the story id.")]
    revision: Annotated[int, Field(description="Higher than every earlier revision of the id.")]
    withdrawn: Annotated[Literal[True], Field(description="The record must no longer be shown.")]


class StoryProvider(TypedDict):
    """A provider with articles in a story, and their number."""

    name: Annotated[str, Field(description="The name to show.")]
    domain: Annotated[str, Field(description="The registrable domain.")]
    articleCount: Annotated[
        int, Field(description="How many of the story's articles the provider published.")
    ]


class Story(TypedDict):
    """The articles about one occurrence, as of one publication. The highest `revision` counts."""

    id: StoryId
    lead: NotRequired[
        Annotated[
            ArticleId,
            Field(
                description="The article to show for the story. Absent if it was withdrawn, or "
                "joined another story, when all other articles had left the window; then the heat "
                "is -1."
            ),
        ]
    ]
    articleCount: Annotated[
        int,
        Field(
            description="How many articles the story has, those that left the window included, "
            "withdrawn ones not."
        ),
    ]
    articles: Annotated[
        list[StoryArticle], Field(description="The articles in the window: the latest 100.")
    ]
    providers: Annotated[
        list[StoryProvider],
        Field(description="The providers, at most 100, those with the most articles first."),
    ]
    firstPublishedDateTime: Annotated[
        DateTime, Field(description="The earliest event time of the story's articles, in UTC.")
    ]
    lastPublishedDateTime: Annotated[
        DateTime, Field(description="The latest event time of the story's articles, in UTC.")
    ]
    heat: Annotated[int, Field(ge=-1, le=300, description="The heat of the lead; -1 without one.")]
    topics: NotRequired[
        Annotated[
            list[str],
            Field(description="The topics of `articles`, at most 20, the most frequent first."),
        ]
    ]
    locale: Annotated[str, Field(description="The locale of the lead.")]
    revision: Revision
    schemaVersion: SchemaVersion


class MergedStory(TypedDict):
    """A story that was merged into another; its live articles are published with the other's id."""

    id: StoryId
    mergedInto: Annotated[
        ArticleId, Field(description="The id of the story that this one was merged into.")
    ]
    revision: Revision
    schemaVersion: SchemaVersion
