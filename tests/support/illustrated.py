"""Events with images, and the settings that allow images on loopback to be fetched."""

from typing import Any

import orjson

LOOPBACK = {"NEWSLOOM_IMAGES": None, "NEWSLOOM_IMAGES_ALLOW_NETWORKS": "127.0.0.1/32"}


def article(number: int, *images: str | dict[str, Any], **fields: Any) -> bytes:
    """An event of an article about its own subject, from one of eleven outlets."""
    words = [f"word{number}{letter}" for letter in "abcdef"]
    event = {
        "webUrl": f"https://outlet{number % 11}.example/{number}",
        "title": " ".join(words),
        "publishedDateTime": f"2024-03-04T{number // 3600 % 24:02}:{number // 60 % 60:02}:00Z",
        "locale": "en",
        "images": [{"url": image} if isinstance(image, str) else image for image in images],
    }
    return orjson.dumps(event | fields)
