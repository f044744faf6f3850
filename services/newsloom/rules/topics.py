"""Topics: the event's own first, then those whose keywords stand in the text.

Phrases match whole words, case and accents folded, longest four words. Precision over recall.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsloom.rules.text import words

MAX_TOPICS = 20
MAX_PHRASE_WORDS = 4

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """A topic as the catalogue knows it: its name and the phrases that speak of it."""

    name: str
    keywords: tuple[str, ...]


class TopicIndex:
    """The catalogue's keywords by their folded words, to be sought in one pass over a text."""

    def __init__(self, entries: Iterable[TopicEntry]) -> None:
        self._names: dict[Phrase, tuple[str, ...]] = {}
        for entry in entries:
            for keyword in entry.keywords:
                phrase = tuple(words(keyword))[:MAX_PHRASE_WORDS]
                self._names[phrase] = (*self._names.get(phrase, ()), entry.name)
        self._first_words = frozenset(phrase[0] for phrase in self._names if phrase)

    def match(self, tokens: Sequence[str], given: Sequence[str]) -> list[str]:
        """`given`, then the topics whose phrases stand in `tokens`; each once, at most 20."""
        found = dict.fromkeys(given)
        for start in [i for i, token in enumerate(tokens) if token in self._first_words]:
            for end in range(start + 1, min(start + MAX_PHRASE_WORDS, len(tokens)) + 1):
                found.update(dict.fromkeys(self._names.get(tuple(tokens[start:end]), ())))
        return list(found)[:MAX_TOPICS]
