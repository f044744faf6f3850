"""Terms: a text as a vector of integer term weights, the form in which texts are compared.

In: a title, an excerpt and a language. Out: a term vector. The weight of a term is its rarity in
the language, from a fixed table: this vector depends only on its text. `lane_weights` then corrects
it by what the lane's articles hold.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from math import isqrt
from operator import mul
from typing import ClassVar

from newsloom.rules.words.endings import INFLECTED, without_ending
from newsloom.rules.words.text import shared_words, strip_dateline

UNIT = 1000
"""The length of a vector. The dot product of two, over UNIT, is their cosine in thousandths."""

TITLE_COUNT = 2
"""How many times an occurrence in the title counts."""
MAX_TERMS = 32
"""Only this many terms, those of greatest weight, are kept: it bounds the work per article."""

# Weights are inverse document frequencies: 100 * ln(10,000 / (1 + df)), where df is the number of
# documents with the term per 10,000 short news texts.
_UNKNOWN_WEIGHT = 921
_MIN_WEIGHT = 400
"""Terms of a lower weight are left out."""
_GRAMMAR = 240
"""A character with at most this weight is a particle or similar, and rarely part of a name."""
_ENDING_WEIGHT = 450
"""The weight of an unknown pair with a hiragana character: it may hold a grammatical ending."""
_FIRST_KANA, _LAST_HIRAGANA, _LAST_HAN = "\u3041", "\u309f", "\u9fff"
_WORD_COST = 64
_MAX_CACHED = 1 << 23
"""The bound on the cached words of all languages together: their characters and 64 for each word.
It is 116,000 words of 8 characters, which take about 25 MB; no words take more than 50 MB."""
_NUMBER_WEIGHTS = {1: 250, 2: 260, 3: 400, 4: 500}
_LONG_NUMBER_WEIGHT = 690
# 100 * (1 + ln count): each repetition counts less than the one before.
_COUNT_FACTORS = (0, 100, 169, 210, 239, 261, 279, 295, 308, 320, 330)

# Languages that use the table of another language or of another code.
_SAME_TABLE = {"no": "nb", "nn": "nb", "hr": "sh", "sr": "sh", "bs": "sh", "tl": "fil"}

Vector = Mapping[str, int]


class _Terms(dict[str, "str | None"]):
    """The terms of a language by word; None for a word of too little weight.

    Each word is computed once and cached. `weights` are the weights of the cached terms.
    """

    cached: ClassVar[int] = 0
    """What the words of all languages cost, by `_WORD_COST`."""

    def __init__(self, language: str, weights: dict[str, int]) -> None:
        super().__init__()
        self._language = language
        self._common = weights
        self.weights: dict[str, int] = {}

    def __missing__(self, word: str) -> str | None:
        term = term_of(word, self._language)
        weight = self.weight(term)
        self[word] = found = term if weight >= _MIN_WEIGHT else None
        _Terms.cached += _WORD_COST + len(word)
        if found:
            self.weights[term] = weight
        return found

    def weight(self, term: str) -> int:
        """The weight of a term, in the table or not."""
        if term < ":":  # It starts with a digit: ":" is the character after "9".
            return _NUMBER_WEIGHTS.get(len(term), _LONG_NUMBER_WEIGHT)
        weight = self._common.get(term, -1)
        return weight if weight >= 0 else self._rare_weight(term)

    def _rare_weight(self, term: str) -> int:
        """The weight of a term that is not in the table.

        A pair of kana or Han characters may contain an ending or a particle: it gets less or none.
        """
        if len(term) != 2 or not _FIRST_KANA <= term[0] <= _LAST_HAN:
            return _UNKNOWN_WEIGHT
        if min(self._common.get(character, _UNKNOWN_WEIGHT) for character in term) <= _GRAMMAR:
            return 0
        return _ENDING_WEIGHT if min(term) <= _LAST_HIRAGANA else _UNKNOWN_WEIGHT


_TERMS: dict[str, _Terms] = {}
"""Those of the languages with a table, by the table's name."""


def _limit_cache() -> None:
    """Empties the caches of all languages if they have reached the bound."""
    if _Terms.cached > _MAX_CACHED:
        for terms in _TERMS.values():
            terms.clear()
            terms.weights.clear()
        _Terms.cached = 0


@cache
def _terms_of_language(language: str) -> _Terms:
    """The terms of a language, with the English table if the language has none.

    A text too short for detection is usually an English headline. The English table does not
    affect words that are not in it.
    """
    name = _SAME_TABLE.get(language, language)
    table = resources.files("newsloom.catalogue") / "word_weights" / f"{name}.txt"
    if not language.isalpha() or not table.is_file():
        return _terms_of_language("en")
    weights = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        weight, _, common = line.partition("\t")
        if weight.isdigit():
            weights.update(dict.fromkeys(common.split(" "), int(weight)))
    return _TERMS.setdefault(name, _Terms(name, weights))


def table_weights(terms: Iterable[str], language: str) -> list[int]:
    """The weight of each term in the table of a language."""
    return list(map(_terms_of_language(language).weight, terms))


def counted_language(language: str) -> str:
    """The language whose texts a lane counts together with those of `language`.

    Languages of one group with one table, such as Croatian and Serbian, are one. A text of no known
    language counts as English.
    """
    return "en" if language == "und" else _SAME_TABLE.get(language, language)


def is_common(word: str) -> bool:
    """Whether a folded word is common in English news, that is, in the English table."""
    return word in _terms_of_language("en")._common


def term_of(word: str, language: str) -> str:
    """The term of a folded word in a language, or in the one whose table is used for it.

    An inflected language loses its endings (see `endings`). In all others an English plural ending
    is removed (`ferries` → `ferry`).
    """
    if language in INFLECTED:
        return without_ending(word, language)
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "su" and word.isascii():
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word


def vectorise(title: str, excerpt: str, language: str) -> dict[str, int]:
    """The term vector of a text: at most 32 terms, scaled to length UNIT, weights rounded down.

    `title` is the title without the outlet's name; its terms come first. The vector is empty if no
    word has enough weight. Weights are TF-IDF with sublinear term frequency (Manning, Raghavan &
    Schuetze 2008, 6.4.1).
    """
    _limit_cache()
    terms = _terms_of_language(language)
    counts: dict[str, int] = {}
    for text, step in ((title, TITLE_COUNT), (strip_dateline(excerpt), 1)):
        for term in filter(None, map(terms.__getitem__, shared_words(text))):
            counts[term] = counts.get(term, 0) + step
    weights, last = terms.weights, len(_COUNT_FACTORS) - 1
    raw = {
        term: weights[term] * _COUNT_FACTORS[count if count < last else last]
        for term, count in counts.items()
    }
    if len(raw) > MAX_TERMS:
        heaviest = {term for _, term in sorted((-raw[term], term) for term in raw)[:MAX_TERMS]}
        raw = {term: weight for term, weight in raw.items() if term in heaviest}
    length = isqrt(square_of(raw)) or 1
    return {term: scaled for term, weight in raw.items() if (scaled := weight * UNIT // length)}


def count_title_terms(title: str, vector: Vector, language: str) -> int:
    """The number of a vector's terms, the first ones, that are in the title of `vectorise`."""
    terms = _terms_of_language(language)
    return len({term for term in map(terms.__getitem__, shared_words(title)) if term in vector})


def dot_product(a: Vector, b: Vector) -> int:
    """The dot product of two vectors."""
    return sum([a[term] * b[term] for term in a.keys() & b.keys()])


def square_of(vector: Vector) -> int:
    """The squared length of a vector."""
    return sum(map(mul, vector.values(), vector.values()))


def add_to(total: dict[str, int], vector: Vector) -> None:
    """Adds a vector to a sum of vectors, in place."""
    shared = {term: total[term] + vector[term] for term in total.keys() & vector.keys()}
    total.update(vector)
    total.update(shared)
