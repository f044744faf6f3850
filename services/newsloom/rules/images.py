"""Images: the verdict on an image by its size, its shape and its file name.

In: a size in pixels, or a URL. Out: a verdict. The image check and the lane give other verdicts of
the same list: for an unreachable image, or for the same bytes in articles of two stories.
"""

import re
from enum import StrEnum
from urllib.parse import unquote, urlsplit


class Verdict(StrEnum):
    """The result of an image check: the same words in rows, metrics and logs."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    HTTP_ERROR = "http-error"
    NOT_AN_IMAGE = "not-an-image"
    TOO_SMALL = "too-small"
    BAD_SHAPE = "bad-shape"
    TRACKING_PIXEL = "tracking-pixel"
    PLACEHOLDER = "placeholder"
    TOO_LARGE = "too-large"
    BLOCKED_ADDRESS = "blocked-address"
    TOO_MANY_REDIRECTS = "too-many-redirects"


PASSING = frozenset({Verdict.UNREACHABLE, Verdict.TIMEOUT, Verdict.HTTP_ERROR})
"""Failures after which the same URL may give a good image later."""
NONE_GIVEN = "none-given"
"""The verdict in metrics for an article event without any image."""

MAX_TRACKING_SIDE = 3
"""Web beacons have 1×1, 2×2 or 3×3 pixels. An image is one if neither side is longer than this."""
MIN_LONG_SIDE = 200
MIN_SHORT_SIDE = 100
"""Logos and WordPress's `thumbnail` (150×150) are too small to show with a headline. WordPress's
`medium` (longer side 300, such as 300×169) is large enough. Open Graph requires 200 pixels."""
MAX_RATIO_TENTHS = 35
"""The greatest ratio of the longer to the shorter side, times 10. The least elongated ad formats of
the IAB are 160×600 (3.75) and 970×250 (3.88); photographic panoramas go up to 3:1."""
MAX_PIXELS = 50_000_000
"""imgproxy's default limit. A larger image can exhaust the memory of a decoder, as an attack."""

# File names of placeholder images, matched between separators, without the file extension.
_PLACEHOLDERS = re.compile(
    r"(?:^|[-_.+ ])(?:"
    r"(?:image|img|photo|picture|thumb(?:nail)?)?[-_]?(?:place[-_]?holder|stand[-_]?in)s?"
    r"|(?:back[-_]?up|fall[-_]?back|default|generic|missing|dummy|blank)[-_]?"
    r"(?:image|img|photo|picture|pic|thumb(?:nail)?|share|social|og|cover)s?"
    r"|(?:share|social|og|cover|image|img|thumb(?:nail)?)[-_](?:default|fallback|missing|dummy)"
    r"|no[-_]?(?:image|img|photo|picture|pic|thumb(?:nail)?)(?:[-_]?available)?"
    r"|(?:image|photo|picture)[-_](?:not[-_](?:available|found)|unavailable|coming[-_]soon)"
    r")(?=$|[-_.+ ]|\d)"
    # These count only as the whole name, apart from a number or a size.
    r"|^(?:spacer|blank|transparent|clear|default|fallback|dummy|mystery[-_]?man)[-_.x\d]*$"
    # The cover of a magazine's issue (month and year), shown with every article of the issue.
    r"|[-_](?:0[1-9]|1[0-2])\d\d[-_]cover$",
    re.IGNORECASE,
)
# The end of a path on an IIIF server: region, size, rotation, quality. The quality of every full
# image is named `default` (IIIF Image API 3.0, 4: Image Requests).
_IIIF = re.compile(
    r"/(?:full|square|(?:pct:)?[\d.]+(?:,[\d.]+){3})"
    r"/(?:\^?(?:max|full|!?\d+,\d+|\d+,|,\d+|pct:[\d.]+))"
    r"/!?\d{1,3}(?:\.\d+)?/default(?:\.\w{2,5})?$"
)
_BEACON = re.compile(r"^(?:1x1|pixel|beacon|track(?:ing|er)?[-_]?pixel)$", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{2,5}$")


def judge_size(width: int, height: int) -> Verdict:
    """The verdict on the decoded size of an image, in pixels, as it is displayed."""
    short, long = sorted((width, height))
    if short < 1:
        return Verdict.NOT_AN_IMAGE
    if long <= MAX_TRACKING_SIDE:
        return Verdict.TRACKING_PIXEL
    if width * height > MAX_PIXELS:
        return Verdict.TOO_LARGE
    if 10 * long > MAX_RATIO_TENTHS * short:
        return Verdict.BAD_SHAPE
    if long < MIN_LONG_SIDE or short < MIN_SHORT_SIDE:
        return Verdict.TOO_SMALL
    return Verdict.OK


def judge_name(url: str) -> Verdict:
    """The verdict on the file name in an image's URL: `ok`, a placeholder or a pixel."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:  # Not a URL: the download reports that.
        return Verdict.OK
    stem = _EXTENSION.sub("", path.rsplit("/", 1)[-1])
    if _BEACON.search(stem):
        return Verdict.TRACKING_PIXEL
    is_placeholder = _PLACEHOLDERS.search(stem) and not _IIIF.search(path)
    return Verdict.PLACEHOLDER if is_placeholder else Verdict.OK
