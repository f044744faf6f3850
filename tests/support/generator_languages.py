"""Invented languages for the generator: real function words and scripts, invented content words.

In: the sounds of a language. Out: its vocabulary, the most frequent word first, the same in every
process. The words have no meaning; only their frequencies are those of real text.
"""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import NamedTuple

CONTENT_WORDS = 8_000
NAMES = 2_000
_MANDELBROT = 2.7


class Language(NamedTuple):
    """The spelling of a language. Sounds and words in the strings are separated by spaces."""

    share: int
    """The number of subjects in this language, of 100 subjects."""
    locales: tuple[str, ...]
    onsets: str
    vowels: str
    codas: str
    function_words: str
    space: str = " "
    full_stop: str = ". "


class Vocabulary(NamedTuple):
    """Words, the most frequent first, and urns: even draws from an urn give words by frequency."""

    words: tuple[str, ...]
    word_urn: tuple[str, ...]
    name_urn: tuple[str, ...]


_LATIN_ONSETS = "b br c ch cl d dr f fl g gr h k l m n p pl pr qu r s sh sk st t tr v w"
_LATIN_VOWELS = "a a e e e i i o o u ai ea ou"
_LATIN_CODAS = "l m n n r r s t nd rk st x"
_KANJI = (
    "山川海港町村市田中東西南北春秋朝夜光風雨雪火水木石土金銀鉄道橋門車船魚鳥花草森島年月日時分前後"
    "間今新古高低長短大小多少国県区都民家人手足目口耳心体力気電話線点工場会社店学校院館園寺社湖池"
)
_HANZI = (
    "江湖云港城乡镇路桥船车站铁海风雨雪春秋夏冬东西南北山水火木石田林园店校院厂警医法税年月日时分前后"
    "间今新古高低长短大小多少国省区都民家人手足目口耳心体力气电话线点工场会社学馆寺池银金花鸟鱼草森岛"
)

LANGUAGES: dict[str, Language] = {
    "en": Language(
        70,
        ("en-gb", "en-gb", "en-us", "en-US", "en"),
        _LATIN_ONSETS,
        _LATIN_VOWELS,
        _LATIN_CODAS,
        "the of to and a in that for is on was with it as by at from his he be has are have but "
        "an not this will who they its said had were which their after or been would more one",
    ),
    "fr": Language(
        5,
        ("fr-fr", "fr"),
        _LATIN_ONSETS,
        "a e i o u é è eau ou",
        "l n r s t",
        "de la le les et à des en du un une que est pour qui dans par au sur il ne pas plus avec",
    ),
    "de": Language(
        5,
        ("de-de", "de-AT"),
        "b br d f g gr h k kl l m n pf r s sch st t tr w z",
        "a e i o u ei au ü ö",
        "ch l n n r s t ck",
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch an",
    ),
    "es": Language(
        5,
        ("es-es", "es"),
        "b c d f g h j l ll m n p pr r s t tr v",
        "a e i o u ía ue",
        "l n r s",
        "de la que el en y a los se del las un por con no una su para es al lo como más o pero",
    ),
    "uk": Language(
        4,
        ("uk-ua", "uk"),
        "б в г д ж з к л м н п р с т х ч ш",
        "а е и і о у я ю",
        "в й к л н р т х",
        "і в на у з що до не за та про від як для це його але під час був вже ще",
    ),
    "el": Language(
        2,
        ("el-gr",),
        "β γ δ ζ θ κ λ μ ν π ρ σ τ φ χ",
        "α ε η ι ο υ ω ου",
        "ς ν ς ρ",
        "και το να του η της με που την από για τα ο στο των σε οι στην δεν θα",
    ),
    "ar": Language(
        4,
        ("ar", "ar-EG"),
        "ب ت ج ح د ر س ش ص ط ع ف ق ك ل م ن ه",
        "ا و ي ا ي",
        "د ر س ق ل م ن ة",
        "في من على أن إلى عن مع هذا هذه التي الذي كان قد بعد كما وقال وفي ما لا بين",
    ),
    "hi": Language(
        2,
        ("hi-in",),
        "क ख ग च ज ट ड त द न प ब म र ल व श स ह",
        "ा ि ी ु े ो ा",
        "न र ल त म",
        "के में की है और से का को पर ने एक यह भी हैं कि लिए तो इस नहीं कर",
    ),
    "ja": Language(
        2,
        ("ja-jp", "ja"),
        " ".join(_KANJI),
        " ".join(_KANJI[::-1]),
        " ".join(_KANJI[20:70]),
        "の に は を が と で も から まで した する として という など ため",
        "",
        "。",
    ),
    "zh": Language(
        1,
        ("zh-cn",),
        " ".join(_HANZI),
        " ".join(_HANZI[::-1]),
        " ".join(_HANZI[20:70]),
        "的 了 在 是 和 有 将 对 为 与 也 说 从 被 到 这 一个 表示",
        "",
        "。",
    ),
}


def invent_word(rng: Random, language: Language, syllables: int) -> str:
    """A pronounceable word. It may equal a word that exists already."""
    onsets, vowels, codas = _sounds(language)
    parts = [
        onsets[int(rng.random() * len(onsets))] + vowels[int(rng.random() * len(vowels))]
        for _ in range(syllables)
    ]
    return "".join(parts) + codas[int(rng.random() * len(codas))]


@cache
def vocabulary(code: str) -> Vocabulary:
    """The vocabulary of a language of `LANGUAGES`.

    Weights are Zipf's with Mandelbrot's shift: 1 / (rank + 2.7), function words first.
    """
    language = LANGUAGES[code]
    rng = Random(f"vocabulary {code}")  # A string seed is used by its SHA-512, not its hash.
    is_spaced = language.space != ""
    lengths = (1, 2, 2, 2, 3, 3) if is_spaced else (1, 1, 1, 2)
    content = [invent_word(rng, language, rng.choice(lengths)) for _ in range(CONTENT_WORDS)]
    names = [invent_word(rng, language, 3 if is_spaced else 2) for _ in range(NAMES)]
    words = tuple(dict.fromkeys(language.function_words.split() + content))
    return Vocabulary(words, _urn(words), _urn([name.capitalize() for name in names]))


def _urn(words: Sequence[str]) -> tuple[str, ...]:
    """Each word repeated in proportion to its weight, the rarest once."""
    rarest = len(words) + _MANDELBROT
    return tuple(
        word
        for rank, word in enumerate(words)
        for _ in range(round(rarest / (rank + 1 + _MANDELBROT)))
    )


@cache
def _sounds(language: Language) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    onsets, vowels, codas = language.onsets, language.vowels, language.codas
    return tuple(onsets.split()), tuple(vowels.split()), tuple(codas.split())
