"""Scores: an article's quality, a lead's heat, and whether a story has grown enough to publish.

Scores are integer sums, so the same record has the same score on every machine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

MAX_QUALITY = 200
PUBLISH_THRESHOLD = 70
HEAT_PER_PROVIDER = 10
MAX_HEAT_BONUS = 100
NOT_LEADING = -1
HEAT_HALF_LIFE_S = 24 * 3600
"""Subscribers decay a lead's heat by age with this half-life (docs/subscribers.md)."""

KNOWN_STANDING = 30
UNKNOWN_STANDING = 10
FULL_EXCERPT_CHARACTERS = 200
SHORT_EXCERPT_CHARACTERS = 80
LARGE_IMAGE_PIXELS = 600 * 300


def quality_parts(
    article: Mapping[str, Any], standing: int, is_title_clean: bool
) -> dict[str, int]:
    """The parts of an article's quality by name. The quality is their sum, at most 200.

    The standing is 30 for an outlet of the catalogue, else 10, unless an operator sets it. An
    outlet of the catalogue with a full excerpt and a large image reaches 70.
    """
    parts = {"provider": standing}
    length = len(article.get("excerpt", ""))
    if length >= SHORT_EXCERPT_CHARACTERS:
        parts["excerpt"] = 20 if length >= FULL_EXCERPT_CHARACTERS else 10
    parts |= image_parts(article.get("images", ()))
    if "ampWebUrl" in article:
        parts["amp"] = 5
    if is_title_clean:
        parts["title"] = 5
    return parts


def image_parts(images: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The parts for images: 15 if there are any, 10 if the first has at least 180,000 pixels."""
    if not images:
        return {}
    parts = {"image": 15}
    if images[0].get("width", 0) * images[0].get("height", 0) >= LARGE_IMAGE_PIXELS:
        parts["imageSize"] = 10
    return parts


def lead_heat(quality: int, provider_count: int) -> int:
    """A lead's heat: its quality plus 10 for each provider after the first, at most 100 in all."""
    return quality + min(MAX_HEAT_BONUS, HEAT_PER_PROVIDER * max(0, provider_count - 1))


def is_published(heat: int, threshold: int = PUBLISH_THRESHOLD) -> bool:
    """Whether an article with this heat is `published`: the heat has reached the threshold."""
    return heat >= threshold


def decayed_heat(heat: int, age_s: int) -> float:
    """`heat` after `age_s` seconds of decay, with the half-life HEAT_HALF_LIFE_S."""
    return float(heat * 0.5 ** (max(0, age_s) / HEAT_HALF_LIFE_S))


def has_grown(count: int, count_when_published: int) -> bool:
    """Whether a count has grown by a tenth, and by at least one, since it was last published."""
    return 10 * (count - count_when_published) >= max(1, count_when_published)


LeadKey = tuple[int, str, str]


def lead_key(quality: int, published: str, article_id: str) -> LeadKey:
    """A sort key that puts the better lead first: highest quality, then earliest, then lowest id.

    `published` is a date-time as `format_time` writes it, which sorts in the order of time.
    """
    return -quality, published, article_id
