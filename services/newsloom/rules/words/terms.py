"""Terms: a text as a vector of integer weights, the one form in which matter is compared.

A term weighs by how rare it is in its language, from a fixed table, so that a vector depends on
its text alone: a small lane ranks as a full one, and a state is a function of its rows.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from math import isqrt
from operator import mul

from newsloom.rules.words.text import shared_words, strip_dateline

UNIT = 1000
"""The length of a vector; the product of two, over UNIT, is their cosine in thousandths."""

TITLE_COUNT = 2
"""An occurrence in the title counts twice."""
MAX_TERMS = 32
"""The heaviest terms of a text suffice; this bounds the work an article can cause."""

# Inverse document frequencies are 100 * ln(10,000 / (1 + df)), df per 10,000 short news texts.
_UNKNOWN_WEIGHT = 921
_MIN_WEIGHT = 400
_GRAMMAR = 240
"""Single characters as common as this are particles and the like, rarely part of a name."""
_ENDING_WEIGHT = 450
_FIRST_KANA, _LAST_HIRAGANA, _LAST_HAN = "\u3041", "\u309f", "\u9fff"
_MAX_REMEMBERED = 1 << 16
_NUMBER_WEIGHTS = {1: 250, 2: 260, 3: 400, 4: 500}
_LONG_NUMBER_WEIGHT = 690
# 100 * (1 + ln count): repetition counts, but less each time.
_COUNT_FACTORS = (0, 100, 169, 210, 239, 261, 279, 295, 308, 320, 330)

# The tables' names where a language is written as another, or goes by another code.
_SAME_TABLE = {"no": "nb", "nn": "nb", "hr": "sh", "sr": "sh", "bs": "sh", "tl": "fil"}

Vector = Mapping[str, int]


class _Terms(dict[str, "str | None"]):
    """The telling terms of a language: word to the term it counts as, None if it tells little.

    Works out each word once, and remembers as many as a language has in use.
    """

    def __init__(self, weights: dict[str, int]) -> None:
        super().__init__()
        self._common = weights
        self.weights: dict[str, int] = {}

    def __missing__(self, word: str) -> str | None:
        term = term_of(word)
        if term < ":":  # starts with a digit, the characters just before ":"
            weight = _NUMBER_WEIGHTS.get(len(term), _LONG_NUMBER_WEIGHT)
        else:
            weight = self._common.get(term, -1)
            if weight < 0:
                weight = self._rare_weight(term)
        self[word] = found = term if weight >= _MIN_WEIGHT else None
        if found:
            self.weights[term] = weight
        return found

    def _rare_weight(self, term: str) -> int:
        """Of what is not in the table. Some of the pairs of kana and Han are not words, but the
        seam between a word and its ending, or between a word and one of grammar.
        """
        if len(term) != 2 or not _FIRST_KANA <= term[0] <= _LAST_HAN:
            return _UNKNOWN_WEIGHT
        if min(self._common.get(character, _UNKNOWN_WEIGHT) for character in term) <= _GRAMMAR:
            return 0
        return _ENDING_WEIGHT if min(term) <= _LAST_HIRAGANA else _UNKNOWN_WEIGHT

    def forget(self) -> None:
        """Starts anew once more words came than any language has in use."""
        if len(self) > _MAX_REMEMBERED:
            self.clear()
            self.weights.clear()


@cache
def _terms_of_language(language: str) -> _Terms:
    """The terms of a language; the English ones where there is no table.

    A text too short to tell its language is mostly a headline in English, and a table of another
    language does no harm where no word of it occurs.
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
    return _Terms(weights)


def is_common(word: str) -> bool:
    """Whether a word (folded) is one of the common ones of English news, and so tells little."""
    return word in _terms_of_language("en")._common


def term_of(word: str) -> str:
    """The term a word counts as: English-like plurals count as their singular."""
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "su" and word.isascii():
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word


def vectorise(title: str, excerpt: str, language: str) -> dict[str, int]:
    """Term weights of a text, scaled to a vector of length UNIT (rounded down).

    `title` should be the comparison form; its terms come first. Empty when the text holds no
    telling word. Weights are TF-IDF with a sublinear count (Manning, Raghavan & Schuetze 2008,
    6.4.1).
    """
    terms = _terms_of_language(language)
    terms.forget()
    counts: dict[str, int] = {}
    for words, step in (
        (shared_words(title), TITLE_COUNT),
        (shared_words(strip_dateline(excerpt)), 1),
    ):
        for term in filter(None, map(terms.__getitem__, words)):
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


def count_title_terms(title: str, vector: Vector) -> int:
    """How many terms of a text's vector, the first ones, stand in its title (comparison form)."""
    return len({term for term in map(term_of, shared_words(title)) if term in vector})


def dot_product(a: Vector, b: Vector) -> int:
    """The sum over shared terms of the products of their weights."""
    return sum([a[term] * b[term] for term in a.keys() & b.keys()])


def square_of(vector: Vector) -> int:
    """The squared length of a vector: its product with itself."""
    return sum(map(mul, vector.values(), vector.values()))


def add_to(total: dict[str, int], vector: Vector) -> None:
    """Adds a vector to a sum of others."""
    held = {term: total[term] + vector[term] for term in total.keys() & vector.keys()}
    total.update(vector)
    total.update(held)
