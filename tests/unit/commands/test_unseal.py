"""`newsloom unseal`: exit code and message for a wrong key, an altered seal and unusable input."""

from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from newsloom.adapters.sealing.keyring import Keyring, SealingKey
from newsloom.commands.unseal import unseal

KEY, OTHER = (SealingKey(bytes([n]) * 32) for n in (1, 2))
IDENT = "0123456789abcdef" * 2
SECURED = Keyring([KEY]).seal({"desk": "night"}, IDENT).secured
RECORD = {"title": "Ferry aground", "secured": SECURED, "id": IDENT, "schemaVersion": 1}


def _unseal(given: bytes, *arguments: str, keys: str | None = KEY.line) -> Result:
    environment = {"NEWSLOOM_SEALING_KEYS": keys, "NEWSLOOM_SEALING_KEYS_FILE": None}
    return CliRunner().invoke(unseal, arguments, input=given, env=environment)


def _without(name: str) -> dict[str, Any]:
    return {n: value for n, value in RECORD.items() if n != name}


# reason: (the input, the arguments)
OPENED: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "a record": (orjson.dumps(RECORD), ()),
    "a record over several lines": (orjson.dumps(RECORD, option=orjson.OPT_INDENT_2), ()),
    "a record that names no version": (orjson.dumps(_without("schemaVersion")), ()),
    "a record that names no article": (orjson.dumps(_without("id")), ("--id", IDENT)),
    "a document": (f'---\nid: {IDENT}\nsecured: "{SECURED}"\n---\n'.encode(), ()),
    "a bare seal": (SECURED.encode() + b"\n", ("--id", IDENT)),
    "a bare seal in quotes": (orjson.dumps(SECURED), ("--id", IDENT)),
}


@pytest.mark.parametrize("reason", OPENED)
def test_the_sealed_object_is_printed(reason: str) -> None:
    given, arguments = OPENED[reason]
    ended = _unseal(given, *arguments)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert orjson.loads(ended.stdout) == {"desk": "night"}


# reason: (the changed fields of the record, the exit code, words of the line)
ALTERED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a letter": ({"secured": SECURED.replace(SECURED[0], "_", 1)}, 4, "it was altered"),
    "cut off at the front": ({"secured": SECURED[4:]}, 4, "it was altered"),
    "another article's": ({"id": IDENT[::-1]}, 4, "belongs to another article"),
    "another version": ({"schemaVersion": 2}, 4, "it was altered"),
    "version 0": ({"schemaVersion": 0}, 4, "it was altered"),
    "another key's": ({"secured": SECURED[:-8] + "0a0a0a0a"}, 3, "key 0a0a0a0a made"),
    "made by another system": ({"secured": "AAAA;BBBB"}, 3, "was not made by Newsloom"),
    "nothing sealed": ({"secured": ""}, 2, "`secured`"),
    "no text": ({"secured": 7}, 2, "`secured`"),
    "no id": ({"id": "ferry"}, 2, "--id"),
    "no version": ({"schemaVersion": "1"}, 2, "`schemaVersion`"),
}


@pytest.mark.parametrize("reason", ALTERED)
def test_each_reason_for_not_opening_has_its_exit_code(reason: str) -> None:
    fields, code, words = ALTERED[reason]
    _assert_refused(_unseal(orjson.dumps(RECORD | fields)), code, words)


# reason: (the input, words of the line)
UNUSABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "`secured`"),
    "two records": (orjson.dumps(RECORD) + b"\n" + orjson.dumps(RECORD), "not one record"),
    "half of one": (orjson.dumps(RECORD)[:-9], "not one record"),
    "a document that is not YAML": (b"---\na: b: c\n---\n", "not one record"),
    "not UTF-8": (b"\xff", "not UTF-8"),
    "too large": (b" " * 2**20 + b"{}", "1 MiB"),
    "a bare seal without its article": (SECURED.encode(), "--id"),
}


@pytest.mark.parametrize("reason", UNUSABLE)
def test_unusable_input_is_reported(reason: str) -> None:
    given, words = UNUSABLE[reason]
    _assert_refused(_unseal(given), 2, words)


# reason: (the keys that are set, words of the line)
KEYS: dict[str, tuple[str | None, str]] = {
    "another key": (OTHER.line, f"key {KEY.id} made; those set are {OTHER.id}"),
    "no key": (None, f"key {KEY.id} made; no keys are set"),
}


@pytest.mark.parametrize("reason", KEYS)
def test_a_missing_key_is_named(reason: str) -> None:
    keys, words = KEYS[reason]
    _assert_refused(_unseal(orjson.dumps(RECORD), keys=keys), 3, words)


def _assert_refused(ended: Result, code: int, words: str) -> None:
    assert (ended.exit_code, ended.stdout) == (code, ""), ended.output
    assert ended.stderr.startswith("newsloom: ")
    assert ended.stderr.count("\n") == 1
    assert words in ended.stderr
