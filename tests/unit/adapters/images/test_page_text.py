"""The text of a page: its encoding, and what is left of it for the parser."""

import time

import pytest

from newsloom.adapters.images.page_text import MAX_TAGS, decode_page, trim_page

HTML = "text/html; charset="
META = '<meta charset="%s">'

ENCODED: dict[str, tuple[str, str, str, str]] = {
    # The name of the case: (text, its codec, the content type, what is before it in the page).
    "Cyrillic by its header": ("фото", "cp1251", HTML + "windows-1251", ""),
    "Cyrillic by its page": ("фото", "cp1251", "text/html", META % "windows-1251"),
    "KOI8": ("фото", "koi8-r", HTML + "KOI8-R", ""),
    "Japanese, Shift_JIS": ("写真", "cp932", HTML + "Shift_JIS", ""),
    "Japanese, EUC": ("写真", "euc_jp", "text/html", META % "x-euc-jp"),
    "Chinese, GB 2312": ("图片", "gb18030", HTML + "gb2312", ""),
    "Chinese, Big5": ("圖片", "big5", HTML + "Big5", ""),
    "Korean": ("사진", "cp949", HTML + "ks_c_5601-1987", ""),
    "Latin 1, which is Windows 1252": ("Größe – “é”", "cp1252", HTML + "ISO-8859-1", ""),
    "Latin 2": ("Łódź", "iso8859-2", HTML + '"iso-8859-2"', ""),
    "Turkish": ("ğş", "cp1254", HTML + "iso-8859-9", ""),
    "Thai": ("ภาพ", "cp874", HTML + "TIS-620", ""),
    "Arabic": ("صورة", "cp1256", HTML + "windows-1256", ""),
    "UTF-8 by default": ("фото", "utf-8", "text/html", ""),
    "UTF-16 by its first bytes": ("фото", "utf-16", HTML + "utf-8", ""),
    "UTF-8 by its first bytes": ("фото", "utf-8-sig", HTML + "windows-1251", ""),
    "a page in UTF-8 that names UTF-16": ("фото", "utf-8", "text/html", META % "utf-16"),
    "an unknown name": ("фото", "utf-8", HTML + "x-none", ""),
    "a codec that is no encoding": ("фото", "utf-8", HTML + "base64", META % "rot13"),
    "an unknown header, and a page that knows": (
        "фото",
        "cp1251",
        HTML + "x-none",
        META % "cp1251",
    ),
    "the old form of the tag": (
        "фото",
        "cp1251",
        "",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
    ),
    "XHTML": ("фото", "cp1251", "", '<?xml version="1.0" encoding="windows-1251"?>'),
}


@pytest.mark.parametrize("case", ENCODED)
def test_a_page_is_decoded_as_browsers_do(case: str) -> None:
    text, codec, content_type, before = ENCODED[case]
    page = (before + text).encode(codec)
    assert decode_page(page, content_type).lstrip("\ufeff") == before + text


OG = '<meta property="og:image">'
LD = '<script type="application/ld+json">{"a":"<b>"}</script>'

TRIMMED: dict[str, tuple[str, str]] = {
    "nothing to leave out": ("<head>" + OG, "<head>" + OG),
    "a script": ("<head><script>var a;</script>" + OG, "<head>" + OG),
    "a script with many tags": ("<script>" + "'<b>'" * 9_000 + "</script>" + OG, OG),
    "a long script": ("<script>" + "var a=1;" * 200_000 + "</script>" + OG, OG),
    "a style": ("<style>a>b{}</style >" + OG, OG),
    "capital letters": ("<SCRIPT SRC=a>1</SCRIPT>" + OG, OG),
    "letters that grow in lower case": ("İİİ<script>1</script>" + OG, "İİİ" + OG),
    "JSON-LD": ("<script>1</script>" + LD + OG, LD + OG),
    "JSON-LD after many scripts": ("<script>'<'</script>" * 900 + LD, LD),
    "a tag that begins like one": ("<scripture>" + OG, "<scripture>" + OG),
    "a script that does not end": (OG + "<script>1" + OG, OG),
    "an opening tag that does not end": (OG + "<script " + OG[:-1], OG),
    "too many tags": ("<b>" * (MAX_TAGS + 9), "<b>" * (MAX_TAGS - 1)),
}


@pytest.mark.parametrize("case", TRIMMED)
def test_a_page_is_trimmed_to_what_may_name_an_image(case: str) -> None:
    page, expected = TRIMMED[case]
    assert trim_page(page) == expected


@pytest.mark.parametrize("part", ["<script ", "<script>", "</script", "<style>x</style>", "<"])
def test_trimming_a_hostile_page_takes_under_two_seconds(part: str) -> None:
    started_s = time.process_time()
    trim_page(part * (2 * 1024 * 1024 // len(part)))
    assert time.process_time() - started_s < 2
