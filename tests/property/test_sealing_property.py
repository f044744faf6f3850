"""A seal opens to the sealed object; an altered seal does not open."""

from base64 import b64decode, b64encode
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from newsloom.adapters.sealing.keyring import Keyring, SealFault, SealingKey
from newsloom.records.curated import SCHEMA_VERSION

KEYRING = Keyring([SealingKey(bytes([n]) * 32) for n in (1, 2, 3)])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PRIVATE = st.dictionaries(TEXT, VALUES, max_size=4)
IDENTS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(private=PRIVATE, ident=IDENTS)
def test_a_seal_opens_to_the_sealed_object(private: dict[str, Any], ident: str) -> None:
    seal = KEYRING.seal(private, ident)
    assert KEYRING.unseal(seal.secured, ident, SCHEMA_VERSION) == private


@given(private=PRIVATE, ident=IDENTS, data=st.data())
@settings(max_examples=200)
def test_a_seal_with_any_bit_flipped_does_not_open(
    private: dict[str, Any], ident: str, data: st.DataObject
) -> None:
    secured, version = KEYRING.seal(private, ident).secured, SCHEMA_VERSION
    parts = secured.split(";")
    where = data.draw(st.sampled_from(["ciphertext", "nonce", "text", "key", "ident", "version"]))
    if where in ("ciphertext", "nonce"):
        index = ("ciphertext", "nonce").index(where)
        parts[index] = b64encode(_flip(b64decode(parts[index]), data)).decode()
        secured = ";".join(parts)
    elif where == "text":
        secured = _flip(secured.encode(), data).decode("latin-1")
    elif where == "key":
        secured = ";".join([*parts[:2], _flip(parts[2].encode(), data).decode("latin-1")])
    elif where == "ident":
        ident = _flip(ident.encode(), data).decode("latin-1")
    else:
        version ^= 1 << data.draw(st.integers(0, 62))
    opened = KEYRING.unseal(secured, ident, version)
    assert isinstance(opened, SealFault)
    if where in ("ciphertext", "nonce", "ident", "version"):
        assert opened is SealFault.ALTERED
    if where == "key":
        assert opened is SealFault.NO_KEY


@given(private=PRIVATE, ident=IDENTS)
def test_a_seal_with_the_id_of_another_key_does_not_open(
    private: dict[str, Any], ident: str
) -> None:
    secured = KEYRING.seal(private, ident).secured
    for key_id in KEYRING.ids[:-1]:
        altered = f"{secured[:-8]}{key_id}"
        assert KEYRING.unseal(altered, ident, SCHEMA_VERSION) is SealFault.ALTERED


@given(secured=st.text(), ident=st.text(), version=st.integers())
def test_opening_any_text_never_raises(secured: str, ident: str, version: int) -> None:
    for key_id in ("", ";" + KEYRING.ids[0]):
        assert isinstance(KEYRING.unseal(secured + key_id, ident, version), SealFault)


def _flip(content: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)
