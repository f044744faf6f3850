"""Text as it is displayed, and text as it is compared.

In: a title or an excerpt as a crawler sent it. Out: clean text to display, text cut to a length, or
the words to compare. It never translates, and never drops common words: they get low weights.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from html.entities import html5
from operator import add

from newsloom.rules.words.marks import limit_marks
from newsloom.rules.words.text_cache import TextCache

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# Only HTML element names make tags, and attributes need a value: `a <b and c> d` is no tag.
_BLOCKS = (
    "article|blockquote|br|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol|p|"
    "section|table|tbody|td|th|thead|tr|ul"
)
_INLINES = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|iframe|img|ins|kbd|mark|pre|q|s|script|small|span|"
    "strike|strong|style|sub|sup|time|tt|u|video|wbr"
)
_TAG = re.compile(
    rf"</?(?:(?P<block>{_BLOCKS})|{_INLINES})"
    r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>"
    r"|<!--[^<>]{0,500}-->|<!\[CDATA\[|\]\]>",
    re.IGNORECASE,
)

# A joiner changes the shape of letters in these scripts and combines emoji. In Indic scripts it may
# also end a word.
_INDIC = "\u0900-\u0dff"
_JOINING = (
    _INDIC + "\u0600-\u08ff\u1000-\u109f\u1780-\u18af\u2190-\u27bf\u2b00-\u2bff"
    "\ufb50-\ufdff\ufe0f\ufe70-\ufefc\U0001f000-\U0001faff"
)
_TAG_LETTERS = "\U000e0020-\U000e007e"  # They encode the flags of England, Scotland and Wales.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u180e\u200b\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff]"
    f"|(?<![{_JOINING}])[\u200c\u200d]|(?<![{_INDIC}])[\u200c\u200d](?![{_JOINING}])"
    f"|(?<![\U0001f3f4{_TAG_LETTERS}])[\U000e0000-\U000e007f]+"
)
# Direction marks affect the adjacent characters only, unlike embeddings, overrides and isolates, so
# they stay. In a text without right-to-left letters they have no effect and are removed.
_DIRECTION_MARK = re.compile("[\u061c\u200e\u200f]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u05ff\u0620-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_MAX_ROUNDS = 8
_LONGEST_TITLE = 1_000
"""A longer text is an excerpt, which is cleaned only once."""

_CUT_MARK = " ..."
# A longer word is cut inside: it is a URL, or its script has no spaces between words.
_LONGEST_WORD = 40

_AGENCY = re.compile(
    "aap|afp|agencies|ani|ansa|ap|associated press|bloomberg|business wire|cna|cnn|cp|dpa|efe|"
    "globe newswire|ians|kyodo|pa|pr newswire|pti|reuters|tass|the canadian press|tns|upi|xinhua|"
    "yonhap",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"(?P<place>[^()–—]{0,50}?)\s*(?:\((?P<agency>[^()]{2,30})\)\s*(?:--?|[–—])|\s(?:--?|–)\s|—)"
    r"\s*(?=\S)"
)

_SEPARATOR = re.compile(r"\s+(?:--?|[–—|]|::)\s+")
_LONGEST_OUTLET = 60
_OUTLET_FILLER = re.compile(
    "business|co|com|live|net|news|online|org|politics|sports?|the|uk|us|video|www"
)

# Optional marks: Latin and Greek accents, Hebrew and Arabic vowel points. In other scripts marks
# are part of letters (Devanagari vowels, the breve of the Cyrillic short i) and stay.
_OPTIONAL_MARKS = re.compile(
    "(?<=[a-z\u0370-\u03ff])[\u0300-\u036f]+|"
    "[\u00ad\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670"
    "\u200b-\u200f\u20d0-\u20ff\u2060\ufe00-\ufe0f\ufeff]"
)
_OTHER_LETTERS = dict(zip("łøđıħŧё", "lodihtе", strict=True)) | {"æ": "ae", "œ": "oe", "þ": "th"}
# Not in these ranges: ideographs, syllables, and compatibility forms that NFKD replaces.
_LETTER_RANGES = [chr(code) for code in (*range(0x300, 0x3100), *range(0xA620, 0xAC00))]
_LETTERS = str.maketrans(
    _OTHER_LETTERS | {c: str(unicodedata.decimal(c)) for c in _LETTER_RANGES if c.isdecimal()}
)
_MARKS = "".join(c for c in _LETTER_RANGES if unicodedata.category(c)[0] == "M")
# Han, kana, Thai, Lao, Myanmar and Khmer are written without spaces.
_UNSPACED = (
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff\u0e01-\u0eff\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
)
_UNSPACED_RUN = re.compile(f"([{_UNSPACED}]+)")
# Of those, Thai, Lao, Myanmar and Khmer have syllables around a letter: vowels written before it,
# marks and vowels after it, and letters stacked below it.
_SYLLABLE = re.compile(
    "[\u0e40-\u0e44\u0ec0-\u0ec4]?"
    "[\u0e01-\u0eff\u1000-\u1059\u1780-\u17b3]"
    "(?:[\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ecd\u102b-\u1038\u103a-\u103e"
    "\u17b4-\u17d1\u17d3]|[\u1039\u17d2].)*"
    "|."
)
_SYLLABIC = re.compile("[\u0e01-\u0eff\u1000-\u1059\u1780-\u17d3]")
_SMART = (
    ("’", "'"),
    ("‘", "'"),
    ("ʼ", "'"),
    ("“", " "),
    ("”", " "),
    ("—", " "),
    ("–", " "),
    ("…", " "),
)

# Each pattern begins with a literal, which `re` finds at the speed of a character search.
_ELISION = re.compile(r"'(?:(?<=\b[cdjlmnst]')|(?<=\bqu'))(?=\w\w)")
_APOSTROPHE = re.compile(r"'(?:s(?!\w))?")
_THOUSANDS = re.compile(r",(?<=[0-9],)(?=[0-9]{3}(?![0-9]))")
_INITIALS = re.compile(r"\.(?<=\b[^\W\d]\.)(?=[^\W\d]\b)")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:(?<=[0-9])\.[0-9][a-z0-9]*)*")
_WORD = re.compile(rf"\w[\w{_MARKS}]*(?:(?<=[0-9])\.[0-9][\w{_MARKS}]*)*")


def _resolve(entity: re.Match[str]) -> str:
    name = entity[0]
    return html.unescape(name) if name[1] == "#" else html5.get(name[1:], name)


def _is_plain(text: str) -> bool:
    """True only if cleaning would not change the text. Fast: only loops in C."""
    return (
        text.isprintable()
        and "&" not in text
        and "<" not in text
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and (text.isascii() or limit_marks(text) == text)
        and unicodedata.is_normalized("NFC", text)
    )


def _clean_once(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(_resolve, text)
    if "<" in text:
        text = _TAG.sub(lambda tag: " " if tag["block"] else "", text)
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
        if _DIRECTION_MARK.search(text) and not _RIGHT_TO_LEFT.search(text):
            text = _DIRECTION_MARK.sub("", text)
    return unicodedata.normalize("NFC", limit_marks(" ".join(text.split())))


def clean_text(text: str) -> str:
    """`text` as it is displayed: NFC, no markup or invisible characters, single spaces, trimmed.

    Idempotent, in linear time. Feeds may escape several times (`&amp;#39;`), so entities and tags
    are resolved until none is left, even from a title about the text `&amp;amp;`. After 8 rounds
    every `&` and `<` becomes a space, which bounds the work. Only entities that end in `;` and only
    HTML tags count (`a < b` and `R&D` stay). Of more than 30 combining marks in a run the first 30
    stay. The result can be encoded as UTF-8, and has a joiner only where a script or an emoji needs
    it.
    """
    return _CLEAN_TITLES[text] if len(text) <= _LONGEST_TITLE else _clean(text)


def _clean(text: str) -> str:
    for _ in range(_MAX_ROUNDS):
        if _is_plain(text):
            return text
        cleaned = _clean_once(text)
        if cleaned == text:
            return text
        text = cleaned
    return _clean_once(text.replace("&", " ").replace("<", " "))


# A title is cleaned in validation and in normalising.
_CLEAN_TITLES = TextCache(_clean, max_characters=1 << 16)


def _continues(text: str, at: int) -> bool:
    """Whether a cut before `at` would separate a letter from its mark, or the parts of an emoji."""
    here, before = text[at], text[at - 1]
    if "\U0001f1e6" <= here <= "\U0001f1ff":  # A flag is a pair of regional indicators.
        run = at
        while run and "\U0001f1e6" <= text[run - 1] <= "\U0001f1ff":
            run -= 1
        return (at - run) % 2 == 1
    return (
        before == "\u200d"
        or here in "\u200c\u200d"
        or "\U0001f3fb" <= here <= "\U0001f3ff"
        or "\U000e0020" <= here <= "\U000e007f"
        or unicodedata.category(here)[0] == "M"
    )


def cut_text(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, with ` ...` at the end if it was cut.

    It is cut after a word that ends within the last 40 characters, else after a whole character as
    a reader sees it. Text that fits is returned unchanged. With a limit below 5 there is no ` ...`.
    """
    if len(text) <= limit:
        return text
    mark = _CUT_MARK if limit > len(_CUT_MARK) else ""
    end = limit - len(mark)
    space = text.rfind(" ", max(end - _LONGEST_WORD, 0), end + 1)
    end = space if space > 0 else _start_of_character(text, end)
    return text[:end].rstrip().removesuffix("...").rstrip() + mark


def _start_of_character(text: str, end: int) -> int:
    """The last place up to `end` where a cut separates no character; `end` if there is none."""
    start = end
    while start > 0 and _continues(text, start):
        start -= 1
    return start or end


def _is_dateline(place: str, agency: str | None) -> bool:
    city, _, rest = place.strip().partition(",")
    if agency is not None:
        is_known = not city or _AGENCY.fullmatch(agency) is not None
        return is_known or (city.isupper() and agency.isupper())
    # Three letters are mostly an organisation (`FBI - `). `March 3` may follow a place.
    letters = sum(map(str.isalpha, city))
    return letters > 3 and city.isupper() and len(city.split()) <= 4 and len(rest.split()) <= 3


def strip_dateline(text: str) -> str:
    """`text` without the dateline at its start and the ` ...` or `[…]` of a cut. Idempotent.

    A dateline is a place in capitals, or an agency in brackets with or without a place, then a
    dash: `OSLO --`, `(TNS) —`, `London, March 3 (Reuters) -`. A text that is not empty stays so.
    """
    kept = text
    if text.endswith(("...", "…", "[...]", "[…]")):
        kept = text.rstrip(" .…[]") or text
    while (head := _DATELINE.match(kept)) and _is_dateline(head["place"], head["agency"]):
        kept = kept[head.end() :]
    return kept


def _join_words(text: str) -> str:
    """Removes punctuation inside a word: `macron's`, `1,000`, `u.s.`. Splits `l'iran`."""
    if "'" in text:
        text = _APOSTROPHE.sub("", _ELISION.sub(" ", text))
    if "," in text:
        text = _THOUSANDS.sub("", text)
    return _INITIALS.sub("", text).replace("_", " ")


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFC", _OPTIONAL_MARKS.sub("", text))
    return text.translate(_LETTERS)


def _pairs(run: str) -> list[str]:
    """The overlapping pairs of characters, or of syllables, of a run without spaces."""
    if _SYLLABIC.match(run):
        syllables = _SYLLABLE.findall(run)
        return list(map(add, syllables, syllables[1:])) or [run]
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def words(text: str) -> list[str]:
    """The words of `text` for comparison, in order, with repetitions; no word is empty.

    Case, accents, quotes and the digits of other scripts are folded. A possessive `'s` is dropped;
    other apostrophes are removed (`don't` → `dont`), but after an elision they split (`l'Iran` →
    `l`, `iran`). Hyphens split; initials are joined (`U.S.` → `us`). Numbers stay whole, without
    thousands separators (`1,000` → `1000`, `3.5`). Scripts without spaces give overlapping pairs of
    characters; Thai, Lao, Myanmar and Khmer give pairs of syllables.
    """
    if not text.isascii():
        for smart, plain in _SMART:
            text = text.replace(smart, plain)
    if text.isascii():
        return _ASCII_WORD.findall(_join_words(text.lower()))
    folded = _join_words(_fold(text))
    tokens: list[str] = _WORD.findall(folded)
    if not _UNSPACED_RUN.search(folded):
        return tokens
    runs = (run for token in tokens for run in _UNSPACED_RUN.split(token) if run)
    return [word for run in runs for word in (_pairs(run) if _UNSPACED_RUN.match(run) else [run])]


# The titles and excerpts of several batches. In scripts without spaces, the words of a text take up
# to 90 bytes a character, thus all together at most 48 MB.
_WORDS: TextCache[list[str]] = TextCache(words, max_characters=1 << 19)


def shared_words(text: str) -> Sequence[str]:
    """The same as `words`, but cached: the returned list is shared and must not be changed."""
    return _WORDS[text]


def _keys(outlet: str) -> set[str]:
    """The forms in which an outlet's name is compared: `BBC News` → `bbcnews`, `bbc`."""
    parts = words(outlet)
    without_fillers = (part for part in parts if not _OUTLET_FILLER.fullmatch(part))
    return {"".join(parts), "".join(without_fillers).removeprefix("the")} - {""}


@lru_cache(maxsize=2048)  # At most 20 MB: a name has up to 200 characters before it is cleaned.
def _provider_keys(name: str, domain: str) -> frozenset[str]:
    label = domain.removeprefix("www.").partition(".")[0]
    return frozenset(_keys(name) | _keys(domain) | _keys(label))


def title_tails(title: str) -> list[str]:
    """The parts, up to 60 long, after the last two separators of a clean title, shortest first."""
    tails = [title[at.end() :] for at in _separators(title)[:-3:-1]]
    return [tail for tail in tails if len(tail) <= _LONGEST_OUTLET]


def _separators(title: str) -> list[re.Match[str]]:
    if " -" in title or "|" in title or "–" in title or "—" in title or "::" in title:
        return list(_SEPARATOR.finditer(title))
    return []


def _is_section(head: str, tail: str) -> bool:
    """Whether the part after the last `|` is a label: short, capitalised, not the longer part."""
    labels, title = tail.split(), head.split()
    return (
        max(3, len(labels)) <= len(title)
        and len(labels) <= 4
        and not any(label[0].islower() and label not in ("of", "the", "and") for label in labels)
    )


def _without_outlet(title: str, keys: frozenset[str]) -> str:
    separators = _separators(title)
    for separator in reversed(separators[-3:]):
        tail = title[separator.end() :]
        if len(tail) <= _LONGEST_OUTLET and not keys.isdisjoint(_keys(tail)):
            return title[: separator.start()]
    if not separators:
        return title
    first, last = separators[0], separators[-1]
    head, tail = title[: first.start()], title[first.end() :]
    if len(head) <= _LONGEST_OUTLET and not keys.isdisjoint(_keys(head)):
        return tail
    head, tail = title[: last.start()], title[last.end() :]
    return head if "|" in last[0] and _is_section(head, tail) else title


@lru_cache(maxsize=256)  # Scoring and comparing use the same title.
def title_without_outlet(title: str, provider_name: str, domain: str) -> str:
    """`title` without the provider's name at its start or end. Idempotent; never empty.

    A part separated by ` - `, ` | `, ` – `, ` — ` or ` :: ` is removed if it names the provider,
    its domain or the domain's first label; case, spaces, accents, `The`, `News` and `.com` are
    ignored. A last ` | X` of at most four capitalised words is removed too, if the rest has at
    least as many words and at least three. `title` is clean text; the rest of it is unchanged.
    """
    keys = _provider_keys(provider_name, domain)
    while (shorter := _without_outlet(title, keys)) != title:
        title = shorter
    return title
