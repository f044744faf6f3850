"""Enrich: a normalised article in; its provider, topics, AMP cache URL, images and quality out.

It is stateless: each article is enriched by itself. The result is what the curate stage receives.
"""

from collections.abc import Sequence
from typing import Literal, cast, get_args

from newsloom.pipeline.arrival import ArticleArrival, compared_title
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.normalise import NormalisedArticle
from newsloom.records.curated import Article, Image, Provider
from newsloom.records.event import ArticleEvent
from newsloom.records.image_check import ImageCheck
from newsloom.rules.addresses.amp import cdn_amp_url
from newsloom.rules.clock import format_time
from newsloom.rules.images import Verdict
from newsloom.rules.provider import NO_HINT, Evidence, Hint, Outlet, bare_title, resolve_provider
from newsloom.rules.scoring import MAX_QUALITY, image_parts, quality_parts
from newsloom.rules.words.language import primary_language
from newsloom.rules.words.terms import count_title_terms, vectorise
from newsloom.rules.words.text import shared_words, title_without_outlet

ImageMode = Literal["check", "trust", "off"]
IMAGE_MODES: tuple[ImageMode, ...] = get_args(ImageMode)


def enrich_article(
    normal: NormalisedArticle,
    catalogue: Catalogue,
    images: ImageMode,
    arrived_at: int,
    checks: Sequence[ImageCheck] = (),
) -> ArticleArrival:
    """The article as it will be published, except for what its lane decides.

    `images`: `check` keeps the images that `checks` finds good, with their true sizes; `trust`
    keeps all as given; `off` drops all. `arrived_at` is in Unix seconds.
    """
    event = normal.event
    outlet, evidence = _find_outlet(normal, catalogue)
    article = _describe(normal, catalogue, outlet, _select_images(normal, images, checks))
    compared = _add_compared_title(article, catalogue, outlet, evidence)
    points = _add_quality(article, event.quality, outlet.standing)
    language = primary_language(article["locale"])
    vector = vectorise(compared, normal.excerpt or "", language)
    has_image_points = points is not None and bool(checks)
    return ArticleArrival(
        article=article,
        published_at=event.published_date_time,
        version=normal.version,
        arrived_at=arrived_at,
        digest=normal.digest,
        vector=vector,
        title_terms=count_title_terms(compared, vector, language),
        image_checks=list(checks) if images == "check" else None,
        unillustrated_quality=(points or 0) - _image_points(article) if has_image_points else None,
        address=normal.address,
    )


def _add_quality(article: Article, given: int | None, standing: int) -> int | None:
    """Sets the quality: the `given` one, else the sum of its parts, which is returned."""
    if given is not None:
        article["quality"] = given
        return None
    points = sum(quality_parts_of(article, standing).values())
    article["quality"] = min(MAX_QUALITY, points)
    return points


def _find_outlet(normal: NormalisedArticle, catalogue: Catalogue) -> tuple[Outlet, Evidence]:
    """The outlet that published the article, and how it was found."""
    event = normal.event
    hint = event.provider
    outlet, evidence, _ = resolve_provider(
        event.original_url or event.web_url,
        normal.title,
        catalogue.outlets,
        catalogue.names,
        Hint(hint.name, hint.domain) if hint else NO_HINT,
    )
    return outlet, evidence


def _describe(
    normal: NormalisedArticle, catalogue: Catalogue, outlet: Outlet, images: list[Image]
) -> Article:
    """The article without its quality. State rows and enriched records keep this field order."""
    event = normal.event
    article: Article = {
        "category": event.category,
        "title": normal.title,
        "publishedDateTime": format_time(event.published_date_time),
        "webUrl": event.web_url,
        "type": event.type,
        "quality": 0,
        "provider": _provider(outlet),
        "id": normal.id,
        "locale": normal.locale,
    }
    if normal.excerpt:
        article["excerpt"] = normal.excerpt
    if event.amp_web_url is not None:
        article["ampWebUrl"] = event.amp_web_url
        article["cdnAmpWebUrl"] = cdn_amp_url(event.amp_web_url)
    if topics := _find_topics(normal, catalogue):
        article["topics"] = topics
    if images:
        article["images"] = images
    _add_optional_fields(article, event)
    article["catalogueVersion"] = catalogue.version
    return article


def _add_optional_fields(article: Article, event: ArticleEvent) -> None:
    if event.secured is not None:
        article["secured"] = event.secured
    if event.original_url is not None:
        article["originalUrl"] = event.original_url
    if event.updated_date_time is not None:
        article["updatedDateTime"] = format_time(event.updated_date_time)
    if event.source is not None:
        article["source"] = event.source


def _find_topics(normal: NormalisedArticle, catalogue: Catalogue) -> list[str]:
    # The empty token keeps a phrase from matching across the end of the title.
    tokens = [*shared_words(normal.title), "", *shared_words(normal.excerpt)]
    return catalogue.topics.match(tokens, normal.topics, f"{normal.title} {normal.excerpt}")


def _add_compared_title(
    article: Article, catalogue: Catalogue, outlet: Outlet, evidence: Evidence
) -> str:
    """The title by which the article is compared. It is stored if the lane cannot compute it."""
    title = title_without_outlet(article["title"], outlet.name, outlet.domain)
    compared = bare_title(title, catalogue.names, is_from_carrier=evidence == "title")
    if compared != title:
        article["comparedTitle"] = compared
    return compared


def _select_images(
    normal: NormalisedArticle, mode: ImageMode, checks: Sequence[ImageCheck]
) -> list[Image]:
    if mode == "off":
        return []
    return normal.images if mode == "trust" else _good_images(normal.images, checks)


def _good_images(images: Sequence[Image], checks: Sequence[ImageCheck]) -> list[Image]:
    """The images that passed their check, in the order of `checks`, with their true sizes."""
    by_url = {image["url"]: image for image in reversed(images)}
    return [
        by_url.get(check["url"], {"url": check["url"]})
        | {"width": check["width"], "height": check["height"]}
        for check in checks
        if check["verdict"] == Verdict.OK
    ]


def _image_points(article: Article) -> int:
    return sum(image_parts(article.get("images", [])).values())


def _provider(outlet: Outlet) -> Provider:
    provider: Provider = {"name": outlet.name, "domain": outlet.domain}
    if outlet.images:
        provider["images"] = [cast(Image, dict(image)) for image in outlet.images]
    return provider


def quality_parts_of(article: Article, standing: int) -> dict[str, int]:
    """The parts of an article's quality by name."""
    return quality_parts(
        article, standing, is_title_clean=compared_title(article) == article["title"]
    )
