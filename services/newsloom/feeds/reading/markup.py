"""Text and images out of HTML.

In: the HTML of an entry. Out: its plain text with one space between words, its first sentences, and
the images that it shows. It fetches nothing.
"""

import re
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from newsloom.feeds.reading.shapes import Image
from newsloom.rules.words.text import clean_text, cut_text

MAX_HTML_CHARACTERS = 100_000
MAX_TAGS = 5_000
"""Only the first tags are parsed: building a tree takes time quadratic in its depth."""
MAX_IMAGES = 20
EXCERPT_CHARACTERS = 500

_UNREAD = "script, style, template, iframe, noscript, svg, form, head"
_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|h[1-6]|tr|td|th|table|blockquote|section|article|figure|figcaption"
    r"|dd|dt|dl|hr|pre|header|footer)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)]*\s|[。！？।][」』”]*")
_SIZE = re.compile(r"\s*(\d{1,5})(?:px)?\s*", re.ASCII)
_MARKUP = re.compile(r"<[a-zA-Z!/]")
_TRACKER_PIXELS = 2
_TRACKERS = re.compile(
    r"/(?:pixel|spacer|blank|beacon|1x1)[./_-]|\.gif\?.*\bpixel\b", re.IGNORECASE
)


def to_text(html: str) -> str:
    """The text of `html` as a reader sees it, without scripts, on one line."""
    html = html[:MAX_HTML_CHARACTERS]
    if not _MARKUP.search(html):
        return clean_text(html)
    parser = _parse(_BLOCK.sub(lambda tag: f" {tag[0]}", html))
    for node in parser.css(_UNREAD):
        node.decompose()
    return clean_text(parser.body.text() if parser.body else "")


def first_sentences(text: str) -> str:
    """The whole sentences of `text` that fit into `EXCERPT_CHARACTERS`, else its first words."""
    if len(text) <= EXCERPT_CHARACTERS:
        return text
    ends = [at.end() for at in _SENTENCE_END.finditer(text, 0, EXCERPT_CHARACTERS)]
    fitting = [end for end in ends if end >= EXCERPT_CHARACTERS // 4]
    return text[: fitting[-1]].rstrip() if fitting else cut_text(text, EXCERPT_CHARACTERS)


def find_images(html: str, base: str) -> list[Image]:
    """The images that `html` shows, in order, without trackers; relative ones refer to `base`."""
    html = html[:MAX_HTML_CHARACTERS]
    if "<img" not in html and "<IMG" not in html and "<video" not in html:
        return []
    found = []
    for tag in _parse(html).css("img, video[poster]")[:MAX_IMAGES]:
        attributes = tag.attributes
        url = attributes.get("poster") or _source(attributes)
        width, height = read_size(attributes.get("width")), read_size(attributes.get("height"))
        is_tracker = any(size is not None and size <= _TRACKER_PIXELS for size in (width, height))
        if url and not is_tracker and not _TRACKERS.search(url):
            found.append(Image(join(base, url), width, height))
    return found


def _source(attributes: dict[str, str | None]) -> str:
    """The address of an image: pages that load images late keep it in another attribute."""
    for name in ("src", "data-src", "data-original", "data-lazy-src"):
        url = (attributes.get(name) or "").strip()
        if url and not url.startswith("data:"):
            return url
    return ""


def read_size(text: str | None) -> int | None:
    """A positive number of pixels, or None."""
    match = _SIZE.fullmatch(text or "")
    return int(match[1]) or None if match else None


def join(base: str, reference: str) -> str:
    """`reference` as an absolute URL; unchanged if it is invalid."""
    reference = "".join(reference.split())
    try:
        return urljoin(base, reference) if base else reference
    except ValueError:
        return reference


def _parse(html: str) -> LexborHTMLParser:
    return LexborHTMLParser("<".join(html.split("<", MAX_TAGS + 1)[: MAX_TAGS + 1]))
