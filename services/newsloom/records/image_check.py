"""What became of an article's image: kept with its state, shown by `explain`."""

from typing import NotRequired

from typing_extensions import TypedDict


class ImageCheck(TypedDict):
    """A candidate that was judged, and the verdict (`rules.images.Verdict`).

    An image that may be shown has its true size in pixels, and the fingerprint of its bytes.
    """

    url: str
    verdict: str
    width: NotRequired[int]
    height: NotRequired[int]
    fingerprint: NotRequired[str]
