"""Combining marks: 30 in a run stay, and no ordinary text changes."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsloom.rules.words.marks import _CANDIDATE, MAX_MARKS, limit_marks

ACUTE, DOT_BELOW = "\u0301", "\u0323"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" + ACUTE * 30, "a" + ACUTE * 30),
        ("a" + ACUTE * 31, "a" + ACUTE * 30),
        ("a" + ACUTE * 400 + "b", "a" + ACUTE * 30 + "b"),
        (ACUTE * 31, ACUTE * 30),
        ("é" + ACUTE * 30, "é" + ACUTE * 29),
        ("\u1f82" + ACUTE * 30, "\u1f82" + ACUTE * 27),  # alpha with three marks
        ("a" + "\u0344" * 16, "a" + "\u0344" * 15),  # two marks in NFD
        ("a" + (ACUTE * 20 + "漢") * 2, "a" + (ACUTE * 20 + "漢") * 2),
        ("★" + ACUTE * 31 + "★" + ACUTE * 31, "★" + ACUTE * 30 + "★" + ACUTE * 30),
        ("a" + ACUTE * 20 + "-" + ACUTE * 20, "a" + ACUTE * 20 + "-" + ACUTE * 20),
    ],
    ids=[
        "30 stay", "31 are cut", "the next letter stays", "no letter", "accent of the letter",
        "three accents of the letter", "double marks", "two runs", "symbols", "hyphen between",
    ],
)  # fmt: skip
def test_at_most_30_marks_stay_in_a_run(text: str, kept: str) -> None:
    assert limit_marks(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "The plain text of a headline",
        "Tiếng Việt: Phố cổ Hội An ngập sâu",
        "क्षत्रिय और संस्कृत",
        "\u1112\u1161\u11ab\u1100\u1173\u11af" * 40,
        "😀" * 40 + "—" * 40 + "…" * 40,
        "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים",
    ],
    ids=["English", "Vietnamese", "Hindi", "Hangul jamo", "symbols", "Hebrew"],
)
def test_ordinary_text_stays(text: str) -> None:
    assert limit_marks(text) == text
    decomposed = unicodedata.normalize("NFD", text)
    assert limit_marks(decomposed) == decomposed


@given(st.text(st.sampled_from(f"aé★{ACUTE}{DOT_BELOW}\u0344\u0f73\u0345\u1f82"), max_size=120))
def test_no_run_in_nfd_has_more_than_30_marks(text: str) -> None:
    limited = limit_marks(text)
    run = 0
    for character in unicodedata.normalize("NFD", limited):
        run = run + 1 if unicodedata.combining(character) else 0
        assert run <= MAX_MARKS
    composed = unicodedata.normalize("NFC", limited)
    assert limit_marks(composed) == composed


def test_every_mark_of_unicode_is_found() -> None:
    """The pattern relies on this: no mark is a word character, a space or below U+0300."""
    marks = filter(unicodedata.combining, map(chr, range(sys.maxunicode + 1)))
    missed = [hex(ord(mark)) for mark in marks if not _CANDIDATE.fullmatch(mark * 14)]
    assert missed == []
