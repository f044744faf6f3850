"""Topics: the event's own first, then those whose keywords stand in the text, then their parents.

Whole words match, case and accents folded, in one pass whatever the number of keywords. Precision
over recall: a short keyword counts only beside another of its topic.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from newsloom.rules.words.text import words

MAX_TOPICS = 20
MAX_PHRASE_WORDS = 8
SHORT_LETTERS = 4
"""A keyword of one word and at most so many letters (`rail`, `AI`) is ambiguous."""

_HASHTAG = re.compile(r"[#＃](\w+)")


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """A topic as the catalogue knows it: its name and what speaks of it.

    One of `keywords`, `phrases` or `hashtags` (without `#`) suffices, except that short keywords
    take two. `parent` is the name of the topic that it implies.
    """

    name: str
    keywords: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    parent: str | None = None


class _Claim(NamedTuple):
    """What finding a phrase says: that a topic is there, if it `suffices`, or may be."""

    name: str
    suffices: bool


class TopicIndex:
    """The catalogue's topics, to be sought in a text all at once."""

    def __init__(self, entries: Iterable[TopicEntry]) -> None:
        claims: dict[str, list[_Claim]] = {}
        self._hashtags: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        for entry in entries:
            if entry.parent is not None:
                self._parents[entry.name] = entry.parent
            for keyword in entry.keywords:
                claims.setdefault(_pattern(words(keyword)), []).append(
                    _Claim(entry.name, not is_short(keyword))
                )
            for phrase in entry.phrases:
                claims.setdefault(_pattern(words(phrase)), []).append(_Claim(entry.name, True))
            for hashtag in entry.hashtags:
                self._hashtags.setdefault(_fold(hashtag), []).append(entry.name)
        claims.pop(_pattern([]), None)
        self._claims = list(claims.values())
        self._automaton = AhoCorasick(list(claims))

    def match(self, tokens: Sequence[str], given: Sequence[str], text: str = "") -> list[str]:
        """`given`, then the topics found in the text's order, each with what it implies behind it.

        `tokens` are the words of `text`, which itself is only searched for hashtags. Each topic
        once, at most 20. The time it takes does not depend on the number of topics.
        """
        names = dict.fromkeys(given)
        maybe: dict[str, int] = {}
        for at, _, _ in self._automaton.find_matches_as_indexes(_pattern(tokens), overlapping=True):
            for name, suffices in self._claims[at]:
                if suffices or maybe.setdefault(name, at) != at:
                    self._add(names, name)
        if "#" in text or "＃" in text:
            for hashtag in _HASHTAG.findall(text):
                for name in self._hashtags.get(_fold(hashtag), ()):
                    self._add(names, name)
        for name in given:
            self._add(names, self._parents.get(name))
        return list(names)[:MAX_TOPICS]

    def _add(self, names: dict[str, None], name: str | None) -> None:
        while name is not None:
            names[name] = None
            name = self._parents.get(name)


def is_short(keyword: str) -> bool:
    """Whether a keyword is too short to tell a topic by itself: one word, in letters with case."""
    return (
        len(keyword) <= SHORT_LETTERS
        and len(words(keyword)) == 1
        and keyword.upper() != keyword.lower()
    )


def _pattern(tokens: Sequence[str]) -> str:
    # A space on either side of each word, so that nothing is found within a longer one.
    return f" {' '.join(tokens)} "


def _fold(hashtag: str) -> str:
    return "".join(words(hashtag))
