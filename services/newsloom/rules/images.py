"""Images: which may be shown, by their size, their shape and their name. Pure.

What only the network or the lane can tell (unreachable, the same bytes again) is said elsewhere,
in the same words.
"""

import re
from enum import StrEnum
from urllib.parse import unquote, urlsplit


class Verdict(StrEnum):
    """What is to be said of an image, the same word in records of state, metrics and logs."""

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


NONE_GIVEN = "none-given"
"""Stands for a verdict where an article came without any image."""

MAX_TRACKING_SIDE = 3
"""Web beacons are 1×1, some 2×2 or 3×3: both sides at most this."""
MIN_LONG_SIDE = 200
MIN_SHORT_SIDE = 100
"""WordPress's `thumbnail` (150×150) and logos are too small to stand beside a headline, its
`medium` (the longer side 300, so 300×169) is not; Open Graph asks for 200 pixels at least."""
MAX_RATIO_TENTHS = 35
"""Longer to shorter side. The IAB's banners and skyscrapers begin at 160×600 (3.75) and 970×250
(3.88); panoramas of photographers end at 3:1."""
MAX_PIXELS = 50_000_000
"""imgproxy's own limit: what is larger exhausts whoever decodes it, and is sent for that."""

# Words that name a stand-in. Between separators, in the last part of the path without its ending.
_STAND_INS = re.compile(
    r"(?:^|[-_.+ ])(?:"
    r"(?:image|img|photo|picture|thumb(?:nail)?)?[-_]?(?:place[-_]?holder|stand[-_]?in)s?"
    r"|(?:back[-_]?up|fall[-_]?back|default|generic|missing|dummy|blank)[-_]?"
    r"(?:image|img|photo|picture|pic|thumb(?:nail)?|share|social|og|cover)s?"
    r"|(?:share|social|og|cover|image|img|thumb(?:nail)?)[-_](?:default|fallback|missing|dummy)"
    r"|no[-_]?(?:image|img|photo|picture|pic|thumb(?:nail)?)(?:[-_]?available)?"
    r"|(?:image|photo|picture)[-_](?:not[-_](?:available|found)|unavailable|coming[-_]soon)"
    r")(?=$|[-_.+ ]|\d)"
    # These say so only where they are the whole name, but for a number or a size.
    r"|^(?:spacer|blank|transparent|clear|default|fallback|dummy|mystery[-_]?man)[-_.x\d]*$"
    # The front of a magazine's issue (its month and year), shown with whatever is in it.
    r"|[-_](?:0[1-9]|1[0-2])\d\d[-_]cover$",
    re.IGNORECASE,
)
_BEACON = re.compile(r"^(?:1x1|pixel|beacon|track(?:ing|er)?[-_]?pixel)$", re.IGNORECASE)
_ENDING = re.compile(r"\.[A-Za-z0-9]{2,5}$")


def judge_size(width: int, height: int) -> Verdict:
    """What the true size of an image (in pixels, as it is shown) says of it."""
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
    """What the last part of an image's path says of it: `ok` unless it names a stand-in."""
    try:
        name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    except ValueError:  # no URL; whoever fetches it will say so
        return Verdict.OK
    stem = _ENDING.sub("", name)
    if _BEACON.search(stem):
        return Verdict.TRACKING_PIXEL
    return Verdict.PLACEHOLDER if _STAND_INS.search(stem) else Verdict.OK
