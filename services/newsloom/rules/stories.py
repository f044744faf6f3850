"""Stories and related articles: which are near enough, by cosines in thousandths.

A story is compared by its centroid (the sum of its articles' vectors). Whether an article joins
one of the nearest is for `evidence` to say; see docs/adr/0003-grouping.md.
"""

from collections.abc import Mapping
from math import isqrt

WINDOW_S = 10 * 24 * 3600
"""How long an article is live, and how far apart in time related articles may be."""
LANE_CAP = 2_000_000
"""So many articles are placed in a lane before one leaves it for want of room: it bounds what a
lane needs, and is ten days of 200,000 articles."""
STORY_GAP_S = 4 * 24 * 3600
"""A story that was silent this long is over: what comes then is another matter."""

MIN_CANDIDATE_COSINE = 160
"""A story less near than this is not weighed."""
MAX_CANDIDATES = 3
"""So many stories are weighed with all the evidence: the nearest ones."""
MIN_RIVAL_SCORE = -1000
"""A story is weighed for merging only if the article goes with it nearly well enough to join."""

RELATED_LIMIT = 12
RELATED_FLOOR = 150
"""A lone stranger has no related: below this, two texts share words, not matter."""


def story_similarity(dot: int, square: int) -> int:
    """Cosine, in thousandths, of a unit vector and a centroid of squared length `square`."""
    return dot // (isqrt(square) or 1)


def centroid_similarity(dot: int, square: int, other_square: int) -> int:
    """Cosine, in thousandths, of two centroids of the given squared lengths."""
    return 1000 * dot // (isqrt(square * other_square) or 1)


def is_within_reach(time: int, first: int, last: int) -> bool:
    """Whether a story that ran from `first` to `last` was not silent too long before `time`."""
    return first - STORY_GAP_S <= time <= last + STORY_GAP_S


def choose_related(near: Mapping[str, int]) -> list[tuple[str, int]]:
    """(article id, similarity) of the nearest above the floor, at most twelve, ties by id."""
    above = sorted(
        (-similarity, i) for i, similarity in near.items() if similarity >= RELATED_FLOOR
    )
    return [
        (article_id, -minus_similarity) for minus_similarity, article_id in above[:RELATED_LIMIT]
    ]
