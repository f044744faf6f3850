"""Decodes a page, and leaves out what names no images.

In: the bytes of a page and its content type. Out: text for an HTML parser, without scripts other
than JSON-LD, and with a bounded number of tags. It takes time proportional to the size of the page.
"""

import codecs
import re

MAX_TAGS = 5_000
"""Only the first tags are parsed: building a tree takes time quadratic in its depth."""
_PRESCAN_BYTES = 4_096
"""Where a page may name its own encoding. HTML requires 1,024 bytes; many sites need more."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_IN_PAGE = re.compile(
    rb"<(?:meta|\?xml)\s[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I
)

# The encodings of the web (WHATWG Encoding, 4.2) whose labels Python reads otherwise or not at all.
_CODECS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso-8859-9": "cp1254",
    "latin5": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "korean": "cp949",
    "windows-949": "cp949",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16-le",
}
_OTHERS = re.compile(
    r"utf-?8|utf-16(?:le|be)|windows-(?:874|125[0-8])|cp(?:866|125[0-8])|koi8-[ru]|gb18030"
    r"|iso-?8859-(?:[2-8]|1[03-6])|euc-jp|iso-2022-jp|macintosh"
)

_OPENING = re.compile(r"<(script|style)(?=[\s/>])", re.IGNORECASE | re.ASCII)
_CLOSING = {
    name: re.compile(rf"</{name}[^<>]{{0,99}}>", re.IGNORECASE | re.ASCII)
    for name in ("script", "style")
}


def decode_page(page: bytes, content_type: str = "") -> str:
    """The text of a page in the encoding of its first bytes, else of its content type, else the one
    that it names itself, else UTF-8. What cannot be decoded is replaced."""
    return page.decode(_find_codec(page, content_type), "replace")


def _find_codec(page: bytes, content_type: str) -> str:
    for bom, codec in _BOMS:
        if page.startswith(bom):
            return codec
    in_header = _IN_HEADER.search(content_type)
    if in_header and (stated := _codec(in_header[1])):
        return stated
    in_page = _IN_PAGE.search(page[:_PRESCAN_BYTES])
    named = _codec(in_page[1].decode("ascii", "replace")) if in_page else None
    # A page whose ASCII names UTF-16 is not in UTF-16 (WHATWG HTML, 13.2.3.2).
    return "utf-8" if named is None or named.startswith("utf-16") else named


def _codec(label: str) -> str | None:
    label = label.lower()
    codec = _CODECS.get(label) or (label if _OTHERS.fullmatch(label) else None)
    return codec.replace("macintosh", "mac_roman") if codec else None


def trim_page(page: str) -> str:
    """The page without the contents of scripts and styles, except JSON-LD, and of its first tags
    only."""
    parts: list[str] = []
    begin, tags = 0, 0
    while tags < MAX_TAGS:
        found = _OPENING.search(page, begin)
        end = len(page) if found is None else found.start()
        between = page[begin:end].split("<", MAX_TAGS - tags)
        parts.append("<".join(between[: MAX_TAGS - tags]))
        tags += len(between) + 1
        tag_end = -1 if found is None else page.find(">", end)
        closing = None if found is None else _CLOSING[found[1].lower()].search(page, tag_end)
        if tag_end < 0 or closing is None:
            break
        begin = closing.end()
        if "ld+json" in page[end:tag_end].lower():
            parts.append(page[end:begin])
    return "".join(parts)
