"""Languages: the standard form of tags, and the detection of a text's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.words.language import (
    MIN_LETTERS,
    UNDETERMINED,
    detect_language,
    format_locale,
    is_locale,
    primary_language,
)

# Letter case by RFC 5646, section 2.1.1. Tags marked "of the RFC" are examples of that section.
FORMS = [
    ("a language", "EN", "en"),
    ("a region", "en-us", "en-US"),
    ("an underscore for the hyphen", "pt_br", "pt-BR"),
    ("a script", "ZH-HANT", "zh-Hant"),
    ("a script and a region", "zh-hant-tw", "zh-Hant-TW"),
    ("a region by number", "es-419", "es-419"),
    ("three letters", "FIL-ph", "fil-PH"),
    ("a variant", "sl-NEDIS", "sl-nedis"),
    ("a variant of four that begins with a digit", "DE-1994", "de-1994"),
    ("region and variant", "ca-es-VALENCIA", "ca-ES-valencia"),
    ("an extended language", "zh-CMN-hans-cn", "zh-cmn-Hans-CN"),
    ("lower case after a singleton", "en-CA-X-CA", "en-CA-x-ca"),  # of the RFC
    ("lower case up to the end", "EN-ca-x-CA-Latn-US", "en-CA-x-ca-latn-us"),
    ("a script and a private part", "AZ-latn-X-Latn", "az-Latn-x-latn"),  # of the RFC
    ("an extension", "DE-DE-U-CO-PHONEBK", "de-DE-u-co-phonebk"),
    ("undetermined", "UND", "und"),
]
TAGS = [(reason, tag, True) for reason, tag, _ in FORMS] + [
    ("nothing", "", False),
    ("one letter", "e", False),
    ("a language by its name", "english", False),
    ("digits", "12", False),
    ("an empty part", "en--US", False),
    ("a hyphen at the end", "en-", False),
    ("a part of nine", "en-abcdefghi", False),
    ("too many parts", "en-a-b-c-d-e-f", False),
    ("space", "en US", False),
    ("a line end after", "en\n", False),
    ("a POSIX locale with a charset", "en_US.UTF-8", False),
    ("letters of another script", "ен", False),
    ("a path", "../en", False),
]
WRITTEN = {
    "en": "The harbour master said on Tuesday that the ferry would not sail again this week.",
    "de": "Der Hafenmeister sagte, die Fähre werde vor Ende der Woche nicht wieder auslaufen.",
    "fr": "Le capitaine du port a déclaré que le ferry ne reprendrait pas la mer cette semaine.",
    "es": "El capitán del puerto dijo el martes que el transbordador no volverá a zarpar.",
    "it": "Il comandante del porto ha detto martedì che il traghetto non ripartirà più.",
    "pt": "O capitão do porto disse na terça-feira que a balsa não voltará a navegar.",
    "nl": "De havenmeester zei dinsdag dat de veerboot deze week niet meer zal uitvaren.",
    "sv": "Hamnkaptenen sade på tisdagen att färjan inte kommer att gå igen förrän på söndag.",
    "pl": "Kapitan portu powiedział we wtorek, że prom nie wypłynie przed końcem tygodnia.",
    "ru": "Капитан порта сообщил во вторник, что паром не выйдет в море до конца недели.",
    "uk": "Капітан порту повідомив у вівторок, що пором не вийде в море до кінця тижня.",
    "el": "Ο λιμενάρχης δήλωσε την Τρίτη ότι το πλοίο δεν θα αποπλεύσει ξανά σύντομα.",
    "tr": "Liman başkanı salı günü yaptığı açıklamada feribotun sefere çıkmayacağını söyledi.",
    "he": "מנהל הנמל אמר ביום שלישי כי המעבורת לא תפליג שוב לפני סוף השבוע.",
    "ja": "港長は火曜日、フェリーは週末まで再び出航しないと述べた。",
    "zh": "港务局局长星期二表示，这艘渡轮在本周末之前不会再次启航，乘客可以改乘巴士。",
    "ko": "항만장은 화요일에 여객선이 이번 주말 전에는 다시 출항하지 않을 것이라고 말했다.",
}
UNDETECTED = [
    ("nothing", ""),
    ("too few letters", "Ferry runs aground"),
    ("too few characters of Chinese", "港口大桥重新"),
    ("figures", "12,345 67,890 24.5 % 312 2026 48,151 8.25 99"),
    ("punctuation", "?!?! ... --- ((( ))) *** ///"),
    ("only names", "Selkie Northfield Skarra Wrenfield"),
    ("a URL", "https://ledger.example/a/b/c/d/e/f"),
    ("half English, half German", f"{WRITTEN['en']} {WRITTEN['de']}"),
    ("three languages", "The harbour master said so. Le capitaine l'a dit. Der Hafenmeister auch."),
]


@pytest.mark.parametrize(("reason", "tag", "form"), FORMS, ids=[row[0] for row in FORMS])
def test_the_standard_form_of_a_tag(reason: str, tag: str, form: str) -> None:
    assert format_locale(tag) == form, reason


@pytest.mark.parametrize(("reason", "tag", "expected"), TAGS, ids=[row[0] for row in TAGS])
def test_whether_a_text_is_a_tag(reason: str, tag: str, expected: bool) -> None:
    assert is_locale(tag) is expected, reason


@given(st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,5}", fullmatch=True))
def test_the_standard_form_ignores_case_and_is_itself_a_tag(tag: str) -> None:
    form = format_locale(tag)
    assert form == format_locale(tag.upper()) == format_locale(tag.lower()) == format_locale(form)
    assert is_locale(tag)
    assert is_locale(form)


def test_the_primary_language_of_a_tag() -> None:
    assert [primary_language(tag) for tag in ("en-GB", "zh-Hant-TW", "und")] == ["en", "zh", "und"]


@pytest.mark.parametrize("code", WRITTEN)
def test_the_language_of_a_sentence_is_detected(code: str) -> None:
    assert detect_language(WRITTEN[code]) == code


@pytest.mark.parametrize(("reason", "text"), UNDETECTED, ids=[row[0] for row in UNDETECTED])
def test_the_language_of_an_unclear_text_is_undetermined(reason: str, text: str) -> None:
    assert detect_language(text) == UNDETERMINED, reason


def test_the_least_number_of_letters_is_enough() -> None:
    text = "der die das und nicht mit"
    assert sum(map(str.isalpha, text)) == MIN_LETTERS
    assert detect_language(text) == "de"
    assert detect_language(text[:-1]) == UNDETERMINED
