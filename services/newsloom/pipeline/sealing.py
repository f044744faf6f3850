"""Seal: an event in; the same event with its private object encrypted, or without it, out.

This step follows decode directly, so that no later step can publish, store or log private data. The
sealer knows the cipher and the keys; this module does not.
"""

from typing import Any, NamedTuple, Protocol

from newsloom.pipeline.normalise import identify
from newsloom.records.event import ArticleEvent


class Seal(NamedTuple):
    """The encrypted form of a private object, and a keyed digest of it.

    Equal objects of one article have equal digests under all keys.
    """

    secured: str
    digest: str


class Sealer(Protocol):
    """Encrypts private objects."""

    def seal(self, private: dict[str, Any], article_id: str) -> Seal:
        """The seal of an article's private object. Equal arguments give an equal seal."""


def seal_private(event: ArticleEvent, sealer: Sealer | None) -> tuple[ArticleEvent, str | None]:
    """The event with its private object sealed, or dropped without a sealer; and the digest.

    The new seal replaces an existing one.
    """
    if event.private is None:
        return event, None
    if sealer is None:
        return event.model_copy(update={"private": None}), None
    seal = sealer.seal(event.private, identify(event))
    return event.model_copy(update={"private": None, "secured": seal.secured}), seal.digest
