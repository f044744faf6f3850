"""Key files: each mistake is reported with file and line, and no secret is quoted."""

import os
from pathlib import Path

import pytest

from newsloom.adapters.failures import KeysError, OutageError
from newsloom.adapters.sealing.key_file import add_key, load_keyring, new_key
from newsloom.adapters.sealing.keyring import SealingKey

ONE, TWO = (SealingKey(bytes([n]) * 32).line for n in (1, 2))
ID, _, SECRET = ONE.partition(":")

# reason: (the content of the file, the message after its name)
MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", " contains no key"),
    "a comment only": (b"# none yet\n\n", " contains no key"),
    "a secret without its id": (f"{SECRET}\n".encode(), ":1: not a key"),
    "an id without its secret": (f"\n{ID}\n".encode(), ":2: not a key"),
    "the end cut off": (f"{TWO}\n{ONE[:-2]}\n".encode(), ":2: not a key"),
    "a letter altered": (ONE.replace("AQEB", "AQEC", 1).encode(), ":1: not a key"),
    "another key's id": (f"{TWO[:8]}:{SECRET}".encode(), ":1: not a key"),
    "a digit of the id altered": (f"{int(ID, 16) ^ 1:08x}:{SECRET}".encode(), ":1: not a key"),
    "an id in capitals": (f"{ID.upper()}:{SECRET}".encode(), ":1: not a key"),
    "two in a line": (f"{ONE} {TWO}".encode(), ":1: not a key"),
    "a word after it": (f"{ONE} # the old one".encode(), ":1: not a key"),
    "31 bytes": (b"0a0a0a0a:" + b"A" * 42 + b"==", ":1: not a key"),
    "a key twice": (f"{ONE}\n# again\n{ONE}\n".encode(), f":3: key {ID} is already on line 1"),
    "not UTF-8": (f"{ONE}\n".encode() + b"\xff\xfe", ":2: not UTF-8"),
    "another file altogether": (b"-----BEGIN CERTIFICATE-----\n", ":1: not a key"),
    "a large one": (b"#" * 70_000, ": larger than 64 KiB"),
}


@pytest.mark.parametrize("reason", MALFORMED)
def test_a_mistake_is_reported_with_file_and_line(tmp_path: Path, reason: str) -> None:
    content, complaint = MALFORMED[reason]
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(KeysError) as caught:
        load_keyring(None, file)
    message = str(caught.value)
    assert message.startswith(f"{file}{complaint}"), message
    assert "\n" not in message
    assert "; " in message, "the message names the fix"
    assert SECRET[:8] not in message


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    for file in (tmp_path / "missing", tmp_path):
        with pytest.raises(KeysError, match=f"^{file}: cannot be read"):
            load_keyring(None, file)


def test_keys_in_two_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="are both set"):
        load_keyring(ONE, tmp_path / "keys")


@pytest.mark.parametrize("between", [",", " ", "\n", ", ", "\r\n"], ids=repr)
def test_keys_in_the_environment_are_read(between: str) -> None:
    keyring = load_keyring(f"{ONE}{between}{TWO}", None)
    assert keyring is not None
    assert keyring.ids == [ONE[:8], TWO[:8]]


def test_a_mistake_in_the_environment_is_reported_with_the_number_of_the_key() -> None:
    with pytest.raises(KeysError, match=r"^NEWSLOOM_SEALING_KEYS:2: not a key"):
        load_keyring(f"{ONE},{SECRET}", None)
    with pytest.raises(KeysError, match=r"^NEWSLOOM_SEALING_KEYS contains no key"):
        load_keyring(" , ", None)


def test_without_keys_there_is_no_keyring() -> None:
    assert load_keyring(None, None) is None


def test_a_new_file_can_be_read_only_by_its_owner(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        add_key(file := tmp_path / "keys", new_key())
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n# the last\n"], ids=repr)
def test_a_key_is_added_at_the_end_and_the_rest_stays(tmp_path: Path, end: str) -> None:
    file, key = tmp_path / "keys", new_key()
    before = f"# ours\n{ONE}{end}".encode()
    file.write_bytes(before)
    file.chmod(0o600)
    add_key(file, key)
    assert file.read_bytes().startswith(before)
    keyring = load_keyring(None, file)
    assert keyring is not None
    assert keyring.ids == [ID, key.id]


# reason: (the content of the file, its mode, words of the message)
NOT_ADDED: dict[str, tuple[str, int, str]] = {
    "others can read it": (ONE, 0o640, "others can read it; run `chmod 600"),
    "a mistake in it": (f"{ONE}\nno key\n", 0o600, ":2: not a key"),
}


@pytest.mark.parametrize("reason", NOT_ADDED)
def test_an_invalid_file_is_not_changed(tmp_path: Path, reason: str) -> None:
    content, mode, words = NOT_ADDED[reason]
    file = tmp_path / "keys"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(KeysError) as caught:
        add_key(file, new_key())
    assert words in str(caught.value)
    assert file.read_text() == content


def test_a_file_that_cannot_be_written_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(OutageError, match="cannot write"):
        add_key(tmp_path / "missing" / "keys", new_key())
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutageError, match="cannot write"):
        add_key(tmp_path / "link", new_key())


def test_new_keys_differ() -> None:
    assert len({new_key().line for _ in range(100)}) == 100
