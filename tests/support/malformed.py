"""A catalogue of malformed article events, and of unusual but valid ones, as raw bytes.

Out: `cases()` gives each payload with the only outcome that the contract allows. It never imports
newsloom, so that it can test any decoder of the format. It omits cases that the
contract does not define: a host with a trailing dot, white space around a URL, brackets that are
too deep and never closed.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.malformed_fields import (
    BAD_TIMES,
    BAD_URLS,
    FAULTY,
    FINE,
    FINE_TIMES,
    FINE_URLS,
    TITLES,
)
from tests.support.malformed_json import (
    ABSENT,
    FULL,
    GOOD,
    NOT_STRINGS,
    Json,
    nested,
    record,
    text,
)
from tests.support.malformed_records import GOOD_TEXT, NOT_JSON, NOT_OBJECTS, NOT_UTF8, TOO_DEEP

WHOLE_RECORD_REASONS = ("too-large", "not-utf8", "not-json", "too-deep", "not-an-object")
FIELD_REASONS = ("missing", "wrong-type", "blank", "too-long", "bad-url", "bad-time")
REQUIRED = ("webUrl", "title", "publishedDateTime")
MAX_RECORD_BYTES = 1_048_576
MAX_DEPTH = 64


@dataclass(frozen=True)
class Case:
    """One payload and its expected outcome.

    With a `reason`, it becomes a dead letter with this reason and `field` (None for faults of the
    whole record). Without one, it is accepted, and exactly `faulty_fields` (top-level names,
    sorted, each once) are counted as faulty; each is dropped, or its faulty elements are.
    """

    name: str
    payload: bytes
    reason: str | None
    field: str | None
    faulty_fields: tuple[str, ...] = ()


def _dead(reason: str, field: str | None, words: str, payload: bytes) -> Case:
    where = f"{field} {reason}" if field else reason
    return Case(f"{where}: {words}", payload, reason, field)


def _fine(words: str, payload: bytes) -> Case:
    return Case(f"fine: {words}", payload, None, None)


def _required_fields() -> Iterator[Case]:
    for field in REQUIRED:
        yield _dead("missing", field, "absent", record(**{field: ABSENT}))
        yield _dead("missing", field, "null", record(**{field: None}))
        yield _dead("missing", field, "absent among all others", record(FULL, **{field: ABSENT}))
        for words, value in NOT_STRINGS:
            yield _dead("wrong-type", field, words, record(**{field: value}))
        for words, value in (("empty list", []), ("forty lists deep", nested(40))):
            yield _dead("wrong-type", field, words, record(**{field: value}))
    for field in ("webUrl", "publishedDateTime"):
        for words, value in (("empty", ""), ("spaces", "  ")):
            yield _dead("blank", field, words, record(**{field: value}))
    for epoch in (0, 1772445600, 1772445600000, -1, 1772445600.5):
        yield _dead("wrong-type", "publishedDateTime", f"{epoch}", record(publishedDateTime=epoch))
    for title_words, reason, title in TITLES:
        payload = record(title=title)
        words = f"title {title_words}"
        yield _dead(reason, "title", title_words, payload) if reason else _fine(words, payload)


def _urls_and_times() -> Iterator[Case]:
    for words, url in BAD_URLS:
        yield _dead("bad-url", "webUrl", words, record(webUrl=url))
    for length in (2_049, 3_000, 100_000):
        url = "https://daily.example/" + "a" * (length - 22)
        yield _dead("too-long", "webUrl", f"{length:,} characters", record(webUrl=url))
    for words, url in FINE_URLS:
        yield _fine(f"webUrl {words}", record(webUrl=url))
    for words, time in BAD_TIMES:
        yield _dead("bad-time", "publishedDateTime", words, record(publishedDateTime=time))
    for words, time in FINE_TIMES:
        yield _fine(f"publishedDateTime {words}", record(publishedDateTime=time))


def _several_faults() -> Iterator[Case]:
    bad: dict[str, tuple[str, Any]] = {
        "webUrl": ("bad-url", "/relative"),
        "title": ("blank", " "),
        "publishedDateTime": ("bad-time", "yesterday"),
    }
    yield _dead("missing", "webUrl", "empty object", b"{}")
    yield _dead("missing", "webUrl", "only unknown fields", b'{"a":1,"b":[2]}')
    for first, second in (REQUIRED[:2], REQUIRED[1:], (REQUIRED[0], REQUIRED[2])):
        reason, value = bad[first]
        yield _dead(
            reason, first, f"before {second} absent", record(**{first: value, second: ABSENT})
        )
        reversed_record = {second: bad[second][1], first: value}
        rest = {name: GOOD[name] for name in REQUIRED if name not in reversed_record}
        named_late = text(reversed_record | rest).encode()
        yield _dead(reason, first, f"before {second} though written after it", named_late)
    yield _dead("missing", "title", "beside a faulty quality", record(title=None, quality="x"))
    not_withdrawn = record(withdrawn="true", title=ABSENT)
    yield _dead("missing", "title", "withdrawn is a word, not true", not_withdrawn)
    yield _dead("missing", "title", "withdrawn false", record(withdrawn=False, title=ABSENT))
    yield _dead("missing", "webUrl", "withdrawn", record(withdrawn=True, webUrl=ABSENT))
    yield _dead("bad-url", "webUrl", "withdrawn", record(withdrawn=True, webUrl="ftp://a.example/"))
    twice = GOOD_TEXT[:-1] + ',"title":"   "}'
    yield _dead("blank", "title", "given twice, the last blank", twice.encode())
    yield _fine("title given twice, the first a number", b'{"title":7,' + GOOD_TEXT[1:].encode())
    escaped = GOOD_TEXT.replace('"title"', r'"\u0074itle"')
    yield _fine("name written with an escape", escaped.encode())


def _optional_fields() -> Iterator[Case]:
    for field, rows in FAULTY.items():
        for words, value in rows:
            yield Case(f"faulty {field}: {words}", record(**{field: value}), None, None, (field,))
    yield Case(
        "faulty quality and type", record(quality="x", type=7), None, None, ("quality", "type")
    )
    every = {field: rows[0][1] for field, rows in FAULTY.items()}
    yield Case("faulty in every optional field", record(**every), None, None, tuple(sorted(FAULTY)))
    for words, changes in FINE:
        yield _fine(words, record(**changes))


def _whole_records() -> Iterator[Case]:
    for reason, rows in (("not-an-object", NOT_OBJECTS), ("not-json", NOT_JSON)):
        for words, payload_text in rows:
            yield _dead(reason, None, words, payload_text.encode())
    for words, payload in NOT_UTF8:
        yield _dead("not-utf8", None, words, payload)
    yield _dead("not-json", None, "UTF-16 without its mark", GOOD_TEXT.encode("utf-16-le"))
    for words, payload in TOO_DEEP:
        yield _dead("too-deep", None, words, payload)
    good = GOOD_TEXT.encode()
    yield _fine("byte order mark", b"\xef\xbb\xbf" + good)
    yield _fine("spaces, tabs and line ends around", b" \t\r\n" + good + b"\r\n")
    spread = json.dumps(GOOD, indent="\t").replace("\n", "\r\n")
    yield _fine("one record over several CR LF lines", spread.encode())
    raw = json.dumps(FULL, ensure_ascii=False)
    yield _fine("raw UTF-8 beside escapes", raw.replace("Ferries", r"\u0046erries").encode())
    yield _fine(
        "raw DEL and line separator in a string", good.replace(b" bridge", b"\x7f\xe2\x80\xa8")
    )


def _sizes() -> Iterator[Case]:
    good, limit = GOOD_TEXT.encode(), MAX_RECORD_BYTES
    yield _fine("exactly 1 MiB of padding", good.ljust(limit))
    filled = record(x="a" * (limit - len(record(x=""))))
    yield _fine("exactly 1 MiB in an unknown field", filled)
    yield _dead("too-large", None, "1 MiB and one byte of padding", good.ljust(limit + 1))
    yield _dead("too-large", None, "1 MiB and one byte", filled[:-2] + b'a"}')
    in_bytes = json.dumps(GOOD | {"x": "\u00e9" * 600_000}, ensure_ascii=False).encode()
    yield _dead("too-large", None, "600,000 characters of two bytes", in_bytes)
    yield _dead("too-large", None, "10 MB of excerpt", record(excerpt="a" * 10_000_000))
    yield _dead("too-large", None, "10 MB of list", record(x=Json("[" + "1," * 5_000_000 + "1]")))
    yield _dead("too-large", None, "2 MB of opening brackets", b"[" * 2_000_000)
    yield _dead("too-large", None, "2 MB not UTF-8", b"\xff" * 2_000_000)
    yield _dead("too-large", None, "2 MB of NULs", bytes(2_000_000))


def _damaged() -> Iterator[Case]:
    """Truncated payloads, and payloads with one changed byte, whose outcome is certain.

    A proper prefix of a compact object is never JSON; a single byte above 7f among ASCII is never
    UTF-8; a control character is never JSON, inside or outside a string.
    """
    raw = text(FULL).replace(r"\u2014", "\u2014").replace(r"\u00e9", "\u00e9").encode()
    for end in range(1, len(raw), 17):
        yield _dead(
            "not-json" if _is_utf8(raw[:end]) else "not-utf8", None, f"cut at {end}", raw[:end]
        )
    dash = raw.index("\u2014".encode())
    for end in (dash + 1, dash + 2, raw.index("\u00e9".encode()) + 1):
        yield _dead("not-utf8", None, f"cut inside a character, at {end}", raw[:end])
    yield _dead("not-json", None, "cut before the last brace", raw[:-1])
    ascii_record, chance = record(FULL), random.Random(20260302)
    for at in sorted(chance.sample(range(len(ascii_record)), 30)):
        high = bytes([ascii_record[at] | 0x80])
        low = bytes([chance.randrange(1, 9)])
        before, after = ascii_record[:at], ascii_record[at + 1 :]
        yield _dead("not-utf8", None, f"high bit set at {at}", before + high + after)
        yield _dead("not-json", None, f"control character at {at}", before + low + after)


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


@cache
def cases() -> tuple[Case, ...]:
    """All cases in a fixed order, with the same payloads in every run."""
    return (
        *_required_fields(),
        *_urls_and_times(),
        *_several_faults(),
        *_optional_fields(),
        *_whole_records(),
        *_sizes(),
        *_damaged(),
    )
