"""Properties of the text rules for any text, above all for text that is built to break them."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from newsloom.rules.words.text import (
    clean_text,
    cut_text,
    strip_dateline,
    title_without_outlet,
    words,
)

PIECES = st.sampled_from(
    [
        *"abAZ09 '’.,-_&;#<>/\"=—|é",
        "&amp;", "&lt;", "&gt;", "&#38;", "&#x26;", "amp;", "lt;", "&nbsp;", "&#8203;", "&#0;",
        "<b>", "</p>", "<br/>", "<a href=", "<!--", "-->", "x=\"1\"",
        "\x00", "\u200b", "\u200c", "\u200d", "\u202e", "\u2060", "\u00ad", "\ufe0f", "\u0301",
        "\u00a0", "\u2028", "\u3000", "\u212b", "\u037e", "\u226e", "\u0338", "\u0958", "\u061c",
        "\U0001f3f4", "\U000e0067", "\U000e007f", "\U0001f469", "\U0001f3fd", "\U0001f1f3",
        "\ud83d", "می", "क्", "ന്", "港", "が", "\u3099", "ท", "์", "한", "٢", "ß", "İ", "й", "ﬁ",
        " - ", " | ", " -- ", " :: ", " ...", "…", "OSLO -- ", "(TNS) — ", "Daily", "The Daily",
        "1,000", "3.5", "U.S.", "l'Iran", "'s",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60)
ASCII = st.text(st.characters(max_codepoint=127), max_size=80) | st.lists(
    PIECES.filter(str.isascii), max_size=25
).map("".join)


@given(TEXTS)
@example("&" + "amp;" * 30 + "lt;b>x")
@example("<" * 20 + "b" + ">b>" * 20)
def test_clean_text_is_idempotent_and_clean(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())
    assert not {unicodedata.category(c) for c in cleaned} & {"Cc", "Cs", "Zl", "Zp"}
    assert cleaned.encode().decode() == cleaned


@given(st.text("abcxyz0189 .,;:!?-'\"()éüß港ж", max_size=80))
def test_clean_text_changes_only_white_space_in_ordinary_text(text: str) -> None:
    assert clean_text(text) == " ".join(text.split())


@given(TEXTS, st.integers(0, 60))
def test_cut_text_fits_the_limit_and_keeps_the_beginning(text: str, limit: int) -> None:
    cut = cut_text(text, limit)
    assert len(cut) <= limit
    assert cut_text(cut, limit) == cut
    assert cut == text or text.startswith(cut.removesuffix(" ..."))
    assert (cut == text) == (len(text) <= limit)


@given(TEXTS)
def test_words_are_folded_and_never_empty(text: str) -> None:
    for word in words(text):
        assert word
        assert not any(c.isspace() for c in word)
        assert word[0].isalnum() or unicodedata.category(word[0])[0] == "M"
        assert word == word.casefold()


@given(ASCII)
def test_words_of_ascii_text_do_not_change_beside_other_letters(text: str) -> None:
    """The fast path for ASCII gives the same words as the general path."""
    assert words(text + " é") == [*words(text), "e"]


@given(ASCII)
def test_words_of_ascii_ignore_case_and_are_idempotent(text: str) -> None:
    assert words(text.upper()) == words(text)
    once = words(text)
    assert words(" ".join(once)) == once


@given(st.text("aeioucnsyz 19", max_size=40), st.sampled_from("\u0301\u0308\u0327\u0302\u030c"))
def test_words_ignore_latin_accents(text: str, accent: str) -> None:
    accented = "".join(c + accent if c.isalpha() else c for c in text)
    assert words(accented) == words(text) == words(unicodedata.normalize("NFC", accented))


@given(TEXTS.map(clean_text), TEXTS, st.sampled_from(["", "daily.example", "the.example"]))
def test_title_without_outlet_is_an_idempotent_part_of_the_title(
    title: str, name: str, domain: str
) -> None:
    shorter = title_without_outlet(title, name, domain)
    assert shorter in title
    assert bool(shorter) == bool(title)
    assert title_without_outlet(shorter, name, domain) == shorter


@given(TEXTS.map(clean_text))
def test_strip_dateline_is_an_idempotent_part_of_the_text(text: str) -> None:
    kept = strip_dateline(text)
    assert kept in text
    assert bool(kept) == bool(text)
    assert strip_dateline(kept) == kept
