"""Topics: those that the event names, those whose keywords are in the text, and their parents.

Keywords match whole words, with case and accents folded, in one pass over the text. Precision has
priority over recall: a short keyword counts only if another keyword of its topic is in the text.
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
"""A keyword of one word with at most this many letters (`rail`, `AI`) is ambiguous."""

_HASHTAG = re.compile(r"[#＃](\w+)")


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """A topic of the catalogue: its name, and the words that indicate it.

    One of `keywords`, `phrases` or `hashtags` (without `#`) suffices, but a short keyword needs
    another keyword of the topic. `parent` is the name of the topic that this one implies.
    """

    name: str
    keywords: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    parent: str | None = None


class _Indication(NamedTuple):
    """The topic that a phrase indicates, and whether this phrase alone suffices."""

    name: str
    suffices: bool


class TopicIndex:
    """The catalogue's topics, in one automaton that searches a text for all of them at once."""

    def __init__(self, entries: Iterable[TopicEntry]) -> None:
        indications: dict[str, list[_Indication]] = {}
        self._hashtags: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        for entry in entries:
            if entry.parent is not None:
                self._parents[entry.name] = entry.parent
            phrases = [(keyword, not is_short(keyword)) for keyword in entry.keywords]
            phrases += [(phrase, True) for phrase in entry.phrases]
            for phrase, suffices in phrases:
                indication = _Indication(entry.name, suffices)
                indications.setdefault(_pattern(words(phrase)), []).append(indication)
            for hashtag in entry.hashtags:
                self._hashtags.setdefault(_fold(hashtag), []).append(entry.name)
        indications.pop(_pattern([]), None)
        self._indications = list(indications.values())
        self._automaton = AhoCorasick(list(indications))

    def match(self, tokens: Sequence[str], given: Sequence[str], text: str = "") -> list[str]:
        """The topics `given`, those found in the order of the text, and their parents; at most 20.

        `tokens` are the words of the text; `text` is searched for hashtags only, after the words.
        Each topic is listed once. The time does not depend on the size of the catalogue.
        """
        names = dict.fromkeys(given)
        first_found: dict[str, int] = {}
        for at, _, _ in self._automaton.find_matches_as_indexes(_pattern(tokens), overlapping=True):
            for name, suffices in self._indications[at]:
                if suffices or first_found.setdefault(name, at) != at:
                    self._add(names, name)
        if "#" in text or "＃" in text:  # faster than the pattern alone
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
    """Whether a keyword is too short to suffice: one word of at most 4 letters that have case."""
    return (
        len(keyword) <= SHORT_LETTERS
        and len(words(keyword)) == 1
        and keyword.upper() != keyword.lower()
    )


def _pattern(tokens: Sequence[str]) -> str:
    # With a space on either side of each word, a keyword cannot match inside a longer word.
    return f" {' '.join(tokens)} "


def _fold(hashtag: str) -> str:
    return "".join(words(hashtag))
