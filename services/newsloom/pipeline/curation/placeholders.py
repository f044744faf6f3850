"""Stand-ins for images, as only a lane can tell them: the same bytes again, with another matter.

Takes a drafted article that is yet to be put; what its images look like was said before. Changes
that article alone: those that came before keep theirs until they are reported anew.
"""

from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import picture_key
from newsloom.records.curated import Article
from newsloom.records.image_check import ImageCheck
from newsloom.rules.images import Verdict
from newsloom.rules.scoring import MAX_QUALITY, image_parts


def drop_stand_ins(
    changes: Changeset, live: LiveArticle, unillustrated_quality: int | None
) -> None:
    """Takes from `live` the images that its provider also showed with another story.

    Its quality follows, unless None says that images do not count towards it.
    """
    if not any(_is_stand_in(changes, live, check) for check in live.image_checks):
        return
    live.image_checks = [
        {**check, "verdict": Verdict.PLACEHOLDER.value}
        if _is_stand_in(changes, live, check)
        else check
        for check in live.image_checks
    ]
    good = {check["url"] for check in live.image_checks if check["verdict"] == Verdict.OK}
    images = [image for image in live.article.get("images", ()) if image["url"] in good]
    article: Article = {**live.article}
    del article["images"]
    if images:
        article["images"] = images
    if unillustrated_quality is not None:
        points = sum(image_parts(images).values())
        article["quality"] = min(MAX_QUALITY, unillustrated_quality + points)
    live.article = article


def _is_stand_in(changes: Changeset, live: LiveArticle, check: ImageCheck) -> bool:
    key = picture_key(live.article, check)
    if key is None or check["verdict"] != Verdict.OK:
        return False
    others = map(changes.article, changes.state.articles_by_image.get(key, ()))
    return any(other is not None and other.story_id != live.story_id for other in others)
