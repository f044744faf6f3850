"""Records made by hand, for tests of the verifier: a small lane that is right, and changes of it.

In: ids of one letter, which are also the titles. Out: records with increasing revisions. Times are
in days after the start.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

Made = dict[str, Any]
START = datetime(2026, 3, 2, tzinfo=UTC)


def moment(day: float) -> str:
    """The date-time `day` days after the start."""
    return f"{(START + timedelta(days=day)).isoformat()[:19]}Z"


def tombstone(ident: str) -> Made:
    """A tombstone as on Kafka, without a revision."""
    return {"id": ident, "withdrawn": True}


def item(record: Made, relation: str = "same-story", **changes: Any) -> Made:
    """An article as the record of another article shows it."""
    names = ("id", "title", "publishedDateTime", "webUrl", "provider", "quality")
    return {name: record[name] for name in names} | {
        "relation": relation,
        "similarity": 0.5,
        **changes,
    }


def reference(record: Made) -> Made:
    """An article as the record of its root or of its story shows it."""
    names = ("id", "webUrl", "provider", "publishedDateTime", "title")
    return {name: record[name] for name in names}


class Maker:
    """Makes records; each has the next revision."""

    def __init__(self) -> None:
        self.revision = 0

    def again(self, record: Made, **changes: Any) -> Made:
        """The next publication of a record, with changes; None removes a field."""
        self.revision += 1
        changed = record | changes | {"revision": self.revision}
        return {name: value for name, value in changed.items() if value is not None}

    def article(self, ident: str, story: str, day: float = 0, **changes: Any) -> Made:
        """An article of its own provider with quality 50, published `day` days after the start."""
        record = {
            "id": ident,
            "title": ident,
            "publishedDateTime": moment(day),
            "curatedDateTime": moment(day),
            "webUrl": f"https://{ident}.example",
            "provider": {"name": ident.upper(), "domain": f"{ident}.example"},
            "quality": 50,
            "heat": -1,
            "published": False,
            "storyId": story,
            "locale": "en",
        }
        return self.again(record, **changes)

    def story(self, ident: str, lead: Made, members: list[Made], **changes: Any) -> Made:
        """The record of a story with these members; each has a provider of its own."""
        times = [member["publishedDateTime"] for member in members]
        record = {
            "id": ident,
            "lead": lead["id"],
            "articleCount": len(members),
            "articles": [reference(member) for member in members],
            "providers": [
                member["provider"] | {"articleCount": 1}
                for member in sorted(members, key=lambda member: member["id"])
            ],
            "firstPublishedDateTime": min(times),
            "lastPublishedDateTime": max(times),
            "heat": lead["heat"],
            "locale": lead["locale"],
        }
        return self.again(record, **changes)
