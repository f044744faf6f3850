"""Seal: an event in; the same event without anything private in the plain out.

The first step after decode, so that no later one can publish, keep or log what is private. It
knows no cipher and no key: those are the sealer's.
"""

from typing import Any, NamedTuple, Protocol

from newsloom.pipeline.normalise import identify
from newsloom.records.event import ArticleEvent


class Seal(NamedTuple):
    """A private object as it may be published, and a digest of it that tells nobody what it is.

    Equal objects of one article have equal digests, whichever key sealed them.
    """

    secured: str
    digest: str


class Sealer(Protocol):
    """Whoever holds the keys."""

    def seal(self, private: dict[str, Any], article_id: str) -> Seal:
        """The seal of an article's private object. Equal arguments give an equal seal."""


def seal_private(event: ArticleEvent, sealer: Sealer | None) -> tuple[ArticleEvent, str | None]:
    """The event with its private object sealed in place of any older seal, and that digest.

    Without a sealer what is private is dropped, as if it had never been there.
    """
    if event.private is None:
        return event, None
    if sealer is None:
        return event.model_copy(update={"private": None}), None
    seal = sealer.seal(event.private, identify(event))
    return event.model_copy(update={"private": None, "secured": seal.secured}), seal.digest
