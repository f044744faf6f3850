"""Languages: the crawler's language tag in its standard case, or a language detected from the text.

In: a BCP 47 tag, or a text. Out: a tag or a language code; `und` (BCP 47, undetermined) for a text
that is too short or too mixed to detect.
"""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


UNDETERMINED = "und"
MIN_LETTERS = 20
"""The fewest letters of a text whose language is detected: below it, detection is unreliable. A
character of Chinese, Japanese or Korean counts as two letters."""
MIN_CONFIDENCE = 0.7
"""The least probability of a detected language."""

_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,5}|und", re.ASCII)


def is_locale(text: str) -> bool:
    """Whether `text` has the form of a BCP 47 language tag (with `-` or `_`)."""
    return _LOCALE.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def format_locale(tag: str) -> str:
    """`tag` in the case that RFC 5646, section 2.1.1, recommends: `en-GB`, `zh-Hant-TW`."""
    first, *rest = tag.replace("_", "-").split("-")
    parts = [first.lower()]
    is_private = False
    for part in rest:
        if is_private or len(part) not in (2, 4) or not part.isalpha():
            parts.append(part.lower())
        else:
            parts.append(part.upper() if len(part) == 2 else part.title())
        is_private = is_private or len(part) == 1
    return "-".join(parts)


def primary_language(locale: str) -> str:
    """The primary language subtag: `en` for `en-GB`."""
    return locale.partition("-")[0]


@cache
def _identifier() -> "LanguageIdentifier":
    # Imported at first use: it takes 0.2 seconds, and most events state their locale.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(
        MODEL_FILE, norm_probs=True, min_confidence=MIN_CONFIDENCE
    )
    # Regional forms (arz, ary) take probability from their language (ar): none reaches the minimum.
    identifier.set_languages([label for label in identifier.labels if len(label) == 2])
    return identifier


def detect_language(text: str) -> str:
    """The ISO 639-1 code of the language of `text`, `und` if uncertain. The lock pins the model."""
    letters = sum(map(str.isalpha, text))
    if letters < MIN_LETTERS and letters + len(_DENSE.findall(text)) < MIN_LETTERS:
        return UNDETERMINED
    return str(_identifier().classify(text)[0])
