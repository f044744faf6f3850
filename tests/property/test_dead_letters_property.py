"""A dead letter of any input fits into its topic, and says what of the input it lacks."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from newsloom.records.faults import Fault, Reason
from newsloom.runtimes.kafka.clients.messages import KEPT_BYTES, Headers, Outgoing, dead_letter
from newsloom.runtimes.kafka.topics.definitions import DEAD_LETTERS

MIB = 1024 * 1024


@dataclass
class Input:
    key: bytes | None
    value: bytes | None
    headers: Headers
    topic: str = "news.article-events.v1"
    partition: int = 2**31 - 1
    offset: int = 2**63 - 1
    timestamp: int = 0


def sizes(most: int) -> Any:
    """Sizes in bytes, and None for null."""
    edges = st.sampled_from(
        [None, 0, 1, 128, KEPT_BYTES - 1, KEPT_BYTES + 1, 2 * MIB, 7 * MIB // 2]
    )
    near = st.integers(-3000, 3000).map(lambda more: DEAD_LETTERS.max_bytes + more)
    return st.one_of(edges, near, st.integers(0, most))


NAMES = ["a", "ÿ" * 9, "b" * 70_000, "newsloom.reason"]
HEADERS = st.lists(st.tuples(st.integers(0, len(NAMES) - 1), sizes(6 * MIB)), max_size=4)


def filled(size: int | None) -> bytes | None:
    return None if size is None else bytes(size)


@given(sizes(6 * MIB), sizes(9 * MIB), HEADERS, st.integers(0, 30_000))
@settings(max_examples=100, deadline=None)
def test_a_dead_letter_always_fits_into_its_topic(
    key_size: int | None, value_size: int | None, headers: list[Any], further: int
) -> None:
    key, value = filled(key_size), filled(value_size)
    own = [(NAMES[number], filled(size)) for number, size in headers] + [("", None)] * further
    fault = Fault(Reason.TOO_LARGE, "webUrl", "é" * 500)
    letter = dead_letter("t", 0, Input(key, value, own), fault, "s" * 64)
    sent_bytes = len(as_sent(letter))
    assert sent_bytes <= DEAD_LETTERS.max_bytes
    stated = dict(letter.headers[-12:])
    own = [header for header in own if header[0] != "newsloom.reason"]
    if "newsloom.truncated" not in stated:
        assert (letter.key == key, letter.value == value) == (True, True)
        assert list(letter.headers[: len(own)]) == own
        return
    whole = Outgoing("t", 0, key, value, [*own, *letter.headers[-9:]])
    assert len(as_sent(whole)) > DEAD_LETTERS.max_bytes - 1000
    assert stated["newsloom.truncated"] == b"true"
    assert letter.key == (key and key[:KEPT_BYTES])
    assert (value is None) == (letter.value is None)
    if value is not None and letter.value is not None:
        assert len(letter.value) >= min(len(value), KEPT_BYTES)
        assert value.startswith(letter.value)
        assert stated["newsloom.size"] == str(len(value)).encode()
        assert stated["newsloom.sha256"] == hashlib.sha256(value).hexdigest().encode()
    for (name, header), _ in (Counter(own) - Counter(letter.headers)).items():
        missing = len(name.encode()) + len(header or b"") + 30
        assert sent_bytes + missing > DEAD_LETTERS.max_bytes


def as_sent(letter: Any) -> bytes:
    """The batch in which a dead letter is sent alone."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, -1, -1, 0, 16_384)
    builder.append(0, None, letter.key, letter.value, list(letter.headers))
    return bytes(builder.build())
