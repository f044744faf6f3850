"""Endings: the words of an inflected language without the endings of case, number and gender.

In: a folded word and a language. Out: its stem, so that a name is one term in all its cases
(`полуфинал`, `полуфинале`; `kosarkarji`, `kosarkarjev`).

The rules are few and light: one pattern for all languages of a kind, no dictionary, no suffixes
that make new words (Savoy 2006 on light stemming; Larkey, Ballesteros and Connell 2002 on Arabic).
They are applied to words and to the table of word weights alike, so a stem weighs what all its
words weigh together. A stem contains no digit.
"""

import re

_CYRILLIC = re.compile(r"^(\D{4,}?)[аеиоуыэюяіїє]*(?:[аеиоуыэюяіїє](?:м|х|в|й|ми|го|му|ма)?|[ьй])$")
_SLAVIC = re.compile(r"^(\D{4,}?)[aeiouy]*(?:[aeiouy](?:m|h|ch|v|j|w|mi|ma|ga|go|mu)?|j)$")
_BALTIC = re.compile(r"^(\D{4,}?)[aeiouy]+(?:s|m|ms|j)?$")
_GREEK = re.compile(r"^(\D{4,}?)[αεηιουω]+[ςσν]?$")
_ARABIC = re.compile(r"^(?:[وبكف]?ال|لل)?(\D{3,}?)(?:ها|ان|ات|ون|ين|يه|ية|[هةيى])?$")
_AGGLUTINATIVE = re.compile(r"^(\D{6}).+$")
"""Their words may have several endings, one after the other."""

_PATTERNS = {
    "ar": _ARABIC,
    "el": _GREEK,
    **dict.fromkeys(("bg", "mk", "ru", "uk"), _CYRILLIC),
    **dict.fromkeys(("cs", "pl", "sh", "sk", "sl"), _SLAVIC),
    **dict.fromkeys(("lt", "lv"), _BALTIC),
    **dict.fromkeys(("fi", "hu", "tr"), _AGGLUTINATIVE),
}

INFLECTED = frozenset(_PATTERNS)
"""The languages with rules, by the name of their table of word weights."""


def without_ending(word: str, language: str) -> str:
    """The stem of a folded word of one of the INFLECTED languages; the word if no ending is found.

    A stem has at least four characters, three in Arabic, and six in an agglutinative language.
    """
    return _PATTERNS[language].sub(r"\1", word)
