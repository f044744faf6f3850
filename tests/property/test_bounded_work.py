"""The work on one event is bounded: linear in its size, whatever its texts and values hold.

Each test measures the processor time of decode, normalise and enrich for hostile events of two
sizes. Quadratic work takes 16 times as long for the larger one, which has four times the size.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import pytest

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.process import Enriched, Enricher
from newsloom.records.faults import Fault, Reason

SIZE = 16_000
"""Bytes of the smaller event; the larger one has four times as many."""
MAX_RATIO = 8
MAX_TIMES_HARMLESS = 150
UNMEASURABLE_S = 0.012
"""A shorter time is mostly that of the clock and of other programs."""
ATTEMPTS = 4
"""A time is too long only if it is so each time: another program may disturb a measurement."""

PIECES = (
    # Combining marks, which normal forms sort; letters and syllables that they compose.
    "\u0301", "\u0301\u0323", "\u0323\u0301", "\u0338", "\u0344", "\u0f73", "\u3099", "\u094d",
    "e\u0301", "\u1e0a\u0323", "か\u3099", "\u0915\u093c", "\uff9e", "\U0001d165\U0001d16d",
    "\u1100", "\u1161", "\u11a8", "\u1100\u1161", "\u1100\u1161\u11a8", "\uac00", "\u0390",
    # Characters that change the length of a text in a normal form or in lower case.
    "\ufdfa", "\ufb03", "ß", "İ", "ŉ", "\ufb2c", "\U0001d400", "\U0010ffff",
    # Joiners, selectors, direction marks, flags, and other invisible characters.
    "\u200b", "\u200c", "\u200d", "\U0001f469\u200d", "\ufe0f", "\u202e", "\u200e", "\u0645\u200f",
    "\u00ad", "\x00", "\U000e0067", "\U0001f3f4\U000e0067", "\U0001f1f3", "\U0001f3fd", "\ud83d",
    # Scripts without spaces.
    "漢", "が", "\u0e01", "\u0e40", "\u0e31", "\u1039", "\u1039\u1000", "\u17d2\u1780",
    # Entities and tags, complete and incomplete.
    "&", "&amp;", "&amp;amp;", "amp;", "&#38;", "&#x26;", "&lt;", "&lt;b&gt;", "&amp;lt;", "&nbsp;",
    "&#0;", "&#769;", "&#769;&#803;", "&bne;", "&NotEqualTilde;", "&" + "a" * 33,
    "<", "<<", ">", "<b", "<b>", "</p>", "<br/>", "<a ", "<a x=", "<a x=1 ", "<a x='", '<a x="',
    "<p x=1 y=2", " x=1", "<!--", "<!--a", "-->", "<![CDATA[", "]]>",
    # White space and punctuation.
    " ", "\u00a0", "\n", "\t", "\u2028", ".", "...", "…", ",", ";", ":", "::", "?", "/", "\\", "|",
    "-", " -", " --", "—", "–", " - ", " | ", " :: ", "_", "#", "#a", "＃", "@", "%", "%2", "%41",
    "%C3", "=", "&a=1", "'", "''", "'s", "l'", "’", '"', "\\\"", "(", "( ", "()", "[", "[…]", "{",
    "]", "(TNS) ", "(TNS) - ", "OSLO - ", "A - ",
    # Words and numbers.
    "a", "a ", "A ", "A B ", "é", "1", "1 ", "1,000", "1.1", "u.", "a-", "a.", "0x", "xn--", "ü.",
    "co.uk.", "..", "/..", "/./", "//",
)  # fmt: skip

BASE = {
    "webUrl": "https://www.ledger.example/news/1",
    "title": "Selkie aground off Northfield",
    "publishedDateTime": "2026-03-02T10:00:00Z",
}
IMAGE = {"url": "https://img.ledger.example/1.jpg"}
Build = Callable[[str], dict[str, Any]]


def _field(name: str, start: str = "") -> Build:
    return lambda text: {**BASE, name: start + text}


FIELDS: dict[str, Build] = {
    **{
        name: _field(name)
        for name in (
            "title", "publishedDateTime", "updatedDateTime", "webUrl", "type", "category", "locale",
            "source", "eventId", "secured", "quality", "unknown",
        )
    },
    "host": _field("webUrl", "https://"),
    "path": _field("webUrl", "https://ledger.example/"),
    "query": _field("ampWebUrl", "https://ledger.example/?"),
    "redirect": _field("originalUrl", "https://google.com/url?q=https://"),
    "excerpt in English": lambda text: {**BASE, "locale": "en", "excerpt": text},
    "end of an excerpt": _field("excerpt", "The harbour master said: "),
    "name of the provider": lambda text: {**BASE, "provider": {"name": text}},
    "domain of the provider": lambda text: {**BASE, "provider": {"domain": text}},
    "topic": lambda text: {**BASE, "topics": [text]},
    "URL of an image": lambda text: {**BASE, "images": [{"url": f"https://ledger.example/{text}"}]},
    "title of an image": lambda text: {**BASE, "images": [IMAGE | {"title": text}]},
    "attribution": lambda text: {**BASE, "images": [IMAGE | {"attribution": text}]},
    "private": lambda text: {**BASE, "private": {"note": text}},
    "name of a field": lambda text: {**BASE, text: 1},
    "withdrawal": lambda text: {**BASE, "withdrawn": True, "originalUrl": f"https://{text}"},
}  # fmt: skip


@cache
def _enricher() -> Enricher:
    return Enricher(load_catalogue(), "trust")


def _cost_s(payload: bytes) -> float:
    """The processor time of enriching one event."""
    enricher = _enricher()
    # The time of a collection depends on all objects of the process.
    gc.disable()
    try:
        began = time.process_time()
        enriched = enricher.enrich(RawInput(payload), 1_772_500_000)
        cost_s = time.process_time() - began
    finally:
        gc.enable()
    _assert_no_bug(enriched)
    return cost_s


def _assert_no_bug(enriched: Enriched) -> None:
    fault = enriched.arrival
    assert not isinstance(fault, Fault) or fault.reason is not Reason.INTERNAL_ERROR, fault


def _payload(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _repeat(piece: str, size: int) -> str:
    return piece * (size // len(piece.encode("utf-8", "surrogatepass")))


@cache
def _harmless_cost_s(size: int) -> float:
    """The time for an event of this size whose excerpt is ordinary prose."""
    text = _repeat("The ferry Selkie ran aground off Northfield; nobody was hurt. ", size)
    return min(_cost_s(_payload({**BASE, "excerpt": f"{text}{n}"})) for n in range(5))


def _excess(payload_of: Callable[[int], bytes]) -> str:
    """What is wrong with the cost of the events of both sizes; empty if nothing is."""
    excess = ""
    for attempt in range(ATTEMPTS):
        # Another size each time, so that no cache knows the texts.
        small, large = (payload_of(times * SIZE + attempt * 97) for times in (1, 4))
        small_s, large_s = _cost_s(small), _cost_s(large)
        if large_s < UNMEASURABLE_S:
            return ""
        harmless = large_s / max(_harmless_cost_s(4 * SIZE), 1e-4)
        if large_s < MAX_RATIO * small_s and harmless < MAX_TIMES_HARMLESS:
            return ""
        excess = f"{small_s:.4f} s, then {large_s:.4f} s, {harmless:.0f} times a harmless event"
    return excess


def _findings(build: Build, pieces: tuple[str, ...]) -> Iterator[str]:
    for piece in pieces:
        excess = _excess(lambda size, piece=piece: _payload(build(_repeat(piece, size))))  # type: ignore[misc]
        if excess:
            yield f"{piece!r}: {excess}"


@pytest.mark.parametrize("field", FIELDS)
def test_a_repeated_text_costs_linear_time(field: str) -> None:
    assert list(_findings(FIELDS[field], PIECES)) == []


@pytest.mark.parametrize("field", ["title", "excerpt in English", "path", "host"])
def test_two_texts_in_turn_cost_linear_time(field: str) -> None:
    random = Random(7)
    pairs = tuple("".join(random.sample(PIECES, 2)) for _ in range(60))
    assert list(_findings(FIELDS[field], pairs)) == []


def _items(form: str, size: int) -> str:
    count = size // len(form)
    return ",".join(form.replace("#", str(number)) for number in range(count))


START = json.dumps(BASE)[:-1]
LISTS = ["1", "null", "{}", "[]", '"t#"', '{"url":"https://a.example/#","title":1}', '"\\ud800"']
WIDE = '"k#":1'
VALUES: dict[str, Callable[[str, int], str]] = {
    "a wide object": lambda name, size: f'"{name}":{{{_items(WIDE, size)}}}',
    "a deep list": lambda name, size: f'"{name}":' + "[" * (size // 2) + "]" * (size // 2),
    "deep lists": lambda name, size: f'"{name}":[{_items("[" * 60 + "]" * 60, size)}]',
    "a great number": lambda name, size: f'"{name}":{"1" * size}',
    "a long fraction": lambda name, size: f'"{name}":0.{"1" * size}',
    "many great numbers": lambda name, size: f'"{name}":["\\ud800",{_items("1" * 400, size)}]',
    "one name many times": lambda name, size: _items(f'"{name}":[1]', size),
    "an open string": lambda name, size: f'"{name}":[{"[" * 40}"{"a" * size}',
    "an escaped string": lambda name, size: f'"{name}":["{"[" * 80}{chr(92) * 2 * (size // 2)}"]',
    **{
        f"a list of {form}": lambda name, size, form=form: f'"{name}":[{_items(form, size)}]'  # type: ignore[misc]
        for form in LISTS
    },
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_lists_objects_and_numbers_cost_linear_time(value: str) -> None:
    findings = {
        name: excess
        for name in ("topics", "images", "provider", "private", "excerpt", "unknown")
        if (excess := _excess(lambda size, n=name: f"{START},{VALUES[value](n, size)}}}".encode()))  # type: ignore[misc]
    }
    assert findings == {}


WORST = {
    "marks": "\u0301\u0323",
    "escaped marks": "&amp;amp;amp;#769;&amp;amp;amp;#803;",
    "open tags": "<",
    "emoji": "\U0001f469\u200d",
}


@pytest.mark.parametrize("kind", WORST)
def test_an_event_of_the_greatest_size_costs_at_most_two_seconds(kind: str) -> None:
    payload = _payload({**BASE, "excerpt": _repeat(WORST[kind], 1_044_000)})
    assert min(_cost_s(payload) for _ in range(2)) < 2
