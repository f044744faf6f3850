"""Tables of texts and the results of the text rules; each row has its reason."""

import re
import unicodedata

import pytest

from newsloom.rules.words.text import (
    clean_text,
    cut_text,
    strip_dateline,
    title_without_outlet,
    words,
)

CLEAN = [
    ("plain text stays", "Harbour bridge reopens", "Harbour bridge reopens"),
    ("empty stays empty", "", ""),
    ("trimmed", "  Harbour bridge \n", "Harbour bridge"),
    ("two spaces", "Harbour  bridge", "Harbour bridge"),
    (
        "runs of any white space",
        "Harbour\t \r\n\u00a0bridge\u3000open\u2028now",
        "Harbour bridge open now",
    ),
    ("entities named", "Salt &amp; light &mdash; &quot;now&quot;", 'Salt & light — "now"'),
    ("entities numbered", "Harbour&#8217;s &#x201c;bridge&#x201D;", "Harbour’s “bridge”"),
    ("Windows numbers", "Harbour&#146;s", "Harbour’s"),
    ("escaped twice, as feeds do", "Harbour&amp;#39;s", "Harbour's"),
    ("escaped thrice", "Salt &amp;amp;amp; light", "Salt & light"),
    ("ampersands of names", "R&D at AT&T, S&P; Q&A", "R&D at AT&T, S&P; Q&A"),
    ("no entity without its semicolon", "Track&sect and &copy2026", "Track&sect and &copy2026"),
    ("unknown entity", "&harbour; bridge", "&harbour; bridge"),
    ("entity that begins with another", "&notit; bridge", "&notit; bridge"),
    ("30 marks on one letter", "q" + "\u0308" * 30, "q" + "\u0308" * 30),
    (
        "more marks than 30",
        "Bridge q" + "\u0308" * 900 + " open",
        "Bridge q" + "\u0308" * 30 + " open",
    ),
    ("more marks than 30, as entities", "q" + "&#776;" * 900, "q" + "\u0308" * 30),
    ("NUL entity", "Harbour&#0; bridge", "Harbour\ufffd bridge"),
    ("no-break space entity", "Harbour&nbsp;bridge", "Harbour bridge"),
    ("only entities of space", "&nbsp;&#8203;", ""),
    ("inline tags leave no gap", "H<sub>2</sub>O and <em>High</em>er", "H2O and Higher"),
    ("block tags leave a space", "<p>One</p><p>Two</p>x<br/>y", "One Two x y"),
    ("tag with attributes", '<a href="https://a.example/?q=1" class=x>Bridge</a>', "Bridge"),
    ("upper-case tag", "<B>Harbour</B>", "Harbour"),
    ("escaped tag", "&lt;b&gt;Harbour&lt;/b&gt;", "Harbour"),
    ("comment", "Harbour<!-- ad --> bridge", "Harbour bridge"),
    ("comparison", "a < b and c > d, 3<4", "a < b and c > d, 3<4"),
    ("comparison that resembles a tag", "if a <b and c> d", "if a <b and c> d"),
    ("heart", "Harbour <3 bridge", "Harbour <3 bridge"),
    ("placeholder is not a tag", "<Your name here> reopens", "<Your name here> reopens"),
    ("tag cut off", "Harbour <a href=", "Harbour <a href="),
    ("controls", "Har\x00bour\x07 \x7fbridge\x9f", "Harbour bridge"),
    ("zero-widths and soft hyphen", "Har\u200bbour\ufeff bri\u00addge\u2060", "Harbour bridge"),
    ("bidi controls", "\u202eHarbour\u202c \u2066bridge\u2069\u200f", "Harbour bridge"),
    (
        "direction marks beside right-to-left letters",
        "\u200fC++\u200e \u202eשפה\u202c",
        "\u200fC++\u200e שפה",
    ),
    ("an Arabic letter mark between Latin letters", "5\u061c km", "5 km"),
    ("feed markup left in", "<![CDATA[Harbour bridge]]>", "Harbour bridge"),
    ("hidden tag letters", "Harbour\U000e0068\U000e0069 bridge", "Harbour bridge"),
    ("joiners in Latin", "Har\u200cbour bri\u200ddge", "Harbour bridge"),
    ("joiner kept in Persian", "می\u200cشود", "می\u200cشود"),
    ("joiner at the end of a Persian word", "می\u200c شود", "می شود"),
    ("joiner kept in Hindi", "क्\u200dष", "क्\u200dष"),
    ("joiner ends a Malayalam word", "അവന്\u200d വന്നു", "അവന്\u200d വന്നു"),
    ("joined emoji", "\U0001f469\u200d\U0001f680 returns", "\U0001f469\u200d\U0001f680 returns"),
    ("rainbow flag", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\ufe0f\u200d\U0001f308"),
    (
        "flag of Scotland",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f win",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f win",
    ),
    ("NFC", "Cafe\u0301", "Caf\u00e9"),
    ("NFC across what is removed", "Cafe\u200b\u0301", "Caf\u00e9"),
    ("not NFKC", "ﬁve² ½", "ﬁve² ½"),
    ("lone surrogate", "Harbour\ud83d bridge", "Harbour bridge"),
]
CUT = [
    ("fits", "one two three", 13, "one two three"),
    ("after a whole word", "one two three", 12, "one two ..."),
    ("the mark just fits", "one two three four", 13, "one two ..."),
    ("word ends at the limit", "one two three", 11, "one two ..."),
    ("mark not doubled", "one two ... three four five", 20, "one two ..."),
    ("long word cut inside", "a" * 100, 50, "a" * 46 + " ..."),
    ("a space far back is not used", "a " + "b" * 100, 60, "a " + "b" * 54 + " ..."),
    ("no spaces in the script", "港の橋が修理を終えて再開した", 10, "港の橋が修理 ..."),
    ("accent stays with its letter", "x" * 5 + "e\u0301" * 20, 11, "xxxxxe\u0301 ..."),
    ("Hindi vowel stays with its letter", "कि" * 20, 11, "कि" * 3 + " ..."),
    ("joined emoji stay whole", "ab\U0001f469\u200d\U0001f680" + "c" * 9, 8, "ab ..."),
    ("skin tone stays", "ab\U0001f44d\U0001f3fd" + "c" * 9, 7, "ab ..."),
    ("flags stay whole", "\U0001f1f3\U0001f1f4" * 10, 9, "\U0001f1f3\U0001f1f4" * 2 + " ..."),
    ("no space for the mark", "one two", 4, "one"),
    ("no space at all", "one two", 0, ""),
]
OUTLET = ("The Daily Example", "daily.example")
WITHOUT_OUTLET = [
    ("nothing to drop", "Harbour bridge reopens", *OUTLET, "Harbour bridge reopens"),
    *(
        (
            f"suffix after {mark}",
            f"Bridge reopens {mark} The Daily Example",
            *OUTLET,
            "Bridge reopens",
        )
        for mark in ("-", "--", "|", "–", "—", "::")
    ),
    ("case and article differ", "Bridge reopens - DAILY EXAMPLE", *OUTLET, "Bridge reopens"),
    ("spaces differ", "Bridge reopens - DailyExample", *OUTLET, "Bridge reopens"),
    ("the domain", "Bridge reopens | daily.example", *OUTLET, "Bridge reopens"),
    ("the host label", "bridge reopens - daily", *OUTLET, "bridge reopens"),
    (
        "domain with .com",
        "It holds - Harbourpost.com",
        "Harbour Post",
        "harbourpost.example",
        "It holds",
    ),
    ("The within the domain", "It holds - Quay Post", "", "thequaypost.example", "It holds"),
    ("outlet with News", "It holds - Quay News", "Quay", "quay.example", "It holds"),
    ("outlet without News", "It holds - Quay", "Quay News", "q.example", "It holds"),
    ("accents differ", "It holds - Le Cafe", "Le Café", "lecafe.example", "It holds"),
    ("hyphen in the name", "It holds - Sun Times", "Sun-Times", "s.example", "It holds"),
    ("separator in the name", "It holds - KQ - Reno", "KQ - Reno", "kq.example", "It holds"),
    (
        "section and outlet",
        "Bridge reopens today - News | Daily",
        *OUTLET,
        "Bridge reopens today - News",
    ),
    ("twice", "Bridge - Daily Example | The Daily Example", *OUTLET, "Bridge"),
    ("prefix", "Daily Example | Bridge reopens", *OUTLET, "Bridge reopens"),
    ("prefix with a dash", "The Daily Example – Bridge reopens", *OUTLET, "Bridge reopens"),
    ("other words after a dash", "Bank may sell unit - CFO", *OUTLET, "Bank may sell unit - CFO"),
    (
        "other name after a dash",
        "Bridge reopens - The Herald",
        *OUTLET,
        "Bridge reopens - The Herald",
    ),
    (
        "short capitalised part after a bar",
        "Harbour bridge reopens | Other Paper",
        *OUTLET,
        "Harbour bridge reopens",
    ),
    (
        "label with a small word",
        "Harbour bridge has reopened | Port of Call",
        *OUTLET,
        "Harbour bridge has reopened",
    ),
    (
        "words in lower case after a bar",
        "Harbour bridge reopens | live now",
        *OUTLET,
        "Harbour bridge reopens | live now",
    ),
    (
        "five words after a bar",
        "One Two Three Four Five | A B C D E",
        *OUTLET,
        "One Two Three Four Five | A B C D E",
    ),
    (
        "label before the title",
        "Opinion | Why Bridges Matter",
        *OUTLET,
        "Opinion | Why Bridges Matter",
    ),
    ("short title before a bar", "Review: Quay | Film", *OUTLET, "Review: Quay | Film"),
    ("hyphen without spaces", "Bridge-Daily Example", *OUTLET, "Bridge-Daily Example"),
    ("only the name", "The Daily Example", *OUTLET, "The Daily Example"),
    ("name on both sides", "Daily - Daily", *OUTLET, "Daily"),
    ("no provider known", "Bridge reopens - Daily", "", "", "Bridge reopens - Daily"),
    ("empty title", "", *OUTLET, ""),
]
WORDS = [
    ("case and punctuation", "Harbour Bridge: re-opens (again)!", "harbour bridge re opens again"),
    ("nothing", "", ""),
    ("only punctuation", "— … !?", ""),
    ("possessive", "The mayor's and Paris's plans", "the mayor and paris plans"),
    ("possessive with a smart quote", "The mayor’s plan", "the mayor plan"),
    ("possessive of a letter", "the T's line", "the t line"),
    ("modifier apostrophe", "Hawaiʼi’s coast", "hawaii coast"),
    ("plural possessive", "the owners' board", "the owners board"),
    ("contraction", "They won't, can’t", "they wont cant"),
    ("name with an apostrophe", "O'Brien", "obrien"),
    ("name with an apostrophe and s", "O'Sullivan", "osullivan"),
    ("quoted", "'Bridge' “opens”", "bridge opens"),
    ("elision", "L'Iran et l’Égypte, qu'elle d'abord", "l iran et l egypte qu elle d abord"),
    ("thousands", "1,000 and 12,345,678", "1000 and 12345678"),
    ("commas of a list", "1,2,3 and 10,20 or 1,2026", "1 2 3 and 10 20 or 1 2026"),
    ("decimals", "3.5 per cent, $1.5bn.", "3.5 per cent 1.5bn"),
    ("version", "v2.0.1", "v2.0.1"),
    ("full stop before a number", "It ended. 5 left, said.12", "it ended 5 left said 12"),
    ("number and letter", "5G covid-19 $21B", "5g covid 19 21b"),
    ("initials", "U.S. and U.K. a.m. J.P. Rowan", "us and uk am jp rowan"),
    ("no initials at a sentence's end", "plan B. A new", "plan b a new"),
    ("underscore", "harbour_bridge", "harbour bridge"),
    ("accents", "Café MÜNCHEN Señor Ångström", "cafe munchen senor angstrom"),
    ("accents decomposed", "Cafe\u0301", "cafe"),
    ("letters without a decomposition", "Łódź Tromsø Straße Æsir", "lodz tromso strasse aesir"),
    ("Turkish i", "İstanbul ılık", "istanbul ilik"),
    ("ligature and full width", "ﬁve ＡＢＣ１２", "five abc12"),
    ("Greek accents and final sigma", "Ἀθῆναι λόγος", "αθηναι λογοσ"),
    ("Cyrillic yo but not short i", "Ёлка мой", "елка мой"),
    ("Hindi vowels are letters", "किताब हिन्दी", "किताब हिन्दी"),
    ("Hindi danda separates", "पुल।खुला", "पुल खुला"),
    ("Arabic vowel points", "مُحَمَّد محـمد", "محمد محمد"),
    ("Hebrew points", "שָׁלוֹם", "שלום"),
    ("Persian joiner", "می\u200cشود", "میشود"),
    ("digits of other scripts", "٢٠٢٦ २०२६", "2026 2026"),
    ("Han in pairs", "港口大桥", "港口 口大 大桥"),
    ("one Han character", "港", "港"),
    ("Han beside Latin", "AI技術者 2026年", "ai 技術 術者 2026 年"),
    ("kana in pairs, voiced and long", "データが", "デー ータ タが"),
    ("half-width kana", "ﾃﾞｰﾀ", "デー ータ"),
    ("middle dot separates kana", "ア・イ", "ア イ"),
    ("Thai in pairs of syllables", "สะพาน", "สะพา พาน"),
    ("Thai, a vowel before its letter", "เรือไป", "เรือ อไป"),
    ("a single Thai syllable", "ที่", "ที่"),
    ("Lao, a single mark", "ສະພານ", "ສະພາ ພານ"),
    ("Khmer, a letter below another", "ស្ពានចាស់", "ស្ពាន នចា ចាស់"),
    ("Myanmar, a letter below another", "တံတား", "တံတား"),
    ("Korean by its spaces", "항구 다리", "항구 다리"),
    ("emoji are not words", "\U0001f6a2 sails ❤️ 5️⃣", "sails 5"),
    ("cut mark", "the goods ...", "the goods"),
]
DATELINES = [
    ("capitals and dashes", "OSLO -- The bridge opened", "The bridge opened"),
    ("capitals and em dash", "TROMSØ — The bridge opened", "The bridge opened"),
    ("em dash without spaces", "OSLO—The bridge opened", "The bridge opened"),
    ("capitals, agency", "LONDON (Reuters) - The bridge opened", "The bridge opened"),
    ("agency alone", "(TNS) — The bridge opened", "The bridge opened"),
    ("two words", "NEW YORK (AP) — The bridge opened", "The bridge opened"),
    ("hyphen in the place", "WINSTON-SALEM -- The bridge opened", "The bridge opened"),
    ("province after the place", "PARIS, Ont. — The bridge opened", "The bridge opened"),
    ("date after the place", "Oslo, March 3 (Reuters) - The bridge opened", "The bridge opened"),
    (
        "a clause after the place",
        "OSLO, where it all began — yes",
        "OSLO, where it all began — yes",
    ),
    ("two datelines", "(TNS) — OSLO — The bridge opened", "The bridge opened"),
    ("cut mark", "OSLO -- The bridge opened ...", "The bridge opened"),
    ("cut mark in brackets", "The bridge opened [...]", "The bridge opened"),
    ("cut mark in brackets, one character", "The bridge opened […]", "The bridge opened"),
    ("brackets that cut nothing", "The bridge [sic]", "The bridge [sic]"),
    ("cut mark alone", "The bridge opened …", "The bridge opened"),
    ("none", "The bridge opened", "The bridge opened"),
    ("mixed case is not a place", "Oslo - the bridge opened", "Oslo - the bridge opened"),
    ("short capitals are an organisation", "FBI - who they are", "FBI - who they are"),
    ("brackets that are not an agency", "The body (Fed) - the bank", "The body (Fed) - the bank"),
    ("agency without a dash", "The body (WHO) said", "The body (WHO) said"),
    (
        "too many capitals for a place",
        "THIS IS ALL IN CAPITALS — yes",
        "THIS IS ALL IN CAPITALS — yes",
    ),
    ("capitals with a digit and hyphen", "COVID-19 surges", "COVID-19 surges"),
    ("no text after it", "OSLO --", "OSLO --"),
    ("only a cut mark", "...", "..."),
    ("empty", "", ""),
]


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in CLEAN], ids=[r[0] for r in CLEAN]
)
def test_cleaning_a_text(text: str, expected: str) -> None:
    assert clean_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "&" + "amp;" * 5_000 + "lt; end",
        "&" + "#38;" * 5_000 + "lt; end",
        "<b" * 5_000 + ">" * 5_000,
    ],
    ids=["named entities", "numbered entities", "tags in tags"],
)
def test_cleaning_deeply_nested_markup_ends_in_a_stable_text(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert "&" not in cleaned
    assert "<" not in cleaned


@pytest.mark.parametrize(
    ("text", "limit", "expected"), [row[1:] for row in CUT], ids=[row[0] for row in CUT]
)
def test_cutting_a_text(text: str, limit: int, expected: str) -> None:
    assert cut_text(text, limit) == expected


@pytest.mark.parametrize(
    ("title", "name", "domain", "expected"),
    [row[1:] for row in WITHOUT_OUTLET],
    ids=[row[0] for row in WITHOUT_OUTLET],
)
def test_removing_the_outlet_from_a_title(
    title: str, name: str, domain: str, expected: str
) -> None:
    assert title_without_outlet(title, name, domain) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in WORDS], ids=[r[0] for r in WORDS]
)
def test_the_words_of_a_text(text: str, expected: str) -> None:
    # Hand-written rows in scripts with marks may be composed or decomposed.
    assert " ".join(words(text)) == unicodedata.normalize("NFC", expected)


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in DATELINES], ids=[row[0] for row in DATELINES]
)
def test_removing_the_dateline(text: str, expected: str) -> None:
    assert strip_dateline(text) == expected


def test_the_tables_have_unique_reasons() -> None:
    for table in (CLEAN, CUT, WITHOUT_OUTLET, WORDS, DATELINES):
        names = [row[0] for row in table]
        assert len(names) == len(set(names))
        assert all(re.search(r"\w", name) for name in names)
