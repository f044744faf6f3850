"""Enrich: a normalised article in; who published it, its topics, AMP cache URL and quality out.

Stateless: each article by itself. `curate` receives what leaves here.
"""

from collections.abc import Sequence
from typing import Literal, cast, get_args

from newsloom.pipeline.arrival import ArticleArrival, compared_title
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.normalise import NormalisedArticle
from newsloom.records.curated import Article, Image, Provider
from newsloom.records.image_check import ImageCheck
from newsloom.rules.addresses.amp import cdn_amp_url
from newsloom.rules.clock import format_time
from newsloom.rules.images import Verdict
from newsloom.rules.provider import NO_HINT, Hint, Outlet, bare_title, resolve_provider
from newsloom.rules.scoring import MAX_QUALITY, image_parts, quality_parts
from newsloom.rules.words.language import primary_language
from newsloom.rules.words.terms import count_title_terms, vectorise
from newsloom.rules.words.text import shared_words, title_without_outlet

ImageMode = Literal["check", "trust", "off"]
IMAGE_MODES: tuple[ImageMode, ...] = get_args(ImageMode)


def enrich(
    normal: NormalisedArticle,
    catalogue: Catalogue,
    images: ImageMode,
    arrived_at: int,
    checks: Sequence[ImageCheck] = (),
) -> ArticleArrival:
    """The article as it will be published, complete but for what its lane decides.

    `images`: `check` keeps those of the event's images that `checks` finds good, with their true
    sizes; `trust` keeps them as given, `off` drops them. `arrived_at` is in seconds since the
    epoch.
    """
    event = normal.event
    hint = event.provider
    url = event.original_url or event.web_url
    outlet, evidence, _ = resolve_provider(
        url,
        normal.title,
        catalogue.outlets,
        catalogue.names,
        Hint(hint.name, hint.domain) if hint else NO_HINT,
    )
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
    # The empty word between them keeps a phrase from running over from title to excerpt.
    tokens = [*shared_words(normal.title), "", *shared_words(normal.excerpt)]
    topics = catalogue.topics.match(tokens, normal.topics, f"{normal.title} {normal.excerpt}")
    if topics:
        article["topics"] = topics
    kept = _good_images(normal.images, checks) if images == "check" else normal.images
    if kept and images != "off":
        article["images"] = kept
    if event.secured is not None:
        article["secured"] = event.secured
    if event.original_url is not None:
        article["originalUrl"] = event.original_url
    if event.updated_date_time is not None:
        article["updatedDateTime"] = format_time(event.updated_date_time)
    if event.source is not None:
        article["source"] = event.source
    article["catalogueVersion"] = catalogue.version
    bare = title_without_outlet(normal.title, outlet.name, outlet.domain)
    compared = bare_title(bare, catalogue.names, is_vouched=evidence == "title")
    if compared != bare:
        article["comparedTitle"] = compared
    # The crawler's own score, taken as it is; else the documented sum.
    points = None
    if event.quality is None:
        points = sum(quality_parts_of(article, outlet.standing).values())
        article["quality"] = min(MAX_QUALITY, points)
    else:
        article["quality"] = event.quality
    vector = vectorise(compared, normal.excerpt or "", primary_language(article["locale"]))
    return ArticleArrival(
        article=article,
        published_at=event.published_date_time,
        version=normal.version,
        arrived_at=arrived_at,
        digest=normal.digest,
        vector=vector,
        title_terms=count_title_terms(compared, vector),
        image_checks=list(checks) if images == "check" else None,
        unillustrated_quality=points - _image_points(article)
        if points is not None and checks
        else None,
    )


def _good_images(images: Sequence[Image], checks: Sequence[ImageCheck]) -> list[Image]:
    """The images that may be shown, in the order of `checks`, each with its true size."""
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
    """The parts of an article's own quality by name."""
    return quality_parts(
        article, standing, is_title_clean=compared_title(article) == article["title"]
    )
