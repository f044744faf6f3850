"""Placeholder images that only a lane can recognise: the same image bytes in two stories.

It changes the arriving article before its row is stored. Articles that arrived earlier with the
same image keep it until they are reported again.
"""

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import image_key
from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.images import Verdict
from newsloom.rules.scoring import MAX_QUALITY, image_parts


def drop_placeholders(
    changes: Changeset, live: LiveArticle, unillustrated_quality: int | None
) -> None:
    """Removes the images of `live` that its provider also used with another story.

    The quality is computed again from `unillustrated_quality`, the quality without images. It
    stays as it is if that is None: the crawler gave it.
    """
    if not any(_is_placeholder(changes, live, check) for check in live.image_checks):
        return
    live.image_checks = [
        {**check, "verdict": Verdict.PLACEHOLDER.value}
        if _is_placeholder(changes, live, check)
        else check
        for check in live.image_checks
    ]
    live.article = _with_good_images(live, unillustrated_quality)


def _with_good_images(live: LiveArticle, unillustrated_quality: int | None) -> Article:
    good = {check["url"] for check in live.image_checks if check["verdict"] == Verdict.OK}
    images = [image for image in live.article.get("images", ()) if image["url"] in good]
    article: Article = {**live.article}
    del article["images"]
    if images:
        article["images"] = images
    if unillustrated_quality is not None:
        points = sum(image_parts(images).values())
        article["quality"] = min(MAX_QUALITY, unillustrated_quality + points)
    return article


def _is_placeholder(changes: Changeset, live: LiveArticle, check: ImageCheck) -> bool:
    key = image_key(live.article, check)
    if key is None or check["verdict"] != Verdict.OK:
        return False
    others = map(changes.articles.get, changes.state.articles_by_image.get(key, ()))
    return any(other is not None and other.story_id != live.story_id for other in others)
