"""The result of an image check, as it is stored in an article's row and shown by `explain`."""

from typing import NotRequired

from typing_extensions import TypedDict


class ImageCheck(TypedDict):
    """An examined image and its verdict (`rules.images.Verdict`).

    A usable image also has its decoded size in pixels, and the fingerprint of its bytes.
    """

    url: str
    verdict: str
    width: NotRequired[int]
    height: NotRequired[int]
    fingerprint: NotRequired[str]
