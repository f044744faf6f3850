"""JSON of records for the catalogue of malformed events, including JSON that Python cannot hold."""

import json
from typing import Any


class Json(str):
    """JSON text that is inserted into a record unchanged."""


ABSENT = object()
URL = "https://daily.example/2026/03/harbour-bridge"
GOOD: dict[str, Any] = {
    "webUrl": URL,
    "title": "Harbour bridge reopens after repairs",
    "publishedDateTime": "2026-03-02T10:00:00Z",
}
FULL: dict[str, Any] = GOOD | {
    "excerpt": "Ferries stop at noon \u2014 the caf\u00e9 on the quay stays open ...",
    "updatedDateTime": "2026-03-02T11:30:00+01:00",
    "type": "article",
    "category": "news",
    "locale": "en-gb",
    "ampWebUrl": "https://daily.example/amp/2026/03/harbour-bridge",
    "originalUrl": "https://daily.example/2026/03/harbour-bridge?from=wire",
    "provider": {"name": "The Daily Example", "domain": "daily.example"},
    "topics": ["Harbours", "Bridges"],
    "images": [{"url": "https://img.daily.example/bridge.jpg", "width": 1200, "height": 800}],
    "quality": 70,
    "source": "crawler-1",
    "eventId": "e-1",
    "private": {"note": "desk only"},
    "secured": "AAAAAAAAAAAAAAAAAAAAAA==;AAAAAAAAAAAAAAAAAAAAAA==",
    "withdrawn": False,
}
LONE = Json(r'"half \ud83d of a pair"')
HUGE = Json("9" * 5_000)
NOT_STRINGS: list[tuple[str, Any]] = [
    ("a number", 7),
    ("an infinite number", Json("1e999")),
    ("an integer of 5,000 digits", HUGE),
    ("a boolean", True),
    ("a list", ["x"]),
    ("an object", {"x": "y"}),
    ("a lone surrogate", LONE),
]


def text(value: Any) -> str:
    """`value` as compact JSON text, without members that are `ABSENT`."""
    if isinstance(value, Json):
        return value
    if isinstance(value, dict):
        members = (f"{json.dumps(k)}:{text(v)}" for k, v in value.items() if v is not ABSENT)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    return json.dumps(value)


def record(base: dict[str, Any] = GOOD, /, **changes: Any) -> bytes:
    """`base` with changed fields, as JSON bytes."""
    return text(base | changes).encode()


def nested(depth: int, opening: str = "[", closing: str = "]") -> Json:
    """`depth` nested containers, the innermost empty: `{"a":{"a":{}}}` is three deep."""
    body = "{}" if opening != "[" else "[]"
    return Json(opening * (depth - 1) + body + closing * (depth - 1))
