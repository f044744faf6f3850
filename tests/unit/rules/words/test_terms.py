"""Term vectors: whole-number weights that depend only on the words of a text."""

from itertools import islice
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.words.terms import (
    _MAX_CACHED,
    MAX_TERMS,
    UNIT,
    _Terms,
    add_to,
    count_title_terms,
    counted_language,
    dot_product,
    square_of,
    term_of,
    vectorise,
)
from newsloom.rules.words.text import words

TITLE = "Ferry Selkie runs aground off Northfield pier"
EXCERPT = (
    "OSLO (Reuters) - The car ferry struck the disused coal pier on Monday with 312 passengers "
    "aboard; divers found a gash of nine metres below the vehicle deck ..."
)
NORWEGIAN = (
    "Regjeringen legger frem nytt statsbudsjett",
    "Finansministeren sa at det er en stor dag for landet, og at de vil bruke mer på skole.",
)


def _cosine(a: dict[str, int], b: dict[str, int]) -> int:
    return dot_product(a, b) // UNIT


TERMS = [
    ("a plural", "ferries", "ferry"),
    ("a plain plural", "pilots", "pilot"),
    ("a singular", "ferry", "ferry"),
    ("too short to remove an ending", "gas", "gas"),
    ("four letters", "cars", "car"),
    ("a plural on -ies, too short to fold", "ties", "tie"),
    ("ends in -ss", "glass", "glass"),
    ("ends in -us", "virus", "virus"),
    ("not English letters", "cafés", "cafés"),
    ("another script", "паромы", "паромы"),
    ("a number", "1987", "1987"),
]


@pytest.mark.parametrize(("reason", "word", "term"), TERMS, ids=[row[0] for row in TERMS])
def test_the_term_of_a_word(reason: str, word: str, term: str) -> None:
    assert term_of(word, "en") == term, reason


INFLECTED = [
    ("cases of a noun", "ru", "паром парома парому паромом пароме паромы паромов паромами"),
    ("cases of a name", "ru", "селкирк селкирка селкирке селкирком"),
    ("forms of an adjective", "uk", "старого старий старим старому"),
    ("cases of a name", "cs", "skarra skarre skarrou skarru"),
    ("cases of a noun", "sl", "kosarkarja kosarkarjev kosarkarji kosarkarjem"),
    ("cases of a noun", "pl", "burmistrz burmistrza burmistrzem burmistrzu"),
    ("cases of a noun", "lt", "keltas keltai keltui keltams"),
    ("cases of a name", "el", "σελκιος σελκιου σελκιον"),
    ("article and number", "ar", "العبارة عبارات والعبارات عبارة"),
    ("several endings", "fi", "lauttayhtio lauttayhtiossa lauttayhtioiden"),
]


@pytest.mark.parametrize(
    ("reason", "language", "forms"), INFLECTED, ids=[f"{r[1]}, {r[0]}" for r in INFLECTED]
)
def test_the_forms_of_a_word_are_one_term(reason: str, language: str, forms: str) -> None:
    assert len({term_of(form, language) for form in forms.split()}) == 1, reason


APART = [
    ("no endings are removed", "de", "fähre", "fähren"),
    ("short words", "pl", "prom", "pras"),
    ("numbers", "ru", "12734", "12799"),
    ("a number with letters", "ru", "7а", "7б"),
    ("other words", "ru", "паром", "парад"),
]


@pytest.mark.parametrize(
    ("reason", "language", "one", "other"), APART, ids=[row[0] for row in APART]
)
def test_other_words_stay_apart(reason: str, language: str, one: str, other: str) -> None:
    assert term_of(one, language) != term_of(other, language), reason


def test_common_words_are_left_out() -> None:
    assert vectorise("The ferry and the pier", "", "en").keys() == {"ferry", "pier"}


def test_rare_words_weigh_more() -> None:
    vector = vectorise("Selkie ferry budget", "", "en")
    assert vector["selkie"] > vector["ferry"] > vector["budget"]


def test_a_word_in_the_title_counts_twice() -> None:
    in_title = vectorise("Selkie", "Wrenfield", "en")
    assert in_title["selkie"] > in_title["wrenfield"]
    assert in_title == vectorise("", "Selkie Wrenfield Selkie", "en")


def test_each_repetition_adds_less_weight() -> None:
    shares = [vectorise("", "Selkie " * n + "Wrenfield", "en")["selkie"] for n in (1, 2, 3, 20)]
    assert shares == sorted(set(shares)), "more repetitions weigh more"
    assert shares[1] - shares[0] > shares[2] - shares[1]
    assert vectorise("", "Selkie " * 500 + "Wrenfield", "en")["selkie"] == shares[-1]


def test_a_plural_is_the_same_term() -> None:
    assert vectorise("Pilots board ferries", "", "en") == vectorise("Pilot boards ferry", "", "en")


def test_case_accents_and_quotes_are_ignored() -> None:
    assert vectorise("Café’s PIER", "", "fr") == vectorise("cafe's pier", "", "fr")


def test_a_dateline_and_the_mark_of_a_cut_are_ignored() -> None:
    bare = EXCERPT.removeprefix("OSLO (Reuters) - ").removesuffix(" ...")
    assert vectorise(TITLE, EXCERPT, "en") == vectorise(TITLE, bare, "en")


NUMBERS = [
    ("one or two digits are not a term", "5 12", set()),
    ("three digits are a term", "312", {"312"}),
    ("a year is a term", "2026", {"2026"}),
    ("a sum of money is one number", "31,250", {"31250"}),
    ("a decimal is one number", "4.75", {"4.75"}),
]


@pytest.mark.parametrize(("reason", "text", "terms"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_the_terms_of_numbers(reason: str, text: str, terms: set[str]) -> None:
    assert vectorise(text, "", "en").keys() == terms, reason


def test_a_long_number_weighs_more_than_a_short_one() -> None:
    vector = vectorise("312 2026 48,151", "", "en")
    assert vector["48151"] > vector["2026"] > vector["312"]


SCRIPTS = [
    ("Japanese, in pairs, without the particle", "東京で地震", "ja", {"東京", "地震"}),
    ("Chinese, in pairs, without the particle", "北田的老桥", "zh", {"北田", "老桥"}),
    ("Korean has spaces, and its words stay whole", "이란 의회", "ko", {"이란", "의회"}),
    ("Russian", "Паром сел на мель", "ru", {"паром", "сел", "мель"}),
    ("Arabic", "عبارة سيلكي تجنح", "ar", {"عبار", "سيلك", "تجنح"}),
    ("Greek, accents folded", "Πλοίο Σέλκι", "el", {"πλοι", "σελκ"}),
]


@pytest.mark.parametrize(("reason", "text", "code", "terms"), SCRIPTS, ids=[r[0] for r in SCRIPTS])
def test_the_terms_of_a_script(reason: str, text: str, code: str, terms: set[str]) -> None:
    assert vectorise(text, "", code).keys() == terms, reason


def test_a_pair_of_kana_that_may_be_an_ending_weighs_less_than_a_word() -> None:
    vector = vectorise("揺らぐ石橋", "", "ja")
    assert vector["石橋"] > vector["ぐ石"] > 0


EMPTY = [
    ("no text", "", "", "en"),
    ("only punctuation", "?! ...", "--", "en"),
    ("only common words", "the of and", "it is", "en"),
    ("only emoji", "\U0001f6a2\U0001f6a2", "", "en"),
    ("no text of an unknown language", "", "", "xx"),
]


@pytest.mark.parametrize(("reason", "title", "excerpt", "code"), EMPTY, ids=[r[0] for r in EMPTY])
def test_a_text_without_terms_has_an_empty_vector(
    reason: str, title: str, excerpt: str, code: str
) -> None:
    assert vectorise(title, excerpt, code) == {}, reason


@pytest.mark.parametrize(
    "code", ["xx", "und", "tlh", "", "..", "../sv", "sv/..", "sv\0", "swedish"]
)
def test_a_language_without_a_table_uses_the_english_table(code: str) -> None:
    assert vectorise(TITLE, EXCERPT, code) == vectorise(TITLE, EXCERPT, "en")


def test_common_words_do_not_make_texts_similar_in_a_language_with_a_table() -> None:
    other = (
        "Brann i fabrikk utenfor Bergen",
        "Brannvesenet sa at det var en stor brann på stedet.",
    )
    assert _cosine(vectorise(*NORWEGIAN, "nb"), vectorise(*other, "nb")) < 100


def test_a_vector_keeps_the_heaviest_terms_up_to_the_limit() -> None:
    rare = " ".join(f"selkie{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(MAX_TERMS - 1))
    common = "week year month people government company market report city water"
    vector = vectorise("Wrenfield", f"{common} {rare}", "en")
    assert len(vector) == MAX_TERMS
    assert "wrenfield" in vector
    assert not vector.keys() & set(common.split())


WORDS = st.sampled_from(
    ["ferry", "ferries", "Selkie", "pier", "312", "2026", "week", "the", "U.S.", "港の橋", "мель"]
    + [f"rare{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(80)]
)
TEXTS = st.lists(WORDS, max_size=90)
CODES = st.sampled_from(["en", "ru", "ja", "xx"])


@given(TEXTS, TEXTS, CODES)
def test_a_vector_has_whole_numbers_and_a_length_of_about_one_unit(
    title: list[str], excerpt: list[str], code: str
) -> None:
    vector = vectorise(" ".join(title), " ".join(excerpt), code)
    assert all(type(weight) is int and 0 < weight <= UNIT for weight in vector.values())
    assert len(vector) <= MAX_TERMS
    length = isqrt(sum(weight * weight for weight in vector.values()))
    # Rounding down lowers each weight by less than 1, so the length by less than the root of the
    # number of terms.
    assert not vector or UNIT - isqrt(MAX_TERMS) - 2 <= length <= UNIT


@given(TEXTS, TEXTS, CODES)
def test_terms_of_the_title_come_first(title: list[str], excerpt: list[str], code: str) -> None:
    heading = " ".join(title)
    vector = vectorise(heading, ". ".join(excerpt), code)
    count = count_title_terms(heading, vector, code)
    terms = {term_of(word, counted_language(code)) for word in words(heading)}
    assert set(islice(vector, count)) == vector.keys() & terms


def test_terms_of_the_title_come_first_in_a_long_text() -> None:
    excerpt = " ".join(f"rare{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(80))
    vector = vectorise("Wrenfield Selkie ferry", excerpt, "en")
    assert len(vector) == MAX_TERMS
    assert list(vector)[:3] == ["wrenfield", "selkie", "ferry"]


@given(st.data(), TEXTS, CODES)
def test_the_order_of_words_does_not_change_the_vector(
    data: st.DataObject, text: list[str], code: str
) -> None:
    shuffled = data.draw(st.permutations(text))
    expected = vectorise("Selkie", ". ".join(text), code)
    assert vectorise("Selkie", ". ".join(shuffled), code) == expected


@given(TEXTS, TEXTS)
def test_the_cosine_is_symmetric_and_at_most_one_unit(a: list[str], b: list[str]) -> None:
    one, other = vectorise(" ".join(a), "", "en"), vectorise("", " ".join(b), "en")
    assert _cosine(one, other) == _cosine(other, one)
    assert 0 <= _cosine(one, other) <= UNIT


def test_the_dot_product_of_known_vectors() -> None:
    assert dot_product({"a": 3, "b": 4}, {"b": 5, "c": 6, "d": 7}) == 20
    assert dot_product({}, {"a": 1}) == 0


COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9))


@given(COUNTS, COUNTS)
def test_the_dot_product_with_a_sum_is_the_sum_of_the_dot_products(
    a: dict[str, int], b: dict[str, int]
) -> None:
    total = dict(a)
    add_to(total, b)
    assert total.keys() == a.keys() | b.keys()
    assert square_of(total) == square_of(a) + 2 * dot_product(a, b) + square_of(b)
    assert dot_product(total, a) == square_of(a) + dot_product(b, a)


def test_the_cached_words_of_all_languages_are_bounded() -> None:
    languages = ["en", "fr", "de", "ru"]
    for number in range(2 * _MAX_CACHED // (4 * 2_000)):
        words = " ".join(f"{number:x}x{word:x}" + "a" * 1_940 for word in range(4))
        for language in languages:
            vectorise("", words, language)
            assert _Terms.cached <= _MAX_CACHED + 9_000
