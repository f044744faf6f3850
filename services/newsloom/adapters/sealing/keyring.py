"""Seals private objects with AES-256-GCM, and opens seals.

In: a private object. Out: a `secured` string, `base64(ciphertext);base64(nonce);keyId`; or the
reverse. It is deterministic: the nonce is computed from the sealed data, so replays are identical.
It never logs. The only text with a secret that it returns is `SealingKey.line`.
"""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from newsloom.pipeline.sealing import Seal
from newsloom.records.curated import SCHEMA_VERSION

SECRET_BYTES = 32
NONCE_BYTES = 12
"""96 bits, the recommended nonce length of GCM (NIST SP 800-38D, 8.2)."""
_ID_BYTES = 4
_DIGEST_BYTES = 16
_LINE = re.compile(r"([0-9a-f]{8}):([A-Za-z0-9+/]{43}=)")


class SealFault(StrEnum):
    """Why a seal cannot be opened: no key with its id is known, or it was altered."""

    NO_KEY = "no-key"
    ALTERED = "altered"


class SealingKey:
    """One key. Its id is derived from its secret, so that a change of either is noticed."""

    def __init__(self, secret: bytes) -> None:
        """Derives the id and one key for each use from 32 secret bytes (HKDF, RFC 5869)."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret must have {SECRET_BYTES} bytes")
        self.id = _derive(secret, "id", _ID_BYTES).hex()
        self._secret = secret
        self._cipher = AESGCM(_derive(secret, "encryption", 32))
        self._nonce_key = _derive(secret, "nonce", 32)
        self._digest_key = _derive(secret, "digest", 32)

    @classmethod
    def from_line(cls, line: str) -> "SealingKey | None":
        """The key in `line`; None if the form is wrong or the id does not match the secret."""
        found = _LINE.fullmatch(line)
        if found is None:
            return None
        key = cls(b64decode(found[2]))
        return key if key.line == line else None

    @property
    def line(self) -> str:
        """The key as text, `id:base64`. It contains the secret."""
        return f"{self.id}:{b64encode(self._secret).decode()}"

    def seal(self, plaintext: bytes, associated: bytes) -> str:
        """Seals `plaintext` and authenticates `associated`; returns the `secured` string.

        The nonce is the first 96 bits of an HMAC-SHA-256 over both.
        """
        # Associated data contain no zero byte, so the boundary between the two is unambiguous.
        nonce = hmac.digest(self._nonce_key, associated + b"\0" + plaintext, "sha256")[:NONCE_BYTES]
        ciphertext = self._cipher.encrypt(nonce, plaintext, associated)
        return f"{b64encode(ciphertext).decode()};{b64encode(nonce).decode()};{self.id}"

    def open(self, ciphertext: bytes, nonce: bytes, associated: bytes) -> bytes:
        """Returns the plaintext. Raises InvalidTag or ValueError if anything was altered."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce must have {NONCE_BYTES} bytes")
        return self._cipher.decrypt(nonce, ciphertext, associated)

    def digest(self, plaintext: bytes, article_id: str) -> str:
        """A digest, equal for equal plaintexts of an article. Testing a guess needs the key."""
        text = article_id.encode() + b"\0" + plaintext
        return hmac.digest(self._digest_key, text, "sha256")[:_DIGEST_BYTES].hex()


class Keyring:
    """The keys of an installation, oldest first. The newest key seals; every key can open.

    The oldest key computes the digests, so that adding a key does not turn replayed events into new
    revisions.
    """

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        """`keys` must not be empty."""
        self._by_id = {key.id: key for key in keys}
        self._oldest, self._newest = keys[0], keys[-1]

    @property
    def ids(self) -> list[str]:
        """The ids of the keys, oldest first."""
        return list(self._by_id)

    def seal(self, private: dict[str, Any], article_id: str) -> Seal:
        """Seals an article's private object. The order of the object's names has no effect."""
        plaintext = orjson.dumps(private, option=orjson.OPT_SORT_KEYS)
        secured = self._newest.seal(plaintext, _associated_data(article_id, SCHEMA_VERSION))
        return Seal(secured, self._oldest.digest(plaintext, article_id))

    def unseal(
        self, secured: str, article_id: str, schema_version: int
    ) -> dict[str, Any] | SealFault:
        """The private object, or why the seal cannot be opened. Raises nothing for any input.

        `schema_version` is that of the record with the seal. The seal may be of an earlier version.
        """
        sealed, _, key_id = secured.rpartition(";")
        key = self._by_id.get(key_id)
        if key is None:
            return SealFault.NO_KEY
        if not 1 <= schema_version <= SCHEMA_VERSION:
            return SealFault.ALTERED
        for version in range(schema_version, 0, -1):
            try:
                ciphertext, nonce = map(_decode, sealed.split(";"))
                plaintext = key.open(ciphertext, nonce, _associated_data(article_id, version))
                private: dict[str, Any] = orjson.loads(plaintext)
                return private
            except (ValueError, InvalidTag):
                continue
        return SealFault.ALTERED


def _derive(secret: bytes, use: str, length: int) -> bytes:
    info = f"newsloom sealing v1 {use}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


def _associated_data(article_id: str, schema_version: int) -> bytes:
    return f"{article_id};{schema_version}".encode()


def _decode(text: str) -> bytes:
    """The bytes of base64 text. Raises ValueError unless it is the canonical encoding."""
    decoded = b64decode(text, validate=True)
    if b64encode(decoded).decode() != text:
        raise ValueError("not the canonical base64 encoding")
    return decoded
