"""Scores: an article's own quality, a lead's heat, and when a story has grown enough to tell.

Integer sums only, so that the same record scores the same everywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

MAX_QUALITY = 200
PUBLISH_THRESHOLD = 70
HEAT_PER_PROVIDER = 10
MAX_HEAT_BONUS = 100
NOT_LEADING = -1
HEAT_HALF_LIFE_S = 24 * 3600
"""Readers decay a lead's heat by age with this half-life (documented in the README)."""

KNOWN_STANDING = 30
UNKNOWN_STANDING = 10
FULL_EXCERPT_CHARACTERS = 200
SHORT_EXCERPT_CHARACTERS = 80
LARGE_IMAGE_PIXELS = 600 * 300


def quality_parts(
    article: Mapping[str, Any], standing: int, is_title_clean: bool
) -> dict[str, int]:
    """The parts of an article's own quality by name; their sum, at most 200, is the score.

    Takes what is the article's own and nothing of its story: provider standing (30 for an outlet
    of the catalogue, 10 else, unless an operator sets it) and completeness. A known outlet with a
    full excerpt and a large image reaches 70; a bare item of an unknown one does not.
    """
    parts = {"provider": standing}
    length = len(article.get("excerpt", ""))
    if length >= FULL_EXCERPT_CHARACTERS:
        parts["excerpt"] = 20
    elif length >= SHORT_EXCERPT_CHARACTERS:
        parts["excerpt"] = 10
    images = article.get("images")
    if images:
        parts |= image_parts(images)
    if "ampWebUrl" in article:
        parts["amp"] = 5
    if is_title_clean:
        parts["title"] = 5
    return parts


def image_parts(images: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """What images add to an article's quality: that there is one, and that the first is large."""
    if not images:
        return {}
    parts = {"image": 15}
    if images[0].get("width", 0) * images[0].get("height", 0) >= LARGE_IMAGE_PIXELS:
        parts["imageSize"] = 10
    return parts


def lead_heat(quality: int, provider_count: int) -> int:
    """A lead's heat: its quality plus 10 for each further provider, that bonus at most 100."""
    return quality + min(MAX_HEAT_BONUS, HEAT_PER_PROVIDER * max(0, provider_count - 1))


def is_published(heat: int, threshold: int = PUBLISH_THRESHOLD) -> bool:
    """Whether a record of this heat is to be shown."""
    return heat >= threshold


def decayed_heat(heat: int, age_s: int) -> float:
    """What is left of `heat` after `age_s` seconds, by the documented half-life."""
    return float(heat * 0.5 ** (max(0, age_s) / HEAT_HALF_LIFE_S))


def has_grown(count: int, count_when_published: int) -> bool:
    """Whether a count has grown by a tenth since it was last told (always, while small)."""
    return 10 * (count - count_when_published) >= max(1, count_when_published)


LeadKey = tuple[int, str, str]


def lead_key(quality: int, published: str, article_id: str) -> LeadKey:
    """Sorts the better lead first: highest own quality, then earliest, then lowest id.

    `published` is a date-time in UTC in one form, so that it sorts as time does.
    """
    return -quality, published, article_id
