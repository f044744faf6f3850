"""Sealing with AES-256-GCM: a private object in, a `secured` string out, and the way back.

`secured` is `base64(ciphertext);base64(nonce);keyId`. Deterministic: the nonce is made of what is
sealed, so replays are identical. It never logs, and no secret is in any text it makes but
`SealingKey.line`.
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
"""96 bits, as GCM wants them (NIST SP 800-38D, 8.2)."""
_ID_BYTES = 4
_DIGEST_BYTES = 16
_LINE = re.compile(r"([0-9a-f]{8}):([A-Za-z0-9+/]{43}=)")


class SealFault(StrEnum):
    """Why a seal cannot be opened."""

    NO_KEY = "no-key"
    ALTERED = "altered"


class SealingKey:
    """One key. Its id follows from its secret, so that neither can be altered unnoticed."""

    def __init__(self, secret: bytes) -> None:
        """Derives from 32 secret bytes a key for each use, and the id (HKDF, RFC 5869)."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes")
        self.id = _derive(secret, "id", _ID_BYTES).hex()
        self._secret = secret
        self._cipher = AESGCM(_derive(secret, "encryption", 32))
        self._nonce_key = _derive(secret, "nonce", 32)
        self._digest_key = _derive(secret, "digest", 32)

    @classmethod
    def from_line(cls, line: str) -> "SealingKey | None":
        """The key that `line` holds; None if it is not of that form, or id and secret differ."""
        found = _LINE.fullmatch(line)
        if found is None:
            return None
        key = cls(b64decode(found[2]))
        return key if key.line == line else None

    @property
    def line(self) -> str:
        """The key as text, its secret included: `id:base64`."""
        return f"{self.id}:{b64encode(self._secret).decode()}"

    def seal(self, plaintext: bytes, associated: bytes) -> str:
        """The seal. The nonce is the first 96 bits of an HMAC-SHA-256 over all that is sealed."""
        # Associated data hold no zero byte: the two cannot run into each other.
        nonce = hmac.digest(self._nonce_key, associated + b"\0" + plaintext, "sha256")[:NONCE_BYTES]
        ciphertext = self._cipher.encrypt(nonce, plaintext, associated)
        return f"{b64encode(ciphertext).decode()};{b64encode(nonce).decode()};{self.id}"

    def open(self, ciphertext: bytes, nonce: bytes, associated: bytes) -> bytes:
        """The plaintext. Raises InvalidTag or ValueError if anything was altered."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError("not one of our nonces")
        return self._cipher.decrypt(nonce, ciphertext, associated)

    def digest(self, plaintext: bytes, article_id: str) -> str:
        """What tells equal plaintexts of an article, to nobody who could then guess at them."""
        text = article_id.encode() + b"\0" + plaintext
        return hmac.digest(self._digest_key, text, "sha256")[:_DIGEST_BYTES].hex()


class Keyring:
    """The keys of an installation, oldest first. The newest seals, all of them open.

    The oldest makes the digests, so that a newer key beside it makes no event a new revision.
    """

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        """Takes at least one key."""
        self._by_id = {key.id: key for key in keys}
        self._oldest, self._newest = keys[0], keys[-1]

    @property
    def ids(self) -> list[str]:
        """The ids of the keys, oldest first."""
        return list(self._by_id)

    def seal(self, private: dict[str, Any], article_id: str) -> Seal:
        """The seal of an article's private object; the order of its names does not count."""
        plaintext = orjson.dumps(private, option=orjson.OPT_SORT_KEYS)
        secured = self._newest.seal(plaintext, _associated_data(article_id, SCHEMA_VERSION))
        return Seal(secured, self._oldest.digest(plaintext, article_id))

    def unseal(
        self, secured: str, article_id: str, schema_version: int
    ) -> dict[str, Any] | SealFault:
        """The private object, or why it cannot be had. Raises nothing, whatever comes.

        `schema_version` is that of the record which carries the seal, and may be the later one.
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
    """The bytes of base64 text. Raises ValueError unless they are written so and not otherwise."""
    decoded = b64decode(text, validate=True)
    if b64encode(decoded).decode() != text:
        raise ValueError("spare bits are set")
    return decoded
