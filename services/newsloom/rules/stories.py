"""Stories and related articles: which ones are near enough, by cosines in thousandths.

An article is compared with a story's centroid. Whether it joins one of the nearest stories is
decided by the weights in `evidence`; docs/adr/0003-grouping.md gives the reasons.
"""

from collections.abc import Mapping
from math import isqrt

WINDOW_S = 10 * 24 * 3600
"""How long an article is live, and the greatest time between two related articles."""
REMEMBER_S = 30 * 24 * 3600
"""How long an article is remembered after it left the window, or was withdrawn."""
REMEMBER_CAP = 2_000_000
"""The most departed articles that a lane remembers; beyond it the oldest are forgotten early."""
LANE_CAP = 2_000_000
"""The most articles in a lane, counted in placements: an older article leaves the window early. It
bounds the memory of a lane, and equals ten days with 200,000 articles each."""
STORY_GAP_S = 4 * 24 * 3600
"""An article further than this from a story's time span belongs to another occurrence."""

MIN_CANDIDATE_COSINE = 160
"""Stories with a lower cosine to an article are not candidates for it to join."""
MAX_CANDIDATES = 3
"""The number of nearest stories for which all evidence is computed."""
MIN_RIVAL_SCORE = -1000
"""A story is a candidate for merging if the article's score of joining it is at least this: nearly
the 0 that is needed to join."""

MAX_RELATED = 12
RELATED_FLOOR = 150
"""The least cosine of related articles: below it, two texts share words, but not a subject."""


def story_similarity(dot: int, square: int) -> int:
    """The cosine in thousandths of a unit vector and a centroid of squared length `square`."""
    return dot // (isqrt(square) or 1)


def centroid_similarity(dot: int, square: int, other_square: int) -> int:
    """The cosine in thousandths of two centroids with the given squared lengths."""
    return 1000 * dot // (isqrt(square * other_square) or 1)


def is_within_reach(time: int, first: int, last: int) -> bool:
    """Whether `time` is at most four days before `first` or after `last`, a story's time span."""
    return first - STORY_GAP_S <= time <= last + STORY_GAP_S


def choose_related(cosines: Mapping[str, int], article_id: str) -> list[tuple[str, int]]:
    """(id, cosine) of the 12 articles nearest to `article_id` from RELATED_FLOOR on, in order.

    Of equally near articles those with the lowest (id XOR `article_id`) are chosen: of many copies
    of one text, each names other ones, so that no copy is named by all.
    """
    nearest = [(-cosine, i) for i, cosine in cosines.items() if cosine >= RELATED_FLOOR]
    if len(nearest) > MAX_RELATED:
        own = int(article_id, 16)
        nearest.sort(key=lambda item: (item[0], int(item[1], 16) ^ own))
    return [(other_id, -minus_cosine) for minus_cosine, other_id in sorted(nearest[:MAX_RELATED])]
