"""A JSON array is split into its elements wherever its bytes are divided into chunks."""

import pytest

from newsloom.adapters.inputs import arrays
from newsloom.adapters.inputs.chunks import DamagedError
from newsloom.adapters.inputs.digests import PartDigest

ELEMENTS = [
    rb'{"a": "]}, [", "b": [1, {"c": "\\"}], "d": "\""}',
    b"{}",
    b"[[], 1]",
    b"12.5e3",
    b'"x,]\\""',
    b"null",
    b"}{",
]


def split(text: bytes, chunk_bytes: int = 1 << 20) -> list[bytes]:
    chunks = (text[at : at + chunk_bytes] for at in range(0, len(text), chunk_bytes))
    return [element for element in arrays.split_array(chunks, PartDigest(), False) if element]


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("separator", [b",", b" ,\n\t"])
def test_elements_are_found_in_any_chunks(chunk_bytes: int, separator: bytes) -> None:
    elements = ELEMENTS[:-1]
    assert split(b"[" + separator.join(elements) + b"]\n", chunk_bytes) == elements


def test_empty_array_and_commas_without_elements_hold_nothing() -> None:
    assert split(b"[ ]") == []
    assert split(b"[1,,2,]") == [b"1", b"2"]


def test_faulty_element_does_not_affect_its_neighbours() -> None:
    assert split(b'[1,{"a":1],{"b" 2},nul,2]') == [b"1", b'{"a":1]', b'{"b" 2}', b"nul", b"2"]


BROKEN = {
    b'[{"a": 1}, {"b": ': "ends at byte 17 before the ]",
    b"[1, 2": "ends at byte 5 before the ]",
    b"[{} {}]": "neither , nor ] .* at byte 5",
    b'[{}]\n{"a": 1}': "text after the ] .* at byte 6",
    b'["a': "ends at byte 3 before the ]",
}


@pytest.mark.parametrize("text", BROKEN)
def test_broken_array_is_an_error_that_names_the_place(text: bytes) -> None:
    for chunk_bytes in (1, 100):
        with pytest.raises(DamagedError, match=BROKEN[text]):
            split(text, chunk_bytes)


def test_only_the_beginning_of_a_huge_element_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_KEPT_BYTES", 10)
    assert split(b'["' + b"x" * 1_000 + b'", 1]', 7) == [b'"xxxxxxxxx', b"1"]


def test_silent_pipe_gives_none() -> None:
    digest = PartDigest()
    elements = arrays.split_array(iter([b"[1,", None, b"2", None, b",3]"]), digest, False)
    assert list(elements) == [b"1", None, None, b"2", b"3"]
    assert digest.size == 7
